"""The next values of many signals side by side, each with a count of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.signals.columns import Column


class RowMap(NamedTuple):
    """The predictions that the values of each column belong to.

    Attributes:
        mask: The predictions that have a value, shape (n, columns); None: all n have one in each column.
        firsts: The first of them that a value is kept of, shape (columns,); None: the first of all.
        step: Every how many of them a value is kept of.
    """

    mask: Bools | None = None
    firsts: Ints | None = None
    step: int = 1

    def of(self, column: int, size: int) -> Ints:
        """Return the rows of a column's values, of ``size`` predictions."""
        rows = np.arange(size) if self.mask is None else np.flatnonzero(self.mask[:, column])
        return rows if self.firsts is None else rows[int(self.firsts[column]) :: self.step]

    def table(self, size: int, columns: Ints, count: int) -> Ints:
        """Return the rows of the first ``count`` values of some columns, shape (count, columns); any after the last.

        Args:
            size: The number of predictions.
            columns: The columns.
            count: The number of values.
        """
        places = np.arange(count)[:, None] * self.step
        if self.firsts is not None:
            places = places + self.firsts[columns]
        if self.mask is None:
            return np.broadcast_to(np.minimum(places, size - 1), (count, len(columns)))
        # The rows with a value come first, in order.
        rows: Ints = np.argsort(~self.mask[:, columns], axis=0, kind="stable")
        return rows[np.minimum(places, size - 1), np.arange(len(columns))]

    def flat(self, columns: Ints, counts: Ints) -> Ints:
        """Return the rows of the values of some columns, one column after the other.

        Args:
            columns: The columns.
            counts: The number of values of each, shape (len(columns),).
        """
        places = (np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)) * self.step
        if self.firsts is not None:
            places += np.repeat(self.firsts[columns], counts)
        if self.mask is None:
            return places
        rows, which = np.nonzero(self.mask[:, columns])
        order = np.argsort(which, kind="stable")
        found: Ints = rows[order][np.repeat(np.searchsorted(which[order], np.arange(len(columns))), counts) + places]
        return found


class JoinedRows:
    """The rows of columns that come from several matrices.

    Args:
        parts: The matrices, whose predictions may differ.
    """

    def __init__(self, parts: Sequence[SignalMatrix]) -> None:
        self._parts = parts
        self._firsts = np.cumsum([0, *(part.values.shape[1] for part in parts)])

    def of(self, column: int, size: int) -> Ints:  # noqa: ARG002 (the parts know it)
        """Return the rows of a column's values in its own matrix."""
        part, place = self._place(column)
        return part.rows(place)

    def column(self, column: int) -> Column:
        """Return the values of one column."""
        part, place = self._place(column)
        return part.column(place)

    def flat(self, columns: Ints) -> Column:
        """Return the values of some columns, rising, one column after the other."""
        parts = zip(self._parts, self._firsts[:-1], self._firsts[1:], strict=True)
        inside = [(part, columns[(columns >= first) & (columns < end)] - first) for part, first, end in parts]
        return Column.join([part.flat(some) for part, some in inside])

    def positions(self, columns: Ints, count: int) -> Ints:
        """Return the positions of the first ``count`` values of some columns, as `SignalMatrix.positions`."""
        positions = np.zeros((count, len(columns)), np.int64)
        for part, first, end in zip(self._parts, self._firsts[:-1], self._firsts[1:], strict=True):
            inside = np.flatnonzero((columns >= first) & (columns < end))
            if len(inside) and len(part.index):
                positions[:, inside] = part.index[part.table(columns[inside] - first, count)]
        return positions

    def _place(self, column: int) -> tuple[SignalMatrix, int]:
        part = int(np.searchsorted(self._firsts, column, "right")) - 1
        return self._parts[part], column - int(self._firsts[part])


