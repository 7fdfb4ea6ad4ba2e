"""The clock of a season: where each of its periods begins and ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats


class AwaitedSeason(NamedTuple):
    """A given period of which no whole one without a change has passed.

    Attributes:
        period: Its length in seconds.
        span: The seconds that the values cover, NaN: unknown.
    """

    period: float
    span: float


class SeasonClock:
    """Divides a stream into periods; the first begins with the first value that has a time.

    Args:
        period: The length of a period in seconds.
    """

    def __init__(self, period: float) -> None:
        self._period = period
        #: Number of whole periods that are over.
        self.turns = 0
        #: Whether the values of this period, and of the one before it, are on one level.
        self.is_whole = self._was_whole = True
        self.restart()

    def restart(self) -> None:
        """Begin a first period with the next value."""
        self._start: float | None = None
        self.is_whole = self._was_whole = True

    def is_over(self, now: float) -> bool:
        """Return whether the period is over by a value with this time."""
        return self._start is not None and now >= self._start + self._period

    def turn(self, now: float) -> float:
        """Begin the period that a time is in, and return where the last one began."""
        assert self._start is not None
        start = self._start
        self._start += math.floor((now - self._start) / self._period) * self._period
        self._was_whole, self.is_whole = self.is_whole, True
        return start

    def begin(self, ts: Floats) -> None:
        """Begin a first period with the first of these times that is known, if none has begun."""
        timed = ts[np.isfinite(ts)]
        if self._start is None and len(timed):
            self._start = float(timed[0])

    def begin_again(self) -> bool:
        """Begin a first period with the next value after a change; of two changes in a row, after the first one only.

        Otherwise a season of steps, each of which is a change until it is known, would never be known.

        Returns:
            True if a period begins anew.
        """
        if not self._was_whole:
            return False
        self._start, self._was_whole = None, False
        return True

    def discard(self) -> None:
        """Discard this period: its values are on two levels. Of two in a row with a change, the second one counts.

        Otherwise a table that raises false alarms would never be mended.
        """
        self.is_whole = not self._was_whole

    def room(self, ts: Floats) -> int:
        """Return how many of the next values, at these times, belong to one period, at least one."""
        if self._start is None:
            timed = np.flatnonzero(np.isfinite(ts))
            if not len(timed) or timed[0]:
                return int(timed[0]) if len(timed) else len(ts)
            self.begin(ts)
            return 1
        over = np.flatnonzero(ts >= self._start + self._period)
        return max(int(over[0]), 1) if len(over) else len(ts)

    def state(self) -> list[Any]:
        """Return the state as JSON values."""
        return [self._start, self.turns, self.is_whole, self._was_whole]

    def restore(self, state: Sequence[Any]) -> None:
        """Load what `state` returned."""
        self._start, self.turns, self.is_whole, self._was_whole = state
