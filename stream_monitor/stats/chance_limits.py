"""The distances that a window drawn from the reference distribution itself exceeds with a probability of 0.1 %.

``noise`` is the autocorrelation time, in values, times the sum of the reciprocal sizes of window and reference.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.bins import Bins

#: The probability that an unchanged window exceeds its threshold.
PROBABILITY = 0.001


def chi_square_limits(bins: Bins, noise: float) -> dict[str, float]:
    """Return the chance thresholds of the three distances that are approximately a scaled chi-square statistic.

    For small changes each is about ``noise`` times such a statistic (for PSI: Yurdakul 2018). A bin with a small
    expected count is a fraction of a degree of freedom: a full one from an expected count of 1 with the pseudo-count
    added, from 1/4 in Cramér's V. Checked by simulation.
    """
    expected = bins.shares * bins.counts.sum()
    return scaled_limits(float(np.minimum(expected, 1.0).sum()), float(np.minimum(expected * 4.0, 1.0).sum()), noise)


def scaled_limits(full: float, quarter: float, noise: float) -> dict[str, float]:
    """Return what `chi_square_limits` returns.

    Args:
        full: The number of bins, of which one is a part where less than 1 value is expected in it.
        quarter: The same, where less than a quarter of a value is expected.
        noise: See above.
    """
    smoothed, plain = noise * _chi_square_quantile(full - 1.0), noise * _chi_square_quantile(quarter - 1.0)
    bits = smoothed / (8.0 * math.log(2.0))
    return {"psi": smoothed, "jensen_shannon": min(bits, 1.0), "cramers_v": min(math.sqrt(plain) / 2.0, 1.0)}


def smirnov_limit(noise: float) -> float:
    """Return the chance threshold of the Kolmogorov-Smirnov distance, from the first term of its distribution."""
    return math.sqrt(math.log(2.0 / PROBABILITY) / 2.0 * noise)


def shift_limit(farthest: float, noise: float) -> float:
    """Return the chance threshold of the Wasserstein distance.

    In its tail the distance is the shift of the window's mean, which has a normal quantile plus the Cornish-Fisher
    term for a skewness of at most ``farthest``, the largest distance of a reference value from the mean in standard
    deviations. Checked by simulation for light and heavy tails.
    """
    z = _quantile(PROBABILITY / 2.0)
    return z * math.sqrt(noise) + farthest * z * z / 6.0 * noise


def largest_share_limit(shares: Floats, noise: float) -> float:
    """Return the chance threshold of the largest change of a share, by Bonferroni's correction.

    Each share has a part of the probability; only the two largest can determine the threshold. The last term is the
    Cornish-Fisher correction for rare categories.
    """
    limits = [0.0]
    for share in np.sort(shares)[-2:].tolist():
        if share > 0.0:
            z = _quantile(PROBABILITY * share / 2.0)
            limits.append(z * math.sqrt(share * (1.0 - share) * noise) + (z * z - 1.0) / 6.0 * noise)
    return min(max(limits), 1.0)


@lru_cache(maxsize=1024)
def _chi_square_quantile(degrees: float) -> float:
    """Return the value that a chi-square variable exceeds with `PROBABILITY`, within 3 %, rather too high.

    Source: E. B. Wilson, M. M. Hilferty, "The distribution of chi-square", Proceedings of the National Academy of
    Sciences 17 (1931), pp. 684-688.
    """
    degrees = max(degrees, 1.0)
    part = 2.0 / (9.0 * degrees)
    return degrees * (1.0 - part + _quantile(PROBABILITY) * math.sqrt(part)) ** 3


@lru_cache(maxsize=1024)
def _quantile(probability: float) -> float:
    """Return the value that a standard normal variable exceeds with this probability."""
    return -NormalDist().inv_cdf(probability)
