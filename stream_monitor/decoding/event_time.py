"""Times of events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.records import Record
from stream_monitor.core.timestamp_column import parse_timestamps
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
            allowed = "allowed: ISO 8601 or epoch s, ms, us, ns"
            raise RecordError(Reason.BAD_TIMESTAMP, f"ts is {_form(value)}; {allowed}") from None
        earliest, latest = (-math.inf, self._clock.now() + 365 * _DAY) if own is None else (_EARLIEST, own + _DAY)
        if earliest <= ts <= latest:
            return ts
        self.replaced += 1
        return own

    def read_column(self, values: Sequence[Any], stamps: Ints, refused: set[int]) -> tuple[Floats, Bools]:
        """Return the times of n events as `read` does; it is the caller who adds to ``replaced``.

        Args:
            values: The events' own times, n of them.
            stamps: The times of their records in milliseconds, negative where unknown, shape (n,).
            refused: Takes the positions of what `read` would refuse.

        Returns:
            Seconds since the epoch, NaN where unknown, shape (n,); and which of them were replaced, shape (n,).
        """
        ts, wrong = parse_timestamps(values)
        refused.update(wrong)
        has_own = stamps >= 0
        if has_own.all() and ((ts >= _EARLIEST) & (ts <= stamps / 1000.0 + _DAY)).all():
            return ts, np.zeros(len(ts), bool)
        own = np.where(has_own, stamps / 1000.0, np.nan)
        earliest = np.where(has_own, _EARLIEST, -math.inf)
        latest = np.where(has_own, own + _DAY, self._clock.now() + 365 * _DAY)
        is_right = (earliest <= ts) & (ts <= latest)
        return np.where(is_right, ts, own), ~is_right & ~np.isnan(ts)


def _form(value: Any) -> str:
    """Return the form of a value that is no time; the value itself may be personal.

    >>> _form("yesterday"), _form([2026])
    ('text of 9 characters', 'a list')
    """
    return f"text of {len(value):,} characters" if isinstance(value, str) else f"a {type(value).__name__}"
