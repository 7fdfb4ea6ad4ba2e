"""The seasonality of shares: the usual share of each category in each part of a period."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.seasonality import MAX_SHIFT, MIN_CORRELATION, PERIODS, SURE, Seasonality
from stream_monitor.signals.columns import Column
from stream_monitor.stats.normal_scores import uniform

#: Variance of the smooth and of the rough part of means, relative to that of the means: the sums of the squares of
#: (1/4, 1/2, 1/4) and (-1/4, 1/2, -1/4).
PART_VARIANCE = 0.375
#: Smallest correlation of two periods in a row that counts.
MIN_RAW_CORRELATION = 0.5


class ShareMeans:
    """The number of values, and of those of each category, in the parts of one period.

    Args:
        rows: Number of categories; 1 for a share.
        bins: Number of parts.
    """

    def __init__(self, rows: int, bins: int) -> None:
        self.counts, self.sums = np.zeros(bins), np.zeros((rows, bins))

    def add(self, bins: NDArray[np.int64], indicators: Floats) -> None:
        """Add values, each to the part with this number: shape (n,), and 0 or 1 for each category, (n, rows)."""
        # Whole numbers: their sums are exact however the stream is cut into batches.
        self.counts += np.bincount(bins, minlength=len(self.counts))
        for row, sums in enumerate(self.sums):
            sums += np.bincount(bins, indicators[:, row], len(self.counts))

    @property
    def means(self) -> Floats:
        """The share of each category among all values, shape (rows,)."""
        means: Floats = self.sums.sum(axis=1) / max(float(self.counts.sum()), 1.0)
        return means


class ShareSeasonality(Seasonality):
    """Learns the usual share of each category in each part of a period, as `Seasonality` learns levels.

    The differences of the parts from the mean share are counted over the periods so far (the newest eight). They are
    split into a smooth and a rough part, and each is shrunk by the share of its squares that chance explains.

    Args:
        period: Its length in seconds.
        rows: Number of categories; 1 for a share.
        is_given: Whether the user gave it; otherwise it is accepted when two periods in a row are alike.

    Source: B. Efron, C. Morris, "Stein's estimation rule and its competitors: an empirical Bayes approach", Journal
    of the American Statistical Association 68 (1973), pp. 117-130, for the shrinkage.
    """

    def __init__(self, period: float, rows: int, is_given: bool = True) -> None:
        self.rows = rows
        super().__init__(period, is_given)
        #: Counts and, for each category, differences from its expected number, over the periods so far.
        self._totals = np.zeros((rows + 1, self._bins))
        #: The mean share of each category, and the shrunken differences from it.
        self.means, self._levels = np.zeros(rows), np.zeros((rows, self._bins))
        #: A factor for the uncertainty of the levels, in standard deviations.
        self._sureness = np.ones(rows)

    def _make_means(self) -> ShareMeans:
        return ShareMeans(self.rows, self._bins)

    def count(self, column: Column, values: Floats | None = None) -> None:  # noqa: ARG002 (a share is no score)
        """Learn from values of one period, see `room`: 0 or 1 for each category, shape (n, rows)."""
        known = np.isfinite(column.ts)
        self._means.add(self._bin(column.ts[known]), column.values[known])

    def _learn(self, means: Any) -> None:
        period = np.vstack((means.counts, means.sums))
        if self.is_known or self._is_given:
            self._add(period)
        else:
            last, self._last = self._last, period if _differ(period) else None
            if last is not None and self._last is not None and _are_alike(last, period):
                self._last = None
                self._add(last)
                self._add(period)

    def _add(self, period: Floats) -> None:
        """Add the counts of a whole period."""
        self._periods += 1
        if self._periods > PERIODS:
            self._totals *= 1.0 - 1.0 / PERIODS
        counts, means = period[0], _means(period)
        self._totals += np.vstack((counts, period[1:] - means[:, None] * counts))
        self.means = self.means + (means - self.means) / min(self._periods, PERIODS)
        self._shrink()

    def _shrink(self) -> None:
        """Set the levels to the differences that are not by chance."""
        for row, mean in enumerate(self.means.tolist()):
            levels, kept = shrunken(self._totals[0], self._totals[row + 1], mean * (1.0 - mean))
            self._levels[row] = levels
            self._sureness[row] = 1.0 / math.sqrt(1.0 + PART_VARIANCE * kept / min(max(self._periods, 1), PERIODS))

    def shares(self, ts: Floats) -> Floats:
        """Return the usual share of each category at each time, shape (n, rows)."""
        shares = np.column_stack([self._levels_at(ts, self._levels[row]) for row in range(self.rows)])
        return np.clip(shares + self.means, 0.0, 1.0)

    def residuals(self, column: Column) -> Floats:
        """Return the values as they would be without the season, shape (n, rows), that of the column.

        Each is the mean share plus the difference from the usual share at its time. Where this difference varies more
        than one from the mean share would, because of the hour or of an uncertain table, it is scaled down.
        """
        shares, means = self.shares(column.ts), self.means
        variance = np.maximum(shares * (1.0 - shares), 1e-12)
        scale = np.sqrt(np.minimum(means * (1.0 - means) / variance, 1.0)) * self._sureness
        has_season = self._levels.any(axis=1)
        result: Floats = np.where(has_season, means + (column.values - shares) * scale, column.values)
        return result

    def thinned(self, column: Column) -> Floats:
        """Return the values as 0 or 1 with the mean share at all times, by changing some that depend on the position.

        Of a usual share that is above the mean share, some ones become 0; of one below it, some zeros become 1.
        """
        shares, means = self.shares(column.ts), self.means
        chance = uniform(column.index)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            is_kept, is_raised = chance * shares < means, chance * (1.0 - shares) >= 1.0 - means
        result: Floats = np.where(column.values > 0.5, is_kept, is_raised).astype(np.float64)
        return np.where(self._levels.any(axis=1), result, column.values)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {**super().state(), "totals": self._totals.tolist(), "means": self.means.tolist()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        super().restore(state)
        self._totals, self.means = np.array(state["totals"]), np.array(state["means"])
        self._shrink()


def shrunken(counts: Floats, sums: Floats, variance: float) -> tuple[Floats, float]:
    """Return the differences of the parts of a period that are not by chance, and the share of the noise in them.

    Args:
        counts: Number of values in each part, shape (bins,).
        sums: Sum of their differences from the mean, shape (bins,).
        variance: Variance of one value.
    """
    if variance <= 0.0 or not counts.any():
        return np.zeros(len(counts)), 0.0
    means = np.where(counts > 0, sums / np.maximum(counts, 1.0), 0.0)
    smooth = (np.roll(means, 1) + 2.0 * means + np.roll(means, -1)) / 4.0
    parts = [(part, _kept(part, counts, variance)) for part in (smooth, means - smooth)]
    levels = sum((kept * part for part, kept in parts), np.zeros(len(counts)))
    return levels, sum(kept * kept for _, kept in parts)


def _kept(part: Floats, counts: Floats, variance: float) -> float:
    """The share of a part of the means that is kept: the positive-part estimator of James and Stein."""
    squares = float((counts * part * part).sum())
    chance = PART_VARIANCE * variance * float((counts > 0).sum())
    return max(1.0 - chance / squares, 0.0) if squares > 0.0 else 0.0


def _means(period: Floats) -> Floats:
    means: Floats = period[1:].sum(axis=1) / max(float(period[0].sum()), 1.0)
    return means


def _smooth(period: Floats) -> tuple[Floats, float]:
    """The smooth differences of one period, one category after the other, and the share of them not by chance."""
    counts, means = period[0], _means(period)
    differences = (period[1:] - means[:, None] * counts) / np.maximum(counts, 1.0)
    smooth = (np.roll(differences, 1, axis=1) + 2.0 * differences + np.roll(differences, -1, axis=1)) / 4.0
    squares = float((counts * smooth * smooth).sum())
    chance = PART_VARIANCE * float((means * (1.0 - means)).sum()) * float((counts > 0).sum())
    return smooth.ravel(), 1.0 - chance / squares if squares > chance else 0.0


def _differ(period: Floats) -> bool:
    """Return whether the share of a category differs between the parts of a period beyond chance."""
    counts, means = period[0], _means(period)
    free = float((counts > 0).sum()) - 1.0
    variance = np.maximum(means * (1.0 - means), 1e-12)[:, None] * np.maximum(counts, 1.0)
    chi2 = ((period[1:] - means[:, None] * counts) ** 2 / variance).sum(axis=1)
    return bool((chi2 > free + SURE * math.sqrt(2.0 * max(free, 1.0))).any())


def _are_alike(last: Floats, period: Floats) -> bool:
    """Return whether two periods have the same season and the same mean shares.

    Chance makes them less alike than their seasons are: the correlation is corrected for it (Spearman 1904).
    """
    (one, before), (two, after) = _smooth(last), _smooth(period)
    reliability = math.sqrt(before * after)
    correlation = float(np.corrcoef(one, two)[0, 1]) if reliability > 0.0 else 0.0
    if correlation < MIN_RAW_CORRELATION or correlation <= MIN_CORRELATION * reliability:
        return False
    return float(np.abs(_means(period) - _means(last)).max()) < MAX_SHIFT * float(np.abs(two).max())