class SignalMatrix:
    """The next values of many signals over n predictions, a column each.

    A column has as many values as its count says; the numbers below them mean nothing.

    Attributes:
        values: Finite values, shape (m, columns).
        counts: The number of values of each column, shape (columns,); None: all have m.
        index: Positions of the predictions in the stream, shape (n,).
        ts: Event times of the predictions in seconds, NaN where unknown, shape (n,).
    """

    def __init__(
        self,
        values: Floats,
        index: Ints,
        ts: Floats,
        counts: Ints | None = None,
        rows: RowMap | JoinedRows | None = None,
    ) -> None:
        self.values, self.index, self.ts, self.counts = values, index, ts, counts
        self._rows = rows
        #: The column of the row map that each column has; None: the same.
        self._sources: Ints | None = None

    @classmethod
    def of_finite(cls, values: Floats, is_finite: Bools, index: Ints, ts: Floats) -> SignalMatrix:
        """Return the finite values of each column, moved up to its top.

        Args:
            values: Values, NaN where there is none, shape (n, columns).
            is_finite: A mask of the finite ones, shape (n, columns).
            index: Positions of the predictions in the stream, shape (n,).
            ts: Their event times, shape (n,).

        >>> values = np.array([[np.nan, 1.0], [5.0, 2.0]])
        >>> matrix = SignalMatrix.of_finite(values, np.isfinite(values), np.arange(2), np.zeros(2))
        >>> matrix.counts, matrix.column(0)
        (array([1, 2]), Column(values=array([5.]), index=array([1]), ts=array([0.])))
        """
        if is_finite.all():
            return cls(values, index, ts)
        counts = is_finite.sum(axis=0)
        # Column by column: a mask takes and puts values in the same order.
        most = int(counts.max(initial=0))
        packed = np.zeros((len(counts), most))
        packed[np.arange(most) < counts[:, None]] = values.T[is_finite.T]
        return cls(np.ascontiguousarray(packed.T), index, ts, counts, RowMap(is_finite))

    @classmethod
    def joined(cls, parts: Sequence[SignalMatrix]) -> SignalMatrix:
        """Return matrices one beside the other; a row is then that of the column's own matrix.

        >>> index, ts = np.arange(2), np.zeros(2)
        >>> parts = [SignalMatrix(np.ones((rows, 1)), index, ts) for rows in (2, 1)]
        >>> SignalMatrix.joined(parts).counts
        array([2, 1])
        """
        counts = np.concatenate([part.sizes for part in parts])
        size = int(counts.max(initial=0))
        values, begin = np.zeros((size, len(counts))), 0
        for part in parts:
            end = begin + part.values.shape[1]
            some = part.values[:size]
            values[: len(some), begin:end] = some
            begin = end
        is_even = not len(counts) or int(counts.min()) == size
        return cls(values, parts[0].index, parts[0].ts, None if is_even else counts, JoinedRows(parts))

    @property
    def sizes(self) -> Ints:
        """The number of values of each column, shape (columns,)."""
        return np.full(self.values.shape[1], len(self.values)) if self.counts is None else self.counts

    def rows(self, column: int) -> Ints:
        """Return the predictions that the values of a column belong to, as rows of the n."""
        return (self._rows or RowMap()).of(self._source(column), len(self.index))

    def _source(self, column: int) -> int:
        """Return the column of the row map that a column has."""
        return column if self._sources is None else int(self._sources[column])

    def table(self, columns: Ints, count: int) -> Ints:
        """Return the rows of the first values of some columns, shape (count, columns); any rows after the last."""
        assert not isinstance(self._rows, JoinedRows)
        sources = columns if self._sources is None else self._sources[columns]
        return (self._rows or RowMap()).table(len(self.index), sources, count)

    def positions(self) -> Ints:
        """Return the positions of the values in the stream, shape (m,) or (m, columns); any after the last."""
        if self._rows is None:
            return self.index
        columns = np.arange(self.values.shape[1])
        if isinstance(self._rows, JoinedRows):
            return self._rows.positions(columns if self._sources is None else self._sources, len(self.values))
        return self.index[self.table(columns, len(self.values))]

    def column(self, column: int) -> Column:
        """Return the values of one column."""
        if self._rows is None:
            return Column(np.ascontiguousarray(self.values[:, column]), self.index, self.ts)
        if isinstance(self._rows, JoinedRows):
            return self._rows.column(self._source(column))
        rows = self.rows(column)
        return Column(self.values[: len(rows), column].copy(), self.index[rows], self.ts[rows])

    def flat(self, columns: Ints) -> Column:
        """Return the values of some columns, rising, one column after the other.

        >>> matrix = SignalMatrix(np.array([[1.0, 2.0], [3.0, 4.0]]), np.arange(2), np.zeros(2))
        >>> matrix.flat(np.array([0, 1])).values.tolist()
        [1.0, 3.0, 2.0, 4.0]
        """
        sources = columns if self._sources is None else self._sources[columns]
        if isinstance(self._rows, JoinedRows):
            return self._rows.flat(sources)
        counts = self.sizes[columns]
        rows = (self._rows or RowMap()).flat(sources, counts)
        is_there = np.arange(len(self.values)) < counts[:, None]
        return Column(self.values[:, columns].T[is_there], self.index[rows], self.ts[rows])

    def take(self, columns: Ints) -> SignalMatrix:
        """Return some of the columns, in this order; one without values where it is -1."""
        counts = None if self.counts is None else self.counts[columns]
        if (columns < 0).any():
            counts = np.where(columns < 0, 0, self.sizes[columns])
        part = SignalMatrix(self.values[:, columns], self.index, self.ts, counts, self._rows or RowMap())
        part._sources = columns if self._sources is None else self._sources[columns]
        return part

    def every(self, values: Floats, counts: Ints | None, firsts: Ints, step: int) -> SignalMatrix:
        """Return a matrix whose values come once in ``step`` values of this one.

        Args:
            values: The new values, shape (m, columns).
            counts: The number of new values of each column, shape (columns,); None: all have m.
            firsts: The place in this matrix at which the first value of each column comes, shape (columns,).
            step: Values of this matrix for one of the new.
        """
        assert not isinstance(self._rows, JoinedRows)
        mask = None if self._rows is None else self._rows.mask
        if mask is not None and self._sources is not None:
            mask = mask[:, self._sources]
        rows = RowMap(mask, firsts, step)
        return SignalMatrix(values, self.index, self.ts, counts, rows)
