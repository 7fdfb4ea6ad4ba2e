"""Formatting of numbers, times and text as HTML."""

from __future__ import annotations

import math

from stream_monitor.actions.episode_message import level
from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import moment, short
from stream_monitor.sections.html import text


def exact(value: float | None, digits: int = 5) -> str:
    """Format a number as `short` does, in an element with the exact value as an attribute."""
    if value is None or not math.isfinite(value):
        return short(value)
    return f'<data value="{value!r}">{short(value, digits)}</data>'


def level_of(one: Detection, value: float) -> str:
    """Format a level of a detection's signal in its unit, in an element with the exact value as an attribute."""
    return f'<data value="{value!r}">{text(level(one, value))}</data>'


def when(ts: float | None, index: int) -> str:
    """Format a time, if it is known, and the number of a prediction."""
    prediction = f'prediction <data value="{index}">{index:,}</data>'
    shown = moment(ts)
    return f'<time datetime="{shown.replace(" ", "T")}Z">{shown}</time> ({prediction})' if shown else prediction
