"""The sums over the parts of one period of a season, and the comparison of two periods in a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, ordered_sum
from stream_monitor.stats.cyclic_shrinkage import PART_VARIANCE, smoothed

#: Standard deviations above its mean that the chi-square of the means must have to count as a difference.
SURE = 4.0
#: Variance of the square of a normal variate, relative to the square of its variance.
SQUARE_VARIANCE = 2.0
#: Smallest variance of normal scores: also where the values of each part are equal, the means of the parts count.
MIN_VARIANCE = 1e-12
#: Two periods in a row are alike from here on: smallest correlation of their smooth differences, as it is and
#: relative to what chance leaves of it, and largest difference of their means, relative to the standard deviation of
#: the differences of a number or the largest one of a share. A ramp is alike each day, but it moves on.
MIN_RAW_CORRELATION, MIN_CORRELATION, MAX_SHIFT = 0.5, 0.8, 0.5


class Period(NamedTuple):
    """The sums over the parts of one period, or of several.

    Attributes:
        counts: Number of values in each part, shape (bins,).
        means: Mean of each row over the whole period, shape (rows,).
        differences: Sums of the differences from it, shape (rows, bins).
        free: Number of values less one in each part, shape (bins,).
        squares: Sum of the squares of the first row's differences from the mean of their part, shape (bins,).
        around: That of its differences from the mean over the whole period, shape (1,).
    """

    counts: Floats
    means: Floats
    differences: Floats
    free: Floats
    squares: Floats
    around: Floats

    @classmethod
    def empty(cls, rows: int, bins: int) -> Period:
        """Return the sums of no values."""
        one = np.zeros(bins)
        return cls(one, np.zeros(rows), np.zeros((rows, bins)), one, one, np.zeros(1))

    @classmethod
    def of(cls, counts: Floats, sums: Floats, squares: Floats) -> Period:
        """Return the period with these sums of the values and, of the first row, of their squares."""
        means = np.add.accumulate(sums, axis=1)[:, -1] / max(ordered_sum(counts), 1.0)
        some = np.maximum(counts, 1.0)
        within = np.maximum(squares - sums[0] * sums[0] / some, 0.0)
        around = max(ordered_sum(squares) - ordered_sum(counts) * float(means[0]) ** 2, 0.0)
        free = np.maximum(counts - 1.0, 0.0)
        return cls(counts, means, sums - means[:, None] * counts, free, within, np.array([around]))

    def added(self, other: Period, keep: float, weight: float) -> Period:
        """Return the sums over this and another period.

        Args:
            other: The newer period.
            keep: The share of the sums that is kept.
            weight: The weight of the newer period in the means.
        """
        return Period(
            self.counts * keep + other.counts,
            self.means + (other.means - self.means) * weight,
            self.differences * keep + other.differences,
            self.free * keep + other.free,
            self.squares * keep + other.squares,
            self.around * keep + other.around,
        )

    def with_rows(self, rows: Sequence[int | None]) -> Period:
        """Return the sums of these rows, in this order; None: one without values."""
        places = [-1 if row is None else row for row in rows]
        is_known = np.array([row is not None for row in rows])
        means, differences = self.means[places] * is_known, self.differences[places] * is_known[:, None]
        return self._replace(means=means, differences=differences)

    @property
    def variance(self) -> float:
        """The variance of the first row within the parts; 1 where no part has two values."""
        free = ordered_sum(self.free)
        return ordered_sum(self.squares) / free if free else 1.0

    def state(self) -> list[Any]:
        """Return the sums as JSON values."""
        return [each.tolist() for each in self]

    @classmethod
    def restored(cls, state: Sequence[Any]) -> Period:
        """Return what `state` has written."""
        return cls(*(np.array(each, dtype=np.float64) for each in state))

    def variances(self, is_share: bool) -> Floats:
        """Return the variance of one value of each row, shape (rows,)."""
        return self.means * (1.0 - self.means) if is_share else np.array([max(self.variance, MIN_VARIANCE)])

    def _compared(self, is_share: bool) -> _Compared:
        """Return what may differ between the parts: the share of each category, or the mean and the variance."""
        variances = self.variances(is_share)
        if is_share:
            counts = np.tile(self.counts, (len(variances), 1))
            return _Compared(counts, self.differences / np.maximum(counts, 1.0), variances)
        counts, (variance,) = np.vstack((self.counts, self.free)), variances.tolist()
        sums = np.vstack((self.differences[0] / math.sqrt(variance), self.squares / variance - self.free))
        return _Compared(counts, sums / np.maximum(counts, 1.0), np.array([1.0, SQUARE_VARIANCE]))

    def differs(self, is_share: bool) -> bool:
        """Return whether something differs between the parts beyond chance: Pearson's chi-square."""
        counts, differences, variances = self._compared(is_share)
        free = float((self.counts > 0).sum()) - 1.0
        squares = counts * differences**2 / np.maximum(variances, MIN_VARIANCE)[:, None]
        chi2 = np.add.accumulate(squares, axis=1)[:, -1]
        return bool((chi2 > free + SURE * math.sqrt(2.0 * max(free, 1.0))).any())

    def is_like(self, last: Period, is_share: bool) -> bool:
        """Return whether this period and the last one have the same season and the same means.

        Chance makes them less alike than their seasons are: the correlation is corrected for it (Spearman 1904).
        """
        (one, before), (two, after) = last.smooth(is_share), self.smooth(is_share)
        reliability = math.sqrt(before * after)
        raw = correlation(one, two) if reliability > 0.0 else 0.0
        if raw < MIN_RAW_CORRELATION or raw <= MIN_CORRELATION * reliability:
            return False
        shift = np.abs(self.means - last.means)
        if is_share:
            return float(shift.max()) < MAX_SHIFT * float(np.abs(two).max())
        unit = math.sqrt(float(self.variances(is_share)[0]) * ordered_sum(two * two) / len(self.counts))
        return float(shift.max()) < MAX_SHIFT * unit

    def smooth(self, is_share: bool) -> tuple[Floats, float]:
        """Return the smooth differences, one row after the other, and the share of them that is not by chance."""
        counts, differences, variances = self._compared(is_share)
        smooth = smoothed(differences)
        squares = ordered_sum((counts * smooth * smooth).ravel())
        chance = PART_VARIANCE * ordered_sum(variances) * float((self.counts > 0).sum())
        return smooth.ravel(), 1.0 - chance / squares if squares > chance else 0.0


class _Compared(NamedTuple):
    """Rows of means of the parts, relative to the mean over all, shape (rows, bins), and the variance of a value."""

    counts: Floats
    differences: Floats
    variances: Floats


def correlation(one: Floats, two: Floats) -> float:
    """Return Pearson's correlation of two arrays, 0 if one is constant.

    >>> correlation(np.array([1.0, 2.0, 4.0]), np.array([3.0, 5.0, 9.0]))
    1.0
    """
    one, two = (each - ordered_sum(each) / len(each) for each in (one, two))
    scale = math.sqrt(ordered_sum(one * one) * ordered_sum(two * two))
    return ordered_sum(one * two) / scale if scale else 0.0
