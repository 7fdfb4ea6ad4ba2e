"""The table of one season: the usual difference from the mean in each part of a day, a week or another period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats, ordered_sum
from stream_monitor.stats.cyclic_shrinkage import PART_VARIANCE, shrunken
from stream_monitor.stats.season_period import SQUARE_VARIANCE, Period

HOUR = 3600.0
MIN_BINS, MAX_BINS = 24, 168
#: Number of periods that the table is averaged over; older ones fade.
PERIODS = 8.0
#: Smallest variance in a part of the period, relative to all: its values are not scaled up by more than twice.
MIN_VARIANCE = 0.25
#: Smallest sum of squares that is divided by.
MIN_AROUND = 1e-12


def bins_of(period: float) -> int:
    """Return the number of parts of a period in seconds: its hours, but at least 24 and at most 168.

    >>> bins_of(86_400.0), bins_of(604_800.0), bins_of(3600.0)
    (24, 168, 24)
    """
    return int(min(max(period / HOUR, MIN_BINS), MAX_BINS))


def _slopes(parts: Floats) -> Floats:
    """Return the slope within each part of a period, from those of its neighbours; 0 at a peak and beside a step.

    Source: B. van Leer, "Towards the ultimate conservative difference scheme. IV", Journal of Computational Physics
    23 (1977), pp. 276-299: the monotonized central limiter. It keeps the mean of each part.

    >>> _slopes(np.array([0.0, 0.0, 4.0, 4.0])), _slopes(np.array([0.0, 1.0, 2.0, 1.0]))
    (array([0., 0., 0., 0.]), array([ 0.,  1.,  0., -1.]))
    """
    before, after = parts - np.roll(parts, 1), np.roll(parts, -1) - parts
    steepest = 2.0 * np.minimum(np.abs(before), np.abs(after))
    central = (before + after) / 2.0
    slopes: Floats = np.where(before * after > 0.0, np.clip(central, -steepest, steepest), 0.0)
    return slopes


class SeasonTable:
    """Learns the usual difference from the mean in each part of a period, and the usual variance of numbers.

    The differences are those of the periods so far (the newest eight), shrunk by what chance explains. Within a part
    they go along the slope of its neighbours, unless there is a step on one side.

    Args:
        period: Its length in seconds.
        rows: Number of categories; 1 for a number or a share.
        is_share: Whether the values are shares, whose variance follows from the mean.

    Source: R. B. Cleveland, W. S. Cleveland, J. E. McRae, I. Terpenning, "STL: a seasonal-trend decomposition
    procedure based on loess", Journal of Official Statistics 6 (1990), pp. 3-73, of whose cycle-subseries this is the
    simplest form.
    """

    def __init__(self, period: float, rows: int = 1, *, is_share: bool = False) -> None:
        self.period, self._rows, self._is_share = period, rows, is_share
        self._bins = bins_of(period)
        self.forget()

    def forget(self) -> None:
        """Forget all periods."""
        #: Number of periods that were learned from, less those that have faded.
        self.weight = 0.0
        self._total = Period.empty(self._rows, self._bins)
        #: The period before this one, while it is unknown whether there is a season.
        self.last: Period | None = None
        self._levels = np.zeros((self._rows, self._bins))
        self._variances = np.ones(self._bins)
        #: The variance of what is left, relative to that with a table that has no error, for each row.
        self.uncertainty = np.ones(self._rows)
        self.begin()

    def begin(self) -> None:
        """Begin the next period."""
        self._counts, self._squares = np.zeros(self._bins), np.zeros(self._bins)
        self._sums = np.zeros((self._rows, self._bins))

    def add(self, ts: Floats, values: Floats) -> None:
        """Add values of this period, at these times: shape (n,) and (n, rows)."""
        known = np.isfinite(ts)
        bins, values = self._bin(ts[known]), values[known]
        # One by one, in order: the sums must not depend on how the stream is cut into batches.
        np.add.at(self._counts, bins, 1.0)
        for row, sums in enumerate(self._sums):
            np.add.at(sums, bins, values[:, row])
        if not self._is_share:
            np.add.at(self._squares, bins, values[:, 0] * values[:, 0])

    @property
    def count(self) -> float:
        """Number of values in this period."""
        return ordered_sum(self._counts)

    def close(self) -> Period:
        """Begin the next period, and return this one."""
        period = Period.of(self._counts, self._sums, self._squares)
        self.begin()
        return period

    @property
    def is_known(self) -> bool:
        """Return whether the table is known."""
        return self.weight > 0.0

    @property
    def strength(self) -> float:
        """The share of the variance that the season explains, from 0 to 1: the largest of all rows.

        Source: X. Wang, K. Smith, R. Hyndman, "Characteristic-based clustering for time series data", Data Mining and
        Knowledge Discovery 13 (2006), pp. 335-364.
        """
        total = self._total
        explained = np.add.accumulate(total.counts * self._levels**2, axis=1)[:, -1]
        around = total.variances(is_share=True) * ordered_sum(total.counts) if self._is_share else total.around
        return float(np.clip(explained / np.maximum(around, MIN_AROUND), 0.0, 1.0).max())

    def take_rows(self, rows: Sequence[int | None]) -> None:
        """Keep what is known of these rows only, in this order; None: a new one. The current period begins anew."""
        self._rows, total = len(rows), self._total.with_rows(rows)
        last, weight = self.last.with_rows(rows) if self.last else None, self.weight
        self.forget()
        self._total, self.last, self.weight = total, last, weight
        if self.is_known:
            self._shrink()

    @property
    def means(self) -> Floats:
        """The mean of each row, shape (rows,)."""
        return self._total.means

    def learn(self, period: Period, memory: float = PERIODS) -> None:
        """Learn from a whole period; with more than ``memory`` periods, the older ones fade."""
        last, self.weight = self.weight, min(self.weight + 1.0, memory)
        self._total = self._total.added(period, (self.weight - 1.0) / last if last else 0.0, 1.0 / self.weight)
        self._shrink()

    def compare(self, period: Period) -> None:
        """Learn from a whole period and the one before it if they have the same season."""
        last, self.last = self.last, period if period.differs(self._is_share) else None
        if last is not None and self.last is not None and period.is_like(last, self._is_share):
            self.last = None
            self.learn(last)
            self.learn(period)

    def _shrink(self) -> None:
        """Set the table to the differences that are not by chance."""
        total = self._total
        for row, variance in enumerate(total.variances(self._is_share).tolist()):
            levels, kept = shrunken(total.counts, total.differences[row], variance)
            self._levels[row], self.uncertainty[row] = levels, 1.0 + PART_VARIANCE * kept / self.weight
        variance = total.variance
        if self._is_share or not variance:
            return
        excess, _ = shrunken(total.free, total.squares / variance - total.free, SQUARE_VARIANCE)
        self._variances = np.maximum(1.0 + excess, MIN_VARIANCE)

    def _bin(self, ts: Floats) -> NDArray[np.int64]:
        places: NDArray[np.int64] = (ts % self.period / self.period * self._bins).astype(np.int64)
        return np.minimum(places, self._bins - 1)

    def take(self, total: Period, weight: float) -> None:
        """Start with what was learned elsewhere: the sums over so many periods."""
        self._total, self.weight = total, weight
        self._shrink()

    @property
    def total(self) -> Period:
        """The sums over the periods that were learned from."""
        return self._total

    def residuals(self, ts: Floats, values: Floats) -> Floats:
        """Return numbers at these times as they would be without the season, shape (n, 1)."""
        differences = values - self.means - self.levels(ts)
        rest: Floats = self.means + differences / self.deviations(ts)[:, None]
        return rest

    @property
    def has_season(self) -> NDArray[np.bool_]:
        """For each row, whether any of its levels is not 0: shape (rows,)."""
        found: NDArray[np.bool_] = np.any(self._levels, axis=1)
        return found

    def levels(self, ts: Floats) -> Floats:
        """Return the usual difference from the mean at each time, 0 where it is unknown: shape (n, rows)."""
        return np.column_stack([self._at(ts, levels, 0.0) for levels in self._levels])

    def deviations(self, ts: Floats) -> Floats:
        """Return the usual standard deviation at each time, relative to that of all values: shape (n,)."""
        return np.sqrt(self._at(ts, self._variances, 1.0))

    def _at(self, ts: Floats, parts: Floats, unknown: float) -> Floats:
        """Return the numbers of the parts, each continued along its slope, at each time: shape (n,)."""
        if (parts == unknown).all():
            return np.full(len(ts), unknown)
        places = np.nan_to_num(ts % self.period) / self.period * self._bins
        bins = np.minimum(places.astype(np.int64), self._bins - 1)
        found = parts[bins] + _slopes(parts)[bins] * (places - bins - 0.5)
        return np.where(np.isfinite(ts), found, unknown)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "counts": self._counts.tolist(),
            "sums": self._sums.tolist(),
            "squares": self._squares.tolist(),
            "weight": self.weight,
            "total": self._total.state(),
            "last": self.last.state() if self.last else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self._counts, self._sums = np.array(state["counts"]), np.array(state["sums"])
        self._squares, self.weight = np.array(state["squares"]), state["weight"]
        self._total = Period.restored(state["total"])
        self.last = Period.restored(state["last"]) if state["last"] else None
        if self.is_known:
            self._shrink()
