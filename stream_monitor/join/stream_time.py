"""Stream time: the latest event time, guarded against single events from the future."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.timestamps import format_timestamp

logger = logging.getLogger(__name__)

#: Seconds that a single event may advance stream time: one producer with a wrong clock must not expire everything.
MAX_LEAP = 86_400.0


class StreamTime:
    """The latest event time seen, in seconds since the Unix epoch.

    An event that is more than ``MAX_LEAP`` ahead advances it only when the next event with a time is that far ahead
    as well. The attribute ``now`` is -inf before any time is known.
    """

    def __init__(self) -> None:
        self.now = -math.inf
        self._first = math.inf  # the first time that was known
        self._leap: float | None = None  # the time of the event before, when that was too far ahead

    def arrived(self, arrival: float) -> float:
        """Return when something arrived: the first time that was known, for an arrival of inf, which is before it."""
        return self._first if arrival == math.inf else arrival

    def all_arrived(self, arrivals: Floats) -> Floats:
        """Return when each of n things arrived, as `arrived` does for one, shape (n,)."""
        return np.where(arrivals == math.inf, self._first, arrivals)

    def observe(self, ts: float) -> None:
        """Take the time of an event, which advances stream time when it is later."""
        now = self.now
        if ts <= now + MAX_LEAP:
            self._leap = None
            if ts > now:
                self.now = ts
        elif now == -math.inf:
            self.now = self._first = ts
        else:
            self._leap_to(ts)

    def trace(self, ts: Floats) -> tuple[Floats, int]:
        """Return what stream time is at each of n events when none of them leaps, and the number before one that may.

        Args:
            ts: Event times in seconds, NaN where unknown, shape (n,).
        """
        times = np.fmax(ts, -math.inf)  # NaN gives way
        traced = np.maximum.accumulate(np.concatenate(([self.now], times)))
        leaps = times > traced[:-1] + MAX_LEAP
        return traced[1:], int(np.argmax(leaps)) if leaps.any() else len(ts)

    def observe_all(self, ts: Floats) -> None:
        """Take the times of events, none of which leaps, NaN where unknown."""
        latest = float(np.fmax.reduce(ts, initial=math.nan))  # NaN gives way
        if latest == latest:
            self._leap = None
            self.now = max(self.now, latest)

    def state(self) -> dict[str, Any]:
        """Return the state for the checkpoint."""
        now, first = (time if math.isfinite(time) else None for time in (self.now, self._first))
        return {"now": now, "first": first, "leap": self._leap}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state."""
        now, first, self._leap = state["now"], state["first"], state["leap"]
        self.now = -math.inf if now is None else now
        self._first = math.inf if first is None else first

    def _leap_to(self, ts: float) -> None:
        before, self._leap = self._leap, ts
        if before is None:
            return
        ts = min(before, ts)
        message = "event time leaps by %.1f days, to %s: two events in a row say so"
        logger.warning(message, (ts - self.now) / MAX_LEAP, format_timestamp(ts))
        self.now = ts
