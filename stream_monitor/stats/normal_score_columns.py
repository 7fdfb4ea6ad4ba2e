"""Normal scores of many columns at once, each of its own reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Indices, Ints
from stream_monitor.stats.normal_scores import Atoms, NormalScores, finite, uniform
from stream_monitor.stats.piecewise_linear import CELLS, Pieces

#: Columns and values that are processed at a time: they and their tables stay in the processor's cache.
MAX_COLUMNS, MAX_VALUES = 128, 16_384
#: Maximum number of knots in a cell.
MAX_STEPS = 8


class NormalScoreColumns:
    """`NormalScores.of` of many columns at once, with the same bits.

    A table of cells takes the place of the search for the piece between two knots. A column that it does not fit,
    because of knots too close together, is computed alone.

    Args:
        scores: The normal scores of each column.

    >>> from stream_monitor.stats.reference import NumericReference
    >>> scores = NormalScores(NumericReference.learn(np.arange(1.0, 100.0)))
    >>> NormalScoreColumns([scores, scores]).of(np.array([[50.0, 84.0]]), np.arange(1)).round(1)
    array([[0., 1.]])
    """

    def __init__(self, scores: Sequence[NormalScores]) -> None:
        fits = np.array([each.factor is not None and each.line.cells.steps <= MAX_STEPS for each in scores], bool)
        self._alone = [(column, scores[column]) for column in np.flatnonzero(~fits).tolist()]
        together = np.flatnonzero(fits)
        self._tables = []
        for begin in range(0, len(together), MAX_COLUMNS):
            columns = together[begin : begin + MAX_COLUMNS]
            self._tables.append((_part(columns), _Table.of([scores[column] for column in columns.tolist()])))

    def of(self, values: Floats, positions: Ints) -> Floats:
        """Return the scores of values.

        Args:
            values: The values, shape (n, columns); the score of one that is not finite may be any number.
            positions: Their positions in the stream, shape (n,) or (n, columns).

        Returns:
            The scores in standard deviations, shape (n, columns).
        """
        scores = np.empty(values.shape)
        for columns, table in self._tables:
            size = max(MAX_VALUES // table.factor.size, 1)
            for begin in range(0, len(values), size):
                rows = slice(begin, begin + size)
                some = positions[rows] if positions.ndim == 1 else positions[rows, columns]
                scores[rows, columns] = table.scores(values[rows, columns], some)
        for column, alone in self._alone:
            some = positions if positions.ndim == 1 else positions[:, column]
            scores[:, column] = alone.of(np.ascontiguousarray(values[:, column]), some)
        return scores


def _part(columns: Indices) -> slice | Indices:
    """Return columns as a slice if they follow one another."""
    first, last = int(columns[0]), int(columns[-1])
    return slice(first, last + 1) if last - first + 1 == len(columns) else columns


class _Table(NamedTuple):
    """Normal scores of some columns; arrays of pieces and of cells hold one column after the other.

    Attributes:
        factor: The power of two of each column, shape (columns,).
        low: The start of the first cell of each column, shape (columns,).
        per_unit: The number of cells per unit of the values of each column, shape (columns,).
        first_cells: The index of the first cell of each column, shape (columns,).
        first: The index of the first piece of each cell.
        steps: The largest number of knots in a cell.
        pieces: The pieces of all columns.
        atoms: The atoms of all columns.
    """

    factor: Floats
    low: Floats
    per_unit: Floats
    first_cells: Indices
    first: Indices
    steps: int
    pieces: Pieces
    atoms: Atoms

    @classmethod
    def of(cls, scores: Sequence[NormalScores]) -> _Table:
        """Return the table of columns that it fits."""
        lines, cells = [each.line for each in scores], [each.line.cells for each in scores]
        firsts = np.cumsum([0, *(len(line.pieces.starts) for line in lines)])
        return cls(
            np.array([each.factor for each in scores]),
            np.array([each.low for each in cells]),
            np.array([each.per_unit for each in cells]),
            _starts(each.pieces for each in cells),
            np.concatenate([each.pieces + first for each, first in zip(cells, firsts, strict=False)]),
            max(each.steps for each in cells),
            Pieces.joined(line.pieces for line in lines),
            Atoms.joined([each.atoms for each in scores]),
        )

    def scores(self, values: Floats, positions: Ints) -> Floats:
        """Return the scores of values, shape (n, columns)."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            values = finite(values * self.factor)
            pieces = self._find(values)
            scores = self.pieces.at(pieces, values)
        if self.atoms.exist:
            is_atom = self.atoms.mask.take(pieces) & (self.pieces.starts.take(pieces) == values)
            at = np.flatnonzero(is_atom)
            shares = uniform(positions).take(at // values.shape[1] if positions.ndim == 1 else at)
            scores.put(at, self.atoms.spread(pieces.take(at), shares))
        return scores

    def _find(self, values: Floats) -> Indices:
        """Return the index of the piece that each number is in; that of NaN is any."""
        cells = values - self.low
        cells *= self.per_unit
        # A value outside the range has the first or the last cell.
        np.fmin(np.fmax(cells, 0.0, out=cells), CELLS, out=cells)
        pieces: Indices = self.first.take(cells.astype(np.intp) + self.first_cells)
        pieces += self._is_past(pieces, values)
        # Most values are in the first piece that starts in their cell, or before it.
        further = np.flatnonzero(self._is_past(pieces, values)) if self.steps > 1 else pieces[:0]
        flat = pieces.reshape(-1)
        while len(further):
            flat[further] += 1
            further = further[self._is_past(flat.take(further), values.take(further))]
        return pieces

    def _is_past(self, pieces: Indices, values: Floats) -> Bools:
        """Return a mask of the numbers that are not before the end of a piece."""
        is_past: Bools = self.pieces.ends.take(pieces) <= values
        return is_past


def _starts(arrays: Iterable[Indices]) -> Indices:
    """Return the index of the first element of each array when they are joined."""
    lengths = np.array([len(each) for each in arrays], dtype=np.intp)
    return np.cumsum(lengths) - lengths
