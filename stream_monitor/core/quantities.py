"""Numbers with units out of texts, such as durations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def parse_duration(value: Any) -> float:
    """Return a duration in seconds.

    >>> parse_duration("30m"), parse_duration("500ms")
    (1800.0, 0.5)
    """
    return parse_quantity(value, _SECONDS, "a duration such as 500ms, 5s, 30m, 24h or 7d")


def parse_quantity(value: Any, units: Mapping[str, float], wanted: str) -> float:
    """Return a number times its unit; a `ValueError` that says what is wanted for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", str(value).strip())
    if not match or match[2] not in units:
        raise ValueError(f"must be {wanted}")
    return float(match[1]) * float(units[match[2]])


def duration_text(seconds: float) -> str:
    """Return a duration as text that `parse_duration` reads, in seconds or milliseconds.

    >>> duration_text(1800.0), duration_text(0.5)
    ('1800s', '500ms')
    """
    return f"{int(seconds)}s" if seconds == int(seconds) else f"{round(seconds * 1000)}ms"
