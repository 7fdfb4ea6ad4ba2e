"""A table of results, as text for the terminal and as Markdown for the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table: its title, a note on its values, and its rows, the first of which is the head."""

    title: str
    note: str
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        lines = [
            "  ".join(
                [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
            ).rstrip()
            for row in self.rows
        ]
        return "\n".join([self.title, self.note, "", *lines, ""])

    def markdown(self) -> str:
        head, *rows = ("| " + " | ".join(row) + " |" for row in self.rows)
        line = "|" + "---|" + "---:|" * (len(self.rows[0]) - 1)
        return "\n".join([f"## {self.title}", "", self.note, "", head, line, *rows, ""])
