"""Parsing and formatting of times: ISO 8601, or a number of s, ms, µs or ns since the epoch."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

_COMPACT_DATE = re.compile(r"[0-9]{8}([T ]|$)")
#: Above these, a number of seconds would lie beyond the year 5000: it is then ms, µs or ns.
SECONDS, MILLISECONDS, MICROSECONDS = 1e11, 1e14, 1e17
MAX_EPOCH = 5e19
MIN_EPOCH = -6e10


def parse_timestamp(value: Any) -> float:
    """Return seconds since the epoch; a time without a zone is UTC. Raises `ValueError` for anything else.

    >>> parse_timestamp("2026-11-23 12:00:00") == parse_timestamp("2026-11-23T13:00:00+01:00")
    True
    >>> parse_timestamp(1795435200000)
    1795435200.0
    """
    if type(value) is str:
        # `fromisoformat` would read epoch milliseconds as a compact date in the year 1711.
        if value[4:5] != "-" and not _COMPACT_DATE.match(value):
            return _from_epoch(_finite(float(value)))
        moment = datetime.fromisoformat(value)
        return _seconds(moment) if moment.tzinfo is None else moment.timestamp()
    if isinstance(value, datetime):
        return _seconds(value)
    if type(value) in (int, float):
        return _from_epoch(_finite(float(value)))
    raise ValueError("not a time")


def format_timestamp(seconds: float | None) -> str | None:
    """Return a time as ISO 8601 in UTC; None for None, NaN and infinity.

    >>> format_timestamp(1795435200.0)
    '2026-11-23T12:00:00.000Z'
    """
    if seconds is None or not math.isfinite(seconds):
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _finite(number: float) -> float:
    if not abs(number) < MAX_EPOCH:
        raise ValueError("not a time")
    return number


def _seconds(moment: datetime) -> float:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def _from_epoch(number: float) -> float:
    size = abs(number)
    if size < SECONDS:
        if number < MIN_EPOCH:
            raise ValueError("not a time")
        return number
    if size < MILLISECONDS:
        return number / 1e3
    return number / 1e6 if size < MICROSECONDS else number / 1e9
