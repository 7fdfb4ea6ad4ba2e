"""The table of one season: the usual difference from the mean in each part of a day, a week or another period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, ordered_sum
from stream_monitor.stats.cyclic_shrinkage import PART_VARIANCE, shrunken
from stream_monitor.stats.period_sums import PeriodSums
from stream_monitor.stats.season_parts import SeasonParts
from stream_monitor.stats.season_period import SQUARE_VARIANCE, Period

#: Number of periods that the table is averaged over; older ones fade.
PERIODS = 8.0
#: Smallest variance in a part of the period, relative to all: its values are not scaled up by more than twice.
MIN_VARIANCE = 0.25
#: Smallest sum of squares that is divided by.
MIN_AROUND = 1e-12


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
        self._parts = SeasonParts(period)
        self.forget()

    def forget(self) -> None:
        """Forget all periods."""
        #: Number of periods that were learned from, less those that have faded.
        self.weight = 0.0
        self._total = Period.empty(self._rows, self._parts.bins)
        #: The period before this one, while it is unknown whether there is a season.
        self.last: Period | None = None
        self._levels = np.zeros((self._rows, self._parts.bins))
        self._variances = np.ones(self._parts.bins)
        #: The variance of what is left, relative to that with a table that has no error, for each row.
        self.uncertainty = np.ones(self._rows)
        self.begin()

    def begin(self) -> None:
        """Begin the next period."""
        #: The sums of the values of the current period.
        self.current = PeriodSums(self._parts, self._rows)

    def close(self, start: float, shorter: Sequence[SeasonTable] = ()) -> Period:
        """Begin the next period, and return this one less what the tables of shorter periods know.

        Args:
            start: Where this one began, in seconds.
            shorter: The tables, the shortest first.
        """
        for table in shorter:
            times = self._parts.times(start, table._parts.width)
            self.current.take_out(table.means, *table.averages(times))
        period = self.current.period()
        self.begin()
        return period

    def averages(self, times: Floats) -> tuple[Floats, Floats]:
        """Return the mean level and the mean deviation over some times: (rows, n) and (n,), of times (n, k)."""
        ts, shape = times.ravel(), times.shape
        levels = self.levels(ts).reshape((*shape, self._rows))
        deviations = self.deviations(ts).reshape(shape)
        count = shape[1]
        return np.add.accumulate(levels, axis=1)[:, -1].T / count, np.add.accumulate(deviations, axis=1)[
            :, -1
        ] / count

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
    def has_season(self) -> Bools:
        """For each row, whether any of its levels is not 0: shape (rows,)."""
        found: Bools = np.any(self._levels, axis=1)
        return found

    def levels(self, ts: Floats) -> Floats:
        """Return the usual difference from the mean at each time, 0 where it is unknown: shape (n, rows)."""
        return np.column_stack([self._parts.continued(ts, levels, 0.0) for levels in self._levels])

    def deviations(self, ts: Floats) -> Floats:
        """Return the usual standard deviation at each time, relative to that of all values: shape (n,)."""
        return np.sqrt(self._parts.continued(ts, self._variances, 1.0))

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "current": self.current.state(),
            "weight": self.weight,
            "total": self._total.state(),
            "last": self.last.state() if self.last else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self.current.restore(state["current"])
        self.weight = state["weight"]
        self._total = Period.restored(state["total"])
        self.last = Period.restored(state["last"]) if state["last"] else None
        if self.is_known:
            self._shrink()
