"""Figures as HTML."""

from __future__ import annotations

import math
from html import escape

from stream_monitor.core.formatting import moment, plain, short


def exact(value: float | None, digits: int = 5) -> str:
    """The same as HTML that carries the number in full."""
    if value is None or not math.isfinite(value):
        return short(value)
    return f'<data value="{value!r}">{short(value, digits)}</data>'


def when(ts: float | None, index: int) -> str:
    """A time and a prediction as HTML."""
    prediction = f'prediction <data value="{index}">{index:,}</data>'
    shown = moment(ts)
    return f'<time datetime="{shown.replace(" ", "T")}Z">{shown}</time> ({prediction})' if shown else prediction


def text(value: object) -> str:
    """Anything as text of HTML, or as the value of an attribute; control characters made visible."""
    return escape(plain(value).encode("utf-8", "replace").decode())
