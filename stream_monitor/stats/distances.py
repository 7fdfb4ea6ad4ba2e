"""How far the newest values of a signal are from its reference, and how far they may be by chance.

A threshold is the larger of two: what is of practical weight by convention, and what a window of that size, drawn
from the reference's own distribution, is above with a probability of 0.1 % only. A small window is never alarming
just for being small.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.reference import CategoricalReference, NumericReference

#: Added to the count of each bin, in the window and in what the reference makes expect of it: an empty bin is
#: evidence, but not without end, and where both agree the distance is 0.
HALF = 0.5
#: How probable it is that an unchanged window is above its threshold.
PROBABILITY = 0.001
#: What is of practical weight. ``psi``: between the 0.1 and the 0.25 above which credit scoring speaks of some and of
#: much change (B. Yurdakul, "Statistical Properties of Population Stability Index", Western Michigan University,
#: 2018). ``jensen_shannon``: the square of the distance of 0.1 at which NannyML alarms. ``kolmogorov_smirnov``: what
#: a shift by a quarter of a deviation makes of normal values. ``wasserstein``, ``cramers_v``: small effects as
#: J. Cohen has them ("Statistical Power Analysis for the Behavioral Sciences", 2nd edition 1988, pp. 25 and 227).
#: ``l_infinity``: NannyML's.
CONVENTIONAL = {
    "psi": 0.2,
    "jensen_shannon": 0.01,
    "kolmogorov_smirnov": 0.1,
    "wasserstein": 0.2,
    "cramers_v": 0.1,
    "l_infinity": 0.1,
}


class Distance(NamedTuple):
    """A distance, and the threshold above which it is neither negligible nor chance."""

    value: float
    threshold: float


class Bins(NamedTuple):
    """Counts in the bins of a window, shape (bins,), and the shares that the reference has there."""

    counts: Floats
    shares: Floats


class Steps(NamedTuple):
    """A window of n numbers as its m different values, in order, shape (m,) each.

    With the shares of the window that are ``upto`` each, and of the reference that are below and up to it.
    """

    values: Floats
    upto: Floats
    reference_below: Floats
    reference_upto: Floats


def numeric_distances(reference: NumericReference, window: Floats, time: float = 1.0) -> dict[str, Distance]:
    """Each distance of finite values, shape (n,), to the reference; empty of nothing.

    ``psi`` and ``jensen_shannon`` compare tenths of the reference, ``kolmogorov_smirnov`` and ``wasserstein`` whole
    distributions. ``time``: the integrated autocorrelation time, in values.

    >>> distances = numeric_distances(NumericReference.learn(np.arange(1000.0)), np.arange(300.0, 1300.0))
    >>> {name: round(distance.value, 3) for name, distance in distances.items()}
    {'psi': 1.996, 'jensen_shannon': 0.213, 'kolmogorov_smirnov': 0.301, 'wasserstein': 1.039}
    """
    if not len(window):
        return {}
    ordered = np.sort(window)
    steps, bins = _steps(reference, ordered), numeric_bins(reference, ordered)
    values = {
        "psi": psi(bins),
        "jensen_shannon": jensen_shannon(bins),
        "kolmogorov_smirnov": kolmogorov_smirnov(steps),
        "wasserstein": wasserstein(reference, steps),
    }
    noise = time * (1.0 / len(window) + 1.0 / reference.sampled)
    by_chance = {
        **_chi_square_limits(bins, noise),
        "kolmogorov_smirnov": math.sqrt(math.log(2.0 / PROBABILITY) / 2.0 * noise),
        "wasserstein": _mean_limit(float(np.abs(reference.standard_values).max()), noise),
    }
    return _judged(values, by_chance)


def categorical_distances(
    reference: CategoricalReference, window: Mapping[str, int], time: float = 1.0
) -> dict[str, Distance]:
    """Each distance of the counts of categories to the reference; empty of nothing.

    ``time``: the integrated autocorrelation time, in values.

    >>> reference = CategoricalReference.learn(["DE"] * 500 + ["FR"] * 500)
    >>> distances = categorical_distances(reference, {"DE": 400, "FR": 400, "IT": 200})
    >>> {name: round(distance.value, 3) for name, distance in distances.items()}
    {'psi': 1.242, 'jensen_shannon': 0.106, 'cramers_v': 0.333, 'l_infinity': 0.2}
    """
    bins = categorical_bins(reference, window)
    count = float(bins.counts.sum())
    if not count or not reference.count:
        return {}
    values = {
        "psi": psi(bins),
        "jensen_shannon": jensen_shannon(bins),
        "cramers_v": cramers_v(bins),
        "l_infinity": l_infinity(bins),
    }
    noise = time * (1.0 / count + 1.0 / reference.count)
    by_chance = {**_chi_square_limits(bins, noise), "l_infinity": _largest_share_limit(bins.shares, noise)}
    return _judged(values, by_chance)


def numeric_bins(reference: NumericReference, ordered: Floats) -> Bins:
    """The window, in order, in bins of a tenth of the reference each; a value with much mass is its own bin."""
    cuts, goes_left, shares = reference.cuts
    left, right = np.searchsorted(ordered, cuts), np.searchsorted(ordered, cuts, side="right")
    counts = np.diff(np.where(goes_left, right, left), prepend=0, append=len(ordered))
    return Bins(counts.astype(np.float64), np.diff(shares, prepend=0.0, append=1.0))


def categorical_bins(reference: CategoricalReference, window: Mapping[str, int]) -> Bins:
    """The window by the reference's categories; in the last bin all that are rare there, and all that are new."""
    counts = [window.get(name, 0) for name in reference.frequent]
    counts.append(sum(window.values()) - sum(counts))
    return Bins(np.array(counts, dtype=np.float64), np.array(reference.shares))


