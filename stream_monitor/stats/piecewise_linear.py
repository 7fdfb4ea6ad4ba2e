"""Piecewise linear functions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, Indices

#: Cells of equal width between the first and the last knot, to look up pieces without a search.
CELLS = 1024


class Pieces(NamedTuple):
    """The pieces of one function or several; arrays have shape (pieces,).

    Attributes:
        starts: The start of each piece; below the first knot, any number.
        ends: The start of the next piece of the function; infinite after its last.
        slopes: The slope of each piece.
        levels: The function's value at the start of each piece.
    """

    starts: Floats
    ends: Floats
    slopes: Floats
    levels: Floats

    @classmethod
    def joined(cls, parts: Iterable[Pieces]) -> Pieces:
        """Return the pieces of several functions, one function after the other."""
        return cls(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def at(self, pieces: Indices, values: Floats) -> Floats:
        """Return the function's values at finite numbers in these pieces.

        A product and a sum are each rounded. `numpy.interp` computes the same, but on some processors rounds them at
        once, which changes the last bit.
        """
        results: Floats = values - self.starts.take(pieces)
        results *= self.slopes.take(pieces)
        results += self.levels.take(pieces)
        return results


class Cells(NamedTuple):
    """Cells of equal width, and the first piece of each; from there on the next piece is tried a few times.

    Attributes:
        low: The start of the first cell.
        per_unit: The number of cells per unit.
        pieces: The index of the first piece of each cell, shape (CELLS + 1,).
        steps: The largest number of knots in a cell.
    """

    low: float
    per_unit: float
    pieces: Indices
    steps: int


class PiecewiseLinear:
    """A function that is linear between knots, and constant below the first and above the last.

    Args:
        x: The knots, strictly increasing, shape (n,).
        y: The function's values there, shape (n,).
        left: The value below the first knot, by default that at the knot.
        right: The value above the last knot, by default that at the knot.

    Attributes:
        pieces: The piece below the first knot, those that start at the knots, and that above the last.

    >>> line = PiecewiseLinear(np.array([0.0, 1.0, 3.0]), np.array([0.0, 10.0, 20.0]), right=99.0)
    >>> line.at(np.array([-1.0, 0.5, 2.0, 3.0, 4.0])).tolist()
    [0.0, 5.0, 15.0, 20.0, 99.0]
    """

    def __init__(self, x: Floats, y: Floats, left: float | None = None, right: float | None = None) -> None:
        ends = np.concatenate((x, [np.nextafter(x[-1], np.inf), np.inf]))
        slopes = np.concatenate(([0.0], np.diff(y) / np.diff(x), [0.0, 0.0]))
        levels = np.concatenate((y[:1] if left is None else [left], y, y[-1:] if right is None else [right]))
        self.pieces = Pieces(np.concatenate((x[:1], ends[:-1])), ends, slopes, levels)

    @cached_property
    def cells(self) -> Cells:
        """The cells in which to look up pieces."""
        starts = self.pieces.ends[:-1]
        low, per_unit = float(starts[0]), CELLS / max(float(starts[-1] - starts[0]), 1e-300)
        # A knot's cell is computed as that of a value, so that it is not before the cell of any smaller value.
        cells = np.clip((starts - low) * per_unit, 0, CELLS).astype(np.intp)
        first = np.searchsorted(cells, np.arange(CELLS + 1), side="left")
        return Cells(low, per_unit, first, int(np.bincount(cells).max()))

    def at(self, values: Floats) -> Floats:
        """Return the function's values at finite numbers, shape (n,)."""
        return self.pieces.at(self.find(values), values)

    def find(self, values: Floats) -> Indices:
        """Return the index of the piece that each number is in, shape (n,)."""
        return np.searchsorted(self.pieces.ends, values, side="right")
