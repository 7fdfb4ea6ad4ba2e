"""A section: what is told of one subject, as plain text in paragraphs and tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Literal, NamedTuple, TypeVar

from stream_monitor.core.formatting import counted

Tone = Literal["", "good", "bad"]
_T = TypeVar("_T")


class Cell(NamedTuple):
    """A cell of a table.

    Attributes:
        text: Its text.
        small: More of it, below the text.
        tone: Whether it is good news, bad news or neither.
    """

    text: str
    small: str = ""
    tone: Tone = ""


class Table(NamedTuple):
    """A table.

    Attributes:
        head: The names of its columns.
        rows: Its rows, each with a cell for each column.
        numbers: The names of the columns that have numbers.
        texts: The names of the columns that have long texts.
        note: A line below it.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    numbers: Collection[str] = ()
    texts: Collection[str] = ()
    note: str = ""


class Part(NamedTuple):
    """A part of a section.

    Attributes:
        title: Its heading; empty for none.
        lines: Paragraphs at its head.
        tables: Its tables.
        warnings: What one has to act on, below the tables.
        is_folded: Whether it is shown on demand; it has a title.
    """

    title: str = ""
    lines: Sequence[str] = ()
    tables: Sequence[Table] = ()
    warnings: Sequence[str] = ()
    is_folded: bool = False


class Section(NamedTuple):
    """A section.

    Attributes:
        name: Identifies it in links.
        title: Its heading.
        parts: Its parts.
    """

    name: str
    title: str
    parts: Sequence[Part]


def first(found: Iterable[_T], most: int, noun: str) -> tuple[list[_T], str]:
    """Return the first few of many, and a note that counts the others.

    >>> first(range(5), 3, "row"), first(range(3), 3, "row")
    (([0, 1, 2], 'And 2 more rows.'), ([0, 1, 2], ''))
    """
    found = iter(found)
    shown = list(islice(found, most))
    rest = sum(1 for _ in found)
    return shown, f"And {counted(rest, f'more {noun}')}." if rest else ""
