"""Columns of text, as CSV files have them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.decoding.values import read_cell

#: Of these characters, `float` reads what `read_cell` takes for a number, and nothing else.
_NUMBER_CHARACTERS = b"0123456789.+-eE \n"


class TextColumn:
    """A column of cells, whose values are their text without blanks around it, None for an empty one.

    >>> column = TextColumn([" 1", "", "2.5"])
    >>> column.tolist(), column.numbers()
    (['1', None, '2.5'], array([1. , nan, 2.5]))
    """

    def __init__(self, cells: Sequence[str]) -> None:
        self._cells = cells

    def __getitem__(self, at: int) -> str | None:
        return self._cells[at].strip() or None

    def tolist(self) -> list[str | None]:
        return [cell.strip() or None for cell in self._cells]

    def numbers(self) -> Floats | None:
        """Return the numbers that `read_cell` gives, NaN for None; None where it gives anything else."""
        joined = "\n".join(self._cells)
        if not joined.isascii() or joined.encode().translate(None, _NUMBER_CHARACTERS):
            return None
        try:
            numbers = np.array([float(cell) if cell else math.nan for cell in self._cells])
        except ValueError:
            return None
        # Minus zero is an integer, whose zero has no sign; a number beyond a float is text.
        return None if np.isinf(numbers).any() else numbers + 0.0

    def cut(self, begin: int, end: int) -> TextColumn:
        return TextColumn(self._cells[begin:end])

    def followed_by(self, other: TextColumn) -> TextColumn:
        return TextColumn([*self._cells, *other._cells])


def read_cells(texts: Sequence[Any]) -> list[Any]:
    """Return the value of each cell as `read_cell` does; texts, which recur, are read once."""
    known = {text: read_cell(text) for text in {text for text in texts if type(text) is str}}
    return [known[text] if type(text) is str else text for text in texts]
