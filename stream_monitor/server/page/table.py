"""Tables of the page, as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stream_monitor.sections.html import text

#: Characters above which a cell has its text as a tooltip too: it may be cut on the screen.
LONG = 48


def table(head: Sequence[str], rows: Iterable[Sequence[str]], empty: str = "") -> str:
    """Return a table of texts, or the sentence ``empty`` where there are no rows."""
    body = "".join(f"<tr>{''.join(map(_cell, row))}" for row in rows)
    if not body:
        return f"<p class=empty>{empty}"
    return f"<table><tr>{''.join(f'<th>{name}' for name in head)}{body}</table>"


def _cell(cell: str) -> str:
    title = f' title="{text(cell)}"' if len(cell) > LONG else ""
    return f"<td{title}>{text(cell)}"
