"""Times of events."""

from __future__ import annotations

import math
from typing import Any

from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.records import Record
from stream_monitor.core.timestamps import parse_timestamp

_DAY = 86_400.0
#: A clock that was never set says 1970; no record of a log is as old as this.
_EARLIEST = 365 * _DAY


class EventTimes:
    """Reads events' times. ``replaced`` counts those that could not be right and gave way to the record's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.replaced = 0

    def read(self, value: Any, record: Record) -> float | None:
        """Return the event's own time in seconds, or the record's where that is absent or can't be right."""
        stamp = record.timestamp
        own = stamp / 1000.0 if stamp is not None and stamp >= 0 else None
        if value is None:
            return own
        try:
            ts = parse_timestamp(value)
        except (ValueError, OverflowError):
            raise RecordError(Reason.BAD_TIMESTAMP, "allowed: ISO 8601 or epoch s, ms, us, ns") from None
        earliest, latest = (-math.inf, self._clock.now() + 365 * _DAY) if own is None else (_EARLIEST, own + _DAY)
        if earliest <= ts <= latest:
            return ts
        self.replaced += 1
        return own
