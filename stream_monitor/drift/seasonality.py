"""The seasonality of a signal: the usual level and variance of each part of a day, a week or other periods."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.period_sample import PeriodSample
from stream_monitor.signals.columns import Column
from stream_monitor.stats.season_clock import AwaitedSeason, SeasonClock
from stream_monitor.stats.season_parts import MIN_BINS
from stream_monitor.stats.season_period import Period
from stream_monitor.stats.season_table import PERIODS, SeasonTable

#: Number of periods after which a season that is not given would be known, if its parts differ.
MIN_PERIODS = 4


class Seasonality:
    """Learns the usual level and variance of numbers in each part of one period or several.

    A table is known once a whole period has passed. That of a longer period is learned from what the shorter ones
    leave, see `_shorter`.

    Args:
        periods: Their lengths in seconds.
        is_given: Whether the user gave them; otherwise each is accepted when two periods in a row are alike.
        rows: Number of categories; 1 for a number or a share.
        is_share: Whether the values are shares.
    """

    def __init__(
        self, periods: Sequence[float], is_given: bool = True, rows: int = 1, *, is_share: bool = False
    ) -> None:
        self._is_given = is_given
        self._tables = [SeasonTable(period, rows, is_share=is_share) for period in sorted(periods)]
        self._clocks = [SeasonClock(table.period) for table in self._tables]
        self._sample = PeriodSample()
        #: The times of the first and the last value that has one; NaN: unknown.
        self._times = (math.nan, math.nan)
        #: Whether the scores have been learned again from a whole period.
        self._is_learned_again = False
        self._wanted: Floats | None = None

    def take(self, seasons: Mapping[float, tuple[Period, float]]) -> None:
        """Start with what was learned elsewhere: by period, the sums over the parts and the number of periods."""
        for table in self._tables:
            if table.period not in seasons:
                break
            table.take(*seasons[table.period])

    @property
    def known(self) -> list[SeasonTable]:
        """The tables that are known."""
        return [table for table in self._tables if table.is_known]

    @property
    def is_known(self) -> bool:
        """Return whether the table of some period is known."""
        return bool(self.known)

    @property
    def is_first_known(self) -> bool:
        """Return whether the table of the shortest period is known."""
        return self._tables[0].is_known

    @property
    def undecided(self) -> list[int]:
        """The places of the periods of which there were too few to tell if there is a season."""
        return [at for at in range(len(self._tables)) if self._is_undecided(at)]

    def _is_undecided(self, at: int) -> bool:
        table, turns = self._tables[at], self._clocks[at].turns
        # After a first period without any difference there is nothing that the second could confirm.
        needed = 1 if table.last is None else MIN_PERIODS
        return not table.is_known and (self._is_given or turns < needed)

    @property
    def awaited(self) -> tuple[AwaitedSeason, ...]:
        """The given periods of which none has passed yet."""
        span = self._times[1] - self._times[0]
        waiting = [table for table in self._tables if self._is_given and not table.is_known]
        return tuple(AwaitedSeason(table.period, span) for table in waiting)

    @property
    def strengths(self) -> dict[float, float]:
        """The strength of each season that is known, from 0 to 1, by its period in seconds."""
        return {table.period: table.strength for table in self.known}

    @property
    def uncertainty(self) -> float:
        """The variance of what is left of a number, relative to that with tables that have no error."""
        product = 1.0
        for table in self.known:
            product *= float(table.uncertainty[0])
        return product

    def room(self, ts: Floats) -> int:
        """Return how many of the next values, at these times, belong to one period, at least one.

        A period that is over by the first of them is closed.
        """
        for at, clock in enumerate(self._clocks):
            if clock.is_over(ts[0]):
                self._turn(at, float(ts[0]))
        return min(clock.room(ts) for clock in self._clocks)

    def take_sample(self) -> Floats | None:
        """Return values of the period just closed if better scores must be learned from them, else None.

        Values counted from then on must be in those scores.
        """
        sample, self._wanted = self._wanted, None
        return sample

    def count(self, column: Column, values: Floats | None = None) -> None:
        """Learn from values of one period, see `room`.

        Args:
            column: Their normal scores, shape (n,).
            values: The raw values, if better scores may be learned from them.
        """
        if values is not None and not self.is_known and not self._is_learned_again:
            self._sample.add(column.values, values)
        self._add(column._replace(values=column.values[:, None]))

    def _add(self, column: Column) -> None:
        """Add values to each table, less what the tables of shorter periods know: shape (n, rows)."""
        if len(timed := column.ts[np.isfinite(column.ts)]):
            first = self._times[0]
            self._times = (float(timed[0]) if math.isnan(first) else first, float(timed[-1]))
        for at, table in enumerate(self._tables):
            values = column.values
            for shorter in self._shorter(at, are_divisors=False):
                values = shorter.residuals(column.ts, values)
            table.current.add(column.ts, values)

    def _shorter(self, at: int, *, are_divisors: bool) -> list[SeasonTable]:
        """Return the known tables of shorter periods: those that the period is a multiple of, or the others.

        The parts of a multiple have parts of the shorter period in them; so what is known of these when it is over is
        taken out of their sums. Of another period, the values are counted less what is known at their time.
        """
        period = self._tables[at].period
        return [each for each in self._tables[:at] if each.is_known and (period % each.period == 0.0) == are_divisors]

    def interrupt(self) -> None:
        """Discard the current periods: their values are on two scales."""
        for at, (table, clock) in enumerate(zip(self._tables, self._clocks, strict=True)):
            if table.is_known:
                clock.discard()
            elif self._is_given and clock.begin_again():
                table.begin()
                if at == 0:
                    self._sample = PeriodSample()

    def go_on(self, ts: Floats) -> None:
        """Begin the periods that were discarded with the next values, at these times."""
        for clock in self._clocks:
            clock.begin(ts)

    def _turn(self, at: int, now: float) -> None:
        """Close a period: its sums update the table, or its values give better scores."""
        table, clock, is_whole = self._tables[at], self._clocks[at], self._clocks[at].is_whole
        start = clock.turn(now)
        is_first = at == 0 and not self.is_known
        sample, count = self._sample, table.current.count
        period = table.close(start, self._shorter(at, are_divisors=True))
        if at == 0:
            self._sample = PeriodSample()
        if is_first and sample.is_extreme(count) and len(sample.values) > MIN_BINS:
            self._learn_again(sample.values)
        elif is_whole:
            clock.turns += 1
            self._learn(at, period)

    def _learn_again(self, sample: Floats) -> None:
        """Ask for better scores; what was counted in the old ones is forgotten."""
        self._is_learned_again, self._wanted = True, sample
        for at, table in enumerate(self._tables):
            table.forget()
            if at:
                self._clocks[at].restart()

    def _learn(self, at: int, period: Period) -> None:
        """Update a table from a whole period."""
        table = self._tables[at]
        was_known = table.is_known
        if self._is_given or was_known:
            longest = max(each.period for each in [table, *self.known])
            table.learn(period, PERIODS * longest / table.period)
        else:
            table.compare(period)
        if table.is_known and not was_known:
            self._begin_others(at)

    def _begin_others(self, at: int) -> None:
        """Begin the longer periods again that are no multiples of one that is known from now on."""
        for longer, clock in zip(self._tables[at + 1 :], self._clocks[at + 1 :], strict=True):
            if longer.period % self._tables[at].period:
                longer.forget()
                clock.restart()

    def levels(self, ts: Floats) -> Floats:
        """Return the usual level at each time, 0 where it is unknown: shape (n,)."""
        level = np.zeros(len(ts))
        for table in reversed(self.known):
            level = table.levels(ts)[:, 0] + table.deviations(ts) * level
        return level

    def residuals(self, column: Column) -> Floats:
        """Return normal scores as they would be without the season, shape (n,)."""
        rest = column._replace(values=column.values[:, None])
        for table in self.known:
            rest = rest._replace(values=table.residuals(rest.ts, rest.values))
        return rest.values[:, 0]

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "tables": [table.state() for table in self._tables],
            "clocks": [clock.state() for clock in self._clocks],
            **self._sample.state(),
            "is_learned_again": self._is_learned_again,
            "times": self._times,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        for table, clock, saved, time in zip(
            self._tables, self._clocks, state["tables"], state["clocks"], strict=True
        ):
            table.restore(saved)
            clock.restore(time)
        self._sample.restore(state)
        self._is_learned_again = state["is_learned_again"]
        first, last = (math.nan if each is None else each for each in state["times"])
        self._times = (first, last)
