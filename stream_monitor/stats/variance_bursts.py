"""Bursts of variance: how much the local variance of a series varies, and the false alarms that come of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from operator import mul
from statistics import NormalDist

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.haar_variances import LEVELS, HaarVariances
from stream_monitor.stats.variance_ratios import MANY, VarianceRatios, variance_ratios
from stream_monitor.stats.volatility import OF_SQUARE, PRIOR

#: Values whose difference is one size.
PAIR = 2
#: Longest run of pairs whose dependence a window of 1,000 values shows; longer ones are taken to vary as those.
MAX_PAIRS = 128.0
#: An autocorrelation of neighbouring sizes below this many of its standard deviations, ``1 / sqrt(n)``, counts as
#: zero; and the largest one of the differences themselves.
SURE, MAX_LAG1 = 5.0, 1.0 / 3.0
#: The logs of local variances, relative to their mean, over which a rate is averaged: from, to, and their number.
LOWEST, HIGHEST, STEPS = -8.0, 5.0, 131
#: The power of the rate in single windows that the rate of alarms goes with: neighbouring windows share their burst,
#: and alarms come once in it. Fitted to simulated GARCH and stochastic volatility, see docs/quality.md.
POWER = 0.6
#: Variance of a local variance, relative to its squared mean, that counts as none.
NONE = 1e-6


_LOGS = [LOWEST + number * (HIGHEST - LOWEST) / (STEPS - 1) for number in range(STEPS)]
_GRID = [(log, math.exp(log)) for log in _LOGS]


class VarianceBursts:
    """The dependence of the sizes of differences of neighbouring values, measured in windows of a series.

    Pairs do not overlap, so that the sizes of independent values are independent; and a change of the level, a season
    or a trend, which moves both values of a pair, does not show in them. Each size is replaced by the normal score
    of its rank in the window: neither the scale nor the shape of the distribution matters.

    A window in which the differences themselves depend on each other is left out: their sizes then do as well.

    Source: R. F. Engle, "Autoregressive conditional heteroscedasticity", Econometrica 50 (1982), pp. 987-1007.

    >>> values = np.random.default_rng(1).normal(size=1000)
    >>> calm, restless = VarianceBursts(), VarianceBursts()
    >>> calm.add(values)
    >>> restless.add(values * np.repeat([0.5, 2.0] * 10, 50))
    >>> calm.spread(32), round(restless.spread(32), 1)
    (0.0, 1.0)
    """

    def __init__(self) -> None:
        self._counts, self._sums = np.zeros((2, LEVELS))
        #: The dependence of the sizes, None until somebody asks.
        self._known: VarianceRatios | None = None

    def add(self, values: Floats) -> None:
        """Add a window of neighbouring values, shape (n,)."""
        # Halves, since a difference of the largest numbers would overflow.
        pairs = values[: len(values) // PAIR * PAIR].reshape(-1, PAIR) / 2.0
        differences = pairs[:, 1] - pairs[:, 0]
        if abs(_lag1(differences)) > MAX_LAG1:
            return
        haar = HaarVariances()
        haar.add(_scores(np.abs(differences)))
        self._counts, self._sums = self._counts + haar.counts, self._sums + haar.sums
        self._known = None

    @property
    def is_restless(self) -> bool:
        """True if the sizes depend on each other beyond chance."""
        return self._dependence.lag1 > 0.0 or len(self._dependence.ratios) > 0

    def spread(self, length: float) -> float:
        """Return the variance of the local variance of so many values, relative to its squared mean."""
        pairs = max(length / PAIR, 1.0)
        excess = self._dependence.ratio(min(pairs, MAX_PAIRS)) - 1.0 if self.is_restless else 0.0
        return OF_SQUARE * max(excess, 0.0) / pairs

    @property
    def _dependence(self) -> VarianceRatios:
        """The dependence of the sizes."""
        if self._known is None:
            enough = max(int(2.0 * self._counts[0] / MANY), 1)
            found = variance_ratios(self._counts.tolist(), self._sums.tolist(), enough, prior=PRIOR)
            is_sure = found.ratios or found.lag1**2 * 2.0 * self._counts[0] > SURE**2
            self._known = found if is_sure else VarianceRatios(0.0)
        return self._known

    def state(self) -> list[list[float]]:
        """Return the state as JSON values."""
        return [self._counts.tolist(), self._sums.tolist()]

    def restore(self, state: Sequence[Sequence[float]]) -> None:
        """Load what `state` returned."""
        self._counts, self._sums = np.array(state[0]), np.array(state[1])
        self._known = None


def false_alarm_ratio(thresholds: Sequence[float], spreads: Sequence[float], allowed: Sequence[float]) -> float:
    """Return the false alarms of a likelihood ratio on values whose variance comes in bursts, per promised one.

    Where the local variance is ``v`` times the mean one, and the detector allows for ``a`` times, a log-likelihood
    ratio ``h`` is reached at a rate of ``exp(-h a / v)``. The rate is averaged over a gamma distribution of ``v``,
    and over the windows, of which each length has its part of the promise.

    Args:
        thresholds: The threshold of windows of each length.
        spreads: The variance of the local variance over each length, relative to its squared mean.
        allowed: The factor by which the detector takes a mean of each length to vary more.

    >>> false_alarm_ratio([9.0], [0.0], [1.0]), round(false_alarm_ratio([9.0], [0.5], [1.0]))
    (1.0, 8)
    """
    rates = [_rate(*each) for each in zip(thresholds, spreads, allowed, strict=True)]
    return float((math.fsum(rates) / len(rates)) ** POWER)


@lru_cache(maxsize=256)
def _rate(threshold: float, spread: float, allowed: float) -> float:
    """Return the rate at which windows of one length reach their threshold, per promised one."""
    if spread <= NONE:
        return math.exp(threshold * (1.0 - allowed))
    # The density of the log of a gamma variance of mean 1, up to a factor; it is largest at 0.
    weights = [math.exp((log + 1.0 - variance) / spread) for log, variance in _GRID]
    rates = [math.exp(threshold - threshold * allowed / variance) for _, variance in _GRID]
    return math.fsum(map(mul, weights, rates)) / math.fsum(weights)


def _lag1(differences: Floats) -> float:
    """Return the autocorrelation of neighbouring differences by their signs, 0 for constant ones."""
    signs = np.sign(differences)
    both = np.count_nonzero(signs[1:] * signs[:-1])
    # The correlation of two normal values by that of their signs.
    return math.sin(math.pi / 2.0 * float(signs[1:] @ signs[:-1]) / both) if both else 0.0


def _scores(sizes: Floats) -> Floats:
    """Return the normal score of each size's rank; equal ones have their middle rank; shape (n,)."""
    _, places, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    shares = (np.cumsum(counts) - counts / 2.0) / len(sizes)
    found: Floats = np.array([NormalDist().inv_cdf(share) for share in shares.tolist()])[places]
    return found