def psi(bins: Bins) -> float:
    """The population stability index ``sum (p - q) ln(p / q)``, from 0 without end.

    p and q are the shares in the window and in the reference, half a count added in each bin (see `HALF`). It is
    the divergence of H. Jeffreys, "An invariant form for the prior probability in estimation problems", Proceedings
    of the Royal Society A 186 (1946), pp. 453-461; as an index of stability: Yurdakul 2018.
    """
    p, q = _smoothed(bins)
    return float((p - q) @ np.log(p / q))


def jensen_shannon(bins: Bins) -> float:
    """The Jensen-Shannon divergence in bits, from 0 to 1; the Jensen-Shannon distance is its square root.

    ``(KL(p || m) + KL(q || m)) / 2`` with ``m = (p + q) / 2``, p and q as in `psi`. Source: J. Lin, "Divergence
    measures based on the Shannon entropy", IEEE Transactions on Information Theory 37 (1991), pp. 145-151.
    """
    p, q = _smoothed(bins)
    middle = (p + q) / 2.0
    return max(float(p @ np.log2(p / middle) + q @ np.log2(q / middle)) / 2.0, 0.0)


def cramers_v(bins: Bins) -> float:
    """Cramér's V between being in the window and the category, from 0 (the same shares) to 1 (nothing in common).

    It is ``sqrt(sum (p - q)^2 / (p + q) / 2)``: the chi-square statistic of a table in which both weigh the same,
    so that it does not depend on how many values each has. Source: H. Cramér, "Mathematical Methods of Statistics",
    1946, p. 282.
    """
    p, q = bins.counts / bins.counts.sum(), bins.shares
    both = p + q
    return math.sqrt(float(((p - q) ** 2 / np.where(both > 0, both, 1.0)).sum()) / 2.0)


def l_infinity(bins: Bins) -> float:
    """The largest change of a category's share, from 0 to 1: ``max |p - q|``."""
    return float(np.abs(bins.counts / bins.counts.sum() - bins.shares).max())


def kolmogorov_smirnov(steps: Steps) -> float:
    """The largest difference ``sup |F(x) - G(x)|`` of the distribution functions, from 0 to 1.

    Source: N. Smirnov, "Table for estimating the goodness of fit of empirical distributions", Annals of Mathematical
    Statistics 19 (1948), pp. 279-281.
    """
    # Between two values of the window only the reference's function rises: the largest difference is beside one.
    below = np.concatenate(([0.0], steps.upto[:-1]))
    at, before = np.abs(steps.reference_upto - steps.upto), np.abs(steps.reference_below - below)
    return float(max(at.max(), before.max()))


