"""Durations, sizes and shares as people write them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

_DURATIONS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_SIZES = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def parse_duration(value: Any) -> float:
    """Seconds.

    >>> parse_duration("30m"), parse_duration("500ms")
    (1800.0, 0.5)
    """
    return _parse(value, _DURATIONS, "a duration such as 500ms, 5s, 30m, 24h or 7d")


def parse_size(value: Any) -> int:
    """Bytes.

    >>> parse_size("64MiB")
    67108864
    """
    if type(value) is int:
        return value
    return int(_parse(value, _SIZES, "a size such as 512KiB or 64MiB"))


def parse_share(value: Any) -> float:
    """A number from 0 to 1.

    >>> parse_share("5%")
    0.05
    """
    text = str(value).strip()
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError("must be a share such as 0.05 or 5%")
    return share


def _parse(value: Any, units: dict[str, Any], wanted: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", str(value).strip())
    if not match or match[2] not in units:
        raise ValueError(f"must be {wanted}")
    return float(match[1]) * float(units[match[2]])


def _written(seconds: float) -> str:
    return f"{int(seconds)}s" if seconds == int(seconds) else f"{round(seconds * 1000)}ms"


Duration = Annotated[float, BeforeValidator(parse_duration), PlainSerializer(_written)]
Size = Annotated[int, BeforeValidator(parse_size)]
Share = Annotated[float, BeforeValidator(parse_share)]
