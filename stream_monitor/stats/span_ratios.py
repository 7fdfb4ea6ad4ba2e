"""The dependence of a series by the variance of its block means, over blocks of many lengths."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats

#: Fewest blocks side by side whose means have a variance; blocks that overlap are counted as well.
MIN_BLOCKS = 4
#: A ratio within this many of its standard deviations of 1 is due to chance.
SURE = 3.3


def span_ratios(values: Floats) -> list[float]:
    """Return the variance of means of 1, 2, 4, ... values in a row, relative to that of independent values.

    A mean of so many values tells as much as a mean of ``1 / ratio`` times as many independent ones. For short
    dependence the ratio rises to the integrated autocorrelation time; for a cycle it rises up to half a period, and
    falls again where a block covers whole ones.

    Args:
        values: A finite series in order, shape (n,).

    Returns:
        A ratio for each length up to n / 4, each a power of 2; ones for a constant series.

    Source: A. W. Lo, A. C. MacKinlay, "Stock market prices do not follow random walks: evidence from a simple
    specification test", Review of Financial Studies 1 (1988), pp. 41-66: overlapping blocks, with the correction for
    their small number.

    >>> [round(ratio, 1) for ratio in span_ratios(np.repeat([0.0, 1.0] * 8, 2))]
    [1.0, 1.1, 0.0, 0.0]
    """
    count = len(values)
    lengths = [1 << level for level in range(max(count // MIN_BLOCKS, 1).bit_length())]
    # Strictly in order: the sums are the same on every processor.
    sums = np.concatenate(([0.0], np.add.accumulate(values - (values[0] if count else 0.0))))
    if count < 2:
        return [1.0]
    variances = [_variance_of_means(sums, length) for length in lengths]
    if not variances[0] > 0.0:
        return [1.0] * len(lengths)
    return [length * found / variances[0] for length, found in zip(lengths, variances, strict=True)]


def _variance_of_means(sums: Floats, length: int) -> float:
    count = len(sums) - 1
    centred = (sums[length:] - sums[:-length]) / length - sums[-1] / count
    return float(np.add.accumulate(centred * centred)[-1]) / len(centred) / (1.0 - length / count)


def ratio_over(ratios: Sequence[float], count: int, span: float) -> float:
    """Return the ratio for a mean of ``span`` values in a row, at least 1.

    It is 1 where no ratio is beyond chance; else it has one of its standard deviations added. Beyond the longest
    block the ratio of that one holds.

    Args:
        ratios: What `span_ratios` has returned.
        count: The number of values that they were computed from.
        span: The number of values, at least 1.
    """
    if not is_dependent(ratios, count):
        return 1.0
    level = min(int(math.log2(span)), len(ratios) - 1)
    return max(ratios[level] * (1.0 + _deviation(level, count)), 1.0)


def is_dependent(ratios: Sequence[float], count: int) -> bool:
    """Return True if a ratio of values that depend on each other is beyond chance."""
    return any(ratio > 1.0 + SURE * _deviation(level, count) for level, ratio in enumerate(ratios) if level)


def _deviation(level: int, count: int) -> float:
    """Return the standard deviation of a ratio of independent values."""
    return math.sqrt(2.0 * (1 << level) / count)