def wasserstein(reference: NumericReference, steps: Steps) -> float:
    """The area ``integral |F(x) - G(x)| dx`` between the distribution functions, in deviations of the reference.

    So far, in its standard deviations, the mass has to be moved on average; a shift of all values by d of them makes
    it d. No value counts as farther out than `NumericReference.reach`. Source: S. S. Vallender, "Calculation of the
    Wasserstein distance between probability distributions on the line", Theory of Probability and its Applications 18
    (1974), pp. 784-786.
    """
    x = np.concatenate((reference.standardise(steps.values), reference.standard_values))
    order = np.argsort(x, kind="stable")
    window = np.concatenate((steps.upto, _upto(steps, reference.values)))[order]
    right = np.concatenate((steps.reference_upto, reference.upto))[order]
    left = np.concatenate((steps.reference_below, reference.below))[order]
    # From one place to the next the window's share stays, and the reference's rises from right to left in a line.
    start, end = right[:-1] - window[:-1], left[1:] - window[:-1]
    first, last = np.abs(start), np.abs(end)
    both = np.maximum(first + last, np.finfo(np.float64).tiny)
    heights = np.where(start * end < 0, (first * first + last * last) / both, both) / 2.0
    return float(heights @ np.diff(x[order]))


def _steps(reference: NumericReference, ordered: Floats) -> Steps:
    last = np.flatnonzero(np.concatenate((ordered[1:] != ordered[:-1], [True])))
    values = ordered[last]
    return Steps(values, (last + 1) / len(ordered), *reference.shares(values))


def _upto(steps: Steps, x: Floats) -> Floats:
    """The shares of the window that are up to each x."""
    return np.concatenate(([0.0], steps.upto))[np.searchsorted(steps.values, x, side="right")]


def _smoothed(bins: Bins) -> tuple[Floats, Floats]:
    """The shares in the window and in the reference with half a count more in each bin."""
    count = bins.counts.sum()
    total = count + HALF * len(bins.counts)
    return (bins.counts + HALF) / total, (bins.shares * count + HALF) / total


def _judged(values: Mapping[str, float], by_chance: Mapping[str, float]) -> dict[str, Distance]:
    return {name: Distance(value, max(CONVENTIONAL[name], by_chance[name])) for name, value in values.items()}


def _chi_square_limits(bins: Bins, noise: float) -> dict[str, float]:
    """What is exceeded by chance: all three are about a chi-square statistic, times ``noise``, for small changes.

    For PSI: Yurdakul 2018. A bin in which next to nothing is expected is but a part of a degree of freedom: one count
    makes it a whole one, with half a count added; a quarter does in Cramér's V. Checked by simulation.
    """
    expected = bins.shares * bins.counts.sum()
    smoothed = noise * _chi_square_quantile(float(np.minimum(expected, 1.0).sum()) - 1.0)
    plain = noise * _chi_square_quantile(float(np.minimum(expected * 4.0, 1.0).sum()) - 1.0)
    bits = smoothed / (8.0 * math.log(2.0))
    return {"psi": smoothed, "jensen_shannon": min(bits, 1.0), "cramers_v": min(math.sqrt(plain) / 2.0, 1.0)}


def _chi_square_quantile(degrees: float) -> float:
    """What a chi-square variable is above with `PROBABILITY`, within 3 %, from above where it counts.

    Source: E. B. Wilson, M. M. Hilferty, "The distribution of chi-square", Proceedings of the National Academy of
    Sciences 17 (1931), pp. 684-688.
    """
    degrees = max(degrees, 1.0)
    part = 2.0 / (9.0 * degrees)
    return degrees * (1.0 - part + _quantile(PROBABILITY) * math.sqrt(part)) ** 3


def _mean_limit(farthest: float, noise: float) -> float:
    """What the Wasserstein distance exceeds by chance: at its tail it is the shift of the mean of the window.

    That has a normal quantile, more where single values far out weigh much: the Cornish-Fisher term for a skewness
    that is ``farthest`` at most. Checked by simulation for light and heavy tails.
    """
    z = _quantile(PROBABILITY / 2.0)
    return z * math.sqrt(noise) + farthest * z * z / 6.0 * noise


def _largest_share_limit(shares: Floats, noise: float) -> float:
    """What the largest change of a share exceeds by chance, by Bonferroni: each share has a part of the probability.

    Only the two largest shares can decide it. The last term is Cornish and Fisher's for rare categories.
    """
    limits = [0.0]
    for share in np.sort(shares)[-2:].tolist():
        if share > 0.0:
            z = _quantile(PROBABILITY * share / 2.0)
            limits.append(z * math.sqrt(share * (1.0 - share) * noise) + (z * z - 1.0) / 6.0 * noise)
    return min(max(limits), 1.0)


def _quantile(probability: float) -> float:
    """What a standard normal variable is above with this probability."""
    return -NormalDist().inv_cdf(probability)
