"""Tables and texts of the page, as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from stream_monitor.core.formatting import plain

#: A longer cell may be cut on the screen, and tells its text in full when it is pointed at.
LONG = 48


def table(head: Sequence[str], rows: Iterable[Sequence[str]], empty: str = "") -> str:
    """A table of texts, or a sentence where there are no rows."""
    body = "".join(f"<tr>{''.join(map(_cell, row))}" for row in rows)
    if not body:
        return f"<p class=empty>{empty}"
    return f"<table><tr>{''.join(f'<th>{name}' for name in head)}{body}</table>"


def text(value: str) -> str:
    """A text as HTML; control characters made visible."""
    return escape(plain(value))


def _cell(cell: str) -> str:
    title = f' title="{text(cell)}"' if len(cell) > LONG else ""
    return f"<td{title}>{text(cell)}"
