"""A part of the next values of many signals: of each column some values in a row."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.signals.columns import Column


class ColumnMatrix(Protocol):
    """The next values of many signals, a column each, as `SignalMatrix` has them."""

    @property
    def values(self) -> Floats:
        """Finite values, shape (m, columns)."""
        ...

    @property
    def counts(self) -> Ints | None:
        """The number of values of each column, shape (columns,); None: all have m."""
        ...

    @property
    def sizes(self) -> Ints:
        """The number of values of each column, shape (columns,)."""
        ...

    def column(self, column: int) -> Column:
        """Return the values of one column."""
        ...

    def positions(self) -> Ints:
        """Return the positions of the values in the stream, shape (m,) or (m, columns); any after the last."""
        ...

    def take(self, columns: Ints) -> ColumnMatrix:
        """Return some of the columns, in this order."""
        ...


class MatrixPart:
    """A part of a matrix, in which each column begins and ends at a value of its own.

    Attributes:
        values: The values, shape (m, columns).
        counts: The number of values of each column, shape (columns,); None: all have m.

    Args:
        matrix: The whole matrix.
        begins: The place of the first value of each column, shape (columns,).
        ends: The place after the last one, not beyond the column's count, shape (columns,).
        size: The number of rows, at least that of the values of each column; None: as many.

    >>> from stream_monitor.signals.matrix import SignalMatrix
    >>> matrix = SignalMatrix(np.array([[1.0, 5.0], [2.0, 6.0]]), np.arange(2), np.zeros(2))
    >>> part = MatrixPart(matrix, np.array([1, 0]), np.array([2, 1]))
    >>> part.values, part.column(0)
    (array([[2., 5.]]), Column(values=array([2.]), index=array([1]), ts=array([0.])))
    """

    def __init__(self, matrix: ColumnMatrix, begins: Ints, ends: Ints, size: int | None = None) -> None:
        self._matrix, self._begins, self._ends = matrix, begins, ends
        sizes = ends - begins
        self._size = int(sizes.max(initial=0)) if size is None else size
        self.values = self._moved_up(matrix.values)
        self.counts = None if (sizes == self._size).all() else sizes

    def _moved_up(self, table: Ints | Floats) -> Any:
        """Return the rows of a table that belong to the part, those of each column moved up to its top."""
        begins, first = self._begins, int(self._begins[0])
        if first + self._size <= len(table) and (begins == first).all():
            return table[first : first + self._size]
        rows = np.minimum(begins + np.arange(self._size)[:, None], len(table) - 1)
        return table[rows] if table.ndim == 1 else table[rows, np.arange(len(begins))]

    @property
    def sizes(self) -> Ints:
        """The number of values of each column, shape (columns,)."""
        return self._ends - self._begins

    def column(self, column: int) -> Column:
        """Return the values of one column."""
        return self._matrix.column(column).until(int(self._ends[column])).cut(int(self._begins[column]))

    def positions(self) -> Ints:
        """Return the positions of the values in the stream, shape (m,) or (m, columns); any after the last."""
        positions: Ints = self._moved_up(self._matrix.positions())
        return positions

    def take(self, columns: Ints) -> MatrixPart:
        """Return some of the columns, in this order."""
        return MatrixPart(self._matrix.take(columns), self._begins[columns], self._ends[columns], self._size)
