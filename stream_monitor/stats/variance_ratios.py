"""Variance ratios of a series: how much more its means vary than those of independent values, by their length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

#: Ratios are given for means of 1, 2, 4 ... ``2^MAX_LEVEL`` values; longer ones vary as those.
MAX_LEVEL = 24
#: Fewest details of a level that is measured, and fewest such levels.
MIN_DETAILS, MIN_LEVELS = 8, 3
#: An autocorrelation below this many of its standard deviations, ``1 / sqrt(n)``, counts as zero.
SURE = 3.3
MAX_LAG1 = 0.99
#: The log odds, before anything is seen, of an excess over a first-order autoregression; and the smallest probability
#: of it, given the values, that counts.
PRIOR, MIN_BELIEF = 1.0, 0.3
#: Fewer values than these show an excess by chance too often: the prior log odds of it are then at most those.
ENOUGH, MAX_PRIOR_OF_FEW = 400, -1.0
#: The upper limit of an excess, in its standard deviations above its mean.
LIMIT = 1.5
#: The damped local trend of the log excess from one level to the next: the damping of its slope, the standard
#: deviations of the first slope and of the changes of slope and level.
DAMPING, FIRST_SLOPE, SLOPE, LEVEL = 0.85, 0.5, 0.25, 0.05
#: Warm-ups from which on an upper limit is taken less and less, and not any more, of an excess that is not believed.
FEW, MANY = 2.0, 4.0
#: Largest log excess.
MAX_EXCESS = 12.0


class VarianceRatios(NamedTuple):
    """The dependence of the values of a series.

    Attributes:
        lag1: The autocorrelation of neighbouring values, 0 if it is within chance.
        ratios: The variance of a mean of ``2^j`` values relative to that of as many independent values, for j from 0
            to `MAX_LEVEL`; empty where they are those of the first-order autoregression with this ``lag1``. These
            are upper limits.
        excess: The factor by which the integrated autocorrelation time is above that of the autoregression.
    """

    lag1: float
    ratios: tuple[float, ...] = ()
    excess: float = 1.0

    @property
    def time(self) -> float:
        """The integrated autocorrelation time, in values."""
        return self.excess * (1.0 + self.lag1) / (1.0 - self.lag1)

    def ratio(self, length: float) -> float:
        """Return the ratio of a mean of so many values; between two known lengths its log is linear in theirs."""
        if not self.ratios:
            return autoregressive_ratio(self.lag1, int(length))
        place = min(math.log2(length), len(self.ratios) - 1.0)
        low = min(int(place), len(self.ratios) - 2)
        share = place - low
        return float(self.ratios[low] ** (1.0 - share) * self.ratios[low + 1] ** share)


def variance_ratios(
    counts: Sequence[float], sums: Sequence[float], warmup: int, lag1: float | None = None, prior: float = PRIOR
) -> VarianceRatios:
    """Estimate the dependence from the Haar variances of a series.

    A first-order autoregression is fitted to the finest level, and the variances of the others are divided by its
    own (prewhitening). What is left is smoothed over the levels, and carried on to those that are too coarse to be
    measured, by a local linear trend with a damped slope: it ends for a dependence that ends, and goes on for a long
    memory. It counts by the probability that there is such an excess at all, given the values.

    Args:
        counts: The number of details of each level.
        sums: The sum of their squares.
        warmup: Number of values of a warm-up. Until there are four times as many, nobody can know that the values
            are independent, and an upper limit of their dependence is taken, whatever is believed.
        lag1: The autocorrelation of neighbouring values if it is known.
        prior: The log odds of an excess before anything is seen.

    Source: A. W. Lo, A. C. MacKinlay, Review of Financial Studies 1 (1988), pp. 41-66, for variance ratios; D. W. K.
    Andrews, J. C. Monahan, Econometrica 60 (1992), pp. 953-966, for prewhitening; E. S. Gardner, E. McKenzie,
    Management Science 31 (1985), pp. 1237-1246, for the damped trend; R. E. Kalman, Journal of Basic Engineering 82
    (1960), pp. 35-45.
    """
    scaled = _scaled(counts, sums)
    if len(scaled) < MIN_LEVELS or min(scaled) <= 0.0:
        return VarianceRatios(lag1 or 0.0)
    total = scaled[-1]
    for each in reversed(scaled):
        total = (each + total) / 2.0
    values = 2.0 * counts[0]
    if lag1 is None:
        found = 1.0 - scaled[0] / total
        lag1 = min(found, MAX_LAG1) if found > SURE / math.sqrt(values) else 0.0
    known = autoregressive_details(lag1)
    excess = [math.log(each / (total * own)) for each, own in zip(scaled, known, strict=False)]
    margin = min(max((MANY - values / warmup) / (MANY - FEW), 0.0), 1.0)
    prior = prior if values >= ENOUGH else min(prior, MAX_PRIOR_OF_FEW)
    return _with_belief(lag1, excess, _gains(tuple(counts[: len(excess)])), prior, margin)


def _with_belief(lag1: float, excess: Sequence[float], gains: _Gains, prior: float, margin: float) -> VarianceRatios:
    """Return the variance ratios for the log excess of each level, weighted with the probability that there is one.

    Args:
        lag1: The parameter of the autoregression that is exceeded.
        excess: The log excess of the levels that are measured.
        gains: The filter for them.
        prior: The log odds of an excess before anything is seen.
        margin: The upper limit that is taken at least, in standard deviations.
    """
    means, evidence = _smoothed(excess, gains)
    belief = _belief(evidence + prior) if means[len(excess) - 1] > 0.0 else 0.0
    if belief:
        believed = tuple(belief * max(mean, 0.0) for mean in means)
        return _with_excess(lag1, believed, gains, max(LIMIT * belief, margin))
    return _with_excess(lag1, _NO_EXCESS, gains, margin) if margin else VarianceRatios(lag1)


def _belief(odds: float) -> float:
    """Return the probability of an excess with these log odds; 0 where it is small."""
    belief = 1.0 / (1.0 + math.exp(-odds)) if odds > -MAX_EXCESS else 0.0
    return belief if belief >= MIN_BELIEF else 0.0


def autoregressive_ratio(lag1: float, length: int) -> float:
    """Return the variance ratio of a mean of ``length`` values of a first-order autoregression.

    The mean of b values of an AR(1) of parameter r has the variance ``s2 t_b / b`` with
    ``t_b = t - 2 r (1 - r^b) / (b (1 - r)^2)`` and ``t = (1 + r) / (1 - r)``.

    Source: G. E. P. Box, G. M. Jenkins, G. C. Reinsel, "Time Series Analysis", 4th edition 2008, section 2.1.5.

    >>> autoregressive_ratio(0.5, 2)
    1.5
    """
    time = (1.0 + lag1) / (1.0 - lag1)
    return float(time - 2.0 * lag1 * (1.0 - lag1**length) / (length * (1.0 - lag1) ** 2))


@lru_cache(maxsize=64)
def autoregressive_details(lag1: float) -> Sequence[float]:
    """Return the scaled Haar variances of a first-order autoregression of unit variance, by level."""
    ratios = [autoregressive_ratio(lag1, 2**level) for level in range(MAX_LEVEL + 2)]
    return tuple(2.0 * ratios[level] - ratios[level + 1] for level in range(MAX_LEVEL + 1))


def _scaled(counts: Sequence[float], sums: Sequence[float]) -> list[float]:
    """The Haar variances of the levels that can be measured, scaled to be equal for independent values."""
    return [
        squares / (count * 2.0 ** (level + 1))
        for level, (count, squares) in enumerate(zip(counts, sums, strict=True))
        if count >= MIN_DETAILS
    ]


class _Gains(NamedTuple):
    """The part of the filter that depends only on the number of details of each level, not on their size.

    Attributes:
        steps: For each level that is measured but the first, the variance of its noise and of what is seen, and the
            gains of level and slope.
        deviations: The standard deviation of the log excess of each level.
    """

    steps: tuple[tuple[float, float, float, float], ...]
    deviations: tuple[float, ...]


@lru_cache(maxsize=64)
def _gains(counts: tuple[float, ...]) -> _Gains:
    """Return the gains for levels with so many details.

    The log of the mean of n squared normal values has the mean ``-1 / n`` and the variance ``2 / n``, about.
    """
    var_level = cross = 0.0
    var_slope = FIRST_SLOPE**2
    steps, deviations = [], [0.0]
    for at in range(1, MAX_LEVEL + 1):
        var_level += 2.0 * DAMPING * cross + DAMPING**2 * var_slope + LEVEL**2
        cross = DAMPING * cross + DAMPING**2 * var_slope
        var_slope = DAMPING**2 * var_slope + SLOPE**2
        if at < len(counts):
            noise = 2.0 / counts[at]
            total = var_level + noise
            gain, gain_slope = var_level / total, cross / total
            steps.append((noise, total, gain, gain_slope))
            var_slope -= gain_slope * cross
            var_level, cross = var_level * (1.0 - gain), cross * (1.0 - gain)
        deviations.append(math.sqrt(max(var_level, 0.0)))
    return _Gains(tuple(steps), tuple(deviations))


def _smoothed(excess: Sequence[float], gains: _Gains) -> tuple[list[float], float]:
    """Filter the log excess of each level; return its means, and the evidence for it."""
    level = slope = evidence = 0.0
    means = [0.0]
    for each, (noise, total, gain, gain_slope) in zip(excess[1:], gains.steps, strict=True):
        level, slope = level + DAMPING * slope, DAMPING * slope
        seen = each + noise / 2.0
        apart = seen - level
        evidence += (math.log(noise / total) + seen * seen / noise - apart * apart / total) / 2.0
        level, slope = level + gain * apart, slope + gain_slope * apart
        means.append(level)
    while len(means) <= MAX_LEVEL:
        level, slope = level + DAMPING * slope, DAMPING * slope
        means.append(level)
    return means, evidence


#: No log excess at any level.
_NO_EXCESS = (0.0,) * (MAX_LEVEL + 1)


@lru_cache(maxsize=64)
def _with_excess(lag1: float, means: tuple[float, ...], gains: _Gains, margin: float) -> VarianceRatios:
    """Return the variance ratios for the log excess over an autoregression plus some standard deviations."""
    known = autoregressive_details(lag1)
    limits = [margin * apart + mean for mean, apart in zip(means, gains.deviations, strict=True)]
    ratios, expected = _ratios(known, limits), _ratios(known, means)
    return VarianceRatios(lag1, ratios, max(expected) / max(_ratios(known, _NO_EXCESS)))


def _ratios(known: Sequence[float], excess: Sequence[float]) -> tuple[float, ...]:
    """Return the variance ratios for the scaled Haar variances of an autoregression and the log excess over them."""
    details = [own * math.exp(min(max(log, 0.0), MAX_EXCESS)) for own, log in zip(known, excess, strict=True)]
    ratios = [details[-1]]
    for each in reversed(details):
        ratios.append((each + ratios[-1]) / 2.0)
    return tuple(each / ratios[-1] for each in reversed(ratios[1:]))
