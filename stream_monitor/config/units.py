"""Durations, sizes and shares out of texts."""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, PlainSerializer

from stream_monitor.core.quantities import duration_text, parse_duration, parse_quantity

#: Range of run lengths in events, given by the tables of the detectors.
MIN_RUN, MAX_RUN = 1000.0, 1e12
#: Seconds for which a live record may wait for others.
MAX_LATENCY = 10.0
_SIZES = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def parse_latency(value: Any) -> float:
    """Return a latency in seconds; a `ValueError` for one above `MAX_LATENCY`.

    >>> parse_latency("250ms")
    0.25
    """
    seconds = parse_duration(value)
    if seconds > MAX_LATENCY:
        raise ValueError(f"must be 0s to {duration_text(MAX_LATENCY)}, not {value}")
    return seconds


def parse_size(value: Any) -> int:
    """Return a size in bytes.

    >>> parse_size("64MiB")
    67108864
    """
    if type(value) is int:
        return value
    return int(parse_quantity(value, _SIZES, "a size such as 512KiB or 64MiB"))


def parse_share(value: Any) -> float:
    """Return a share as a number from 0 to 1.

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


class RunLength(NamedTuple):
    """An average run length: the mean distance between false alarms, in events or in seconds."""

    events: float | None
    seconds: float | None

    def __str__(self) -> str:
        return f"{self.events:.15g}" if self.events is not None else duration_text(self.seconds or 0.0)


def parse_run_length(value: Any) -> RunLength:
    """Return a run length, out of a number of events or a duration.

    >>> parse_run_length("1_000_000"), parse_run_length("30d")
    (RunLength(events=1000000.0, seconds=None), RunLength(events=None, seconds=2592000.0))
    """
    text = str(value).strip()
    if isinstance(value, RunLength):
        return value
    try:
        if re.fullmatch(r"[\d_,]+(\.\d+)?([eE]\+?\d+)?", text):
            length = RunLength(float(text.replace(",", "").replace("_", "")), None)
        else:
            length = RunLength(None, parse_duration(text))
    except ValueError:
        raise ValueError("must be a number of events such as 1000000, or a duration such as 30d") from None
    if length.events is not None and not MIN_RUN <= length.events <= MAX_RUN:
        raise ValueError(f"must be {MIN_RUN:g} to {MAX_RUN:g} events")
    if length.seconds is not None and length.seconds < 60:
        raise ValueError("must be at least 60s")
    return length


def parse_seasonality(value: Any) -> tuple[float, ...] | None:
    """Return periods in seconds, in order of their lengths; none without a season; None: to be detected.

    >>> parse_seasonality("7d,24h"), parse_seasonality("none"), parse_seasonality("auto")
    ((86400.0, 604800.0), (), None)
    """
    if value is None or value == "auto":
        return None
    if value in ("none", 0, ()):
        return ()
    try:
        texts = [duration_text(each) for each in value] if isinstance(value, tuple) else str(value).split(",")
        periods = [parse_duration(text.strip()) for text in texts]
    except ValueError:
        raise ValueError("must be none, auto, or a period such as 24h, or several: 24h,7d") from None
    if not all(60 <= period <= 31 * 86_400 for period in periods):
        raise ValueError("must be none, auto, or periods of 1m to 31d")
    if len(set(periods)) < len(periods):
        raise ValueError("must be none, auto, or periods that differ, such as 24h,7d")
    return tuple(sorted(periods))


def _periods_written(periods: tuple[float, ...] | None) -> str:
    return "auto" if periods is None else ",".join(map(duration_text, periods)) or "none"


Duration = Annotated[float, BeforeValidator(parse_duration), PlainSerializer(duration_text)]
Latency = Annotated[float, BeforeValidator(parse_latency), PlainSerializer(duration_text)]
Size = Annotated[int, BeforeValidator(parse_size)]
Share = Annotated[float, BeforeValidator(parse_share)]
Expected = Annotated[RunLength, BeforeValidator(parse_run_length), PlainSerializer(str)]
Seasonality = Annotated[
    tuple[float, ...] | None, BeforeValidator(parse_seasonality), PlainSerializer(_periods_written)
]
