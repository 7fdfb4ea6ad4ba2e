"""The newest values of many signals side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats, Ints

#: Rows of the array, as a multiple of the values that are kept: the more, the less often they are moved up.
ROOM = 3
#: Columns that are copied at a time: as many as share the lines of the cache.
MAX_COPIED = 16


class RecentValues:
    """Keeps the newest values of each column.

    The columns of one array are filled from the top, each to an end of its own. When there is no more room, the
    newest values of all columns are moved back to the top.

    Args:
        keep: The number of values to keep of each column, shape (columns,).

    >>> recent = RecentValues([2, 2])
    >>> recent.add(np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]]), np.array([3, 1]))
    >>> recent.of(0), recent.of(1)
    (array([2., 3.]), array([5.]))
    """

    def __init__(self, keep: Sequence[int]) -> None:
        self._keep = np.array(keep, dtype=np.int64)
        self._most = max(keep)
        self._ends, self._sizes = np.zeros((2, len(keep)), np.int64)
        self._values = np.zeros((ROOM * self._most, len(keep)))
        #: The newest values of each column, in a copy of all; empty when values have come since.
        self._views: list[Floats] = []

    def of(self, column: int) -> Floats:
        """Return the newest values of a column, at most as many as are kept."""
        end = int(self._ends[column])
        return self._values[end - int(min(self._sizes[column], self._keep[column])) : end, column].copy()

    def view(self, column: int) -> Floats:
        """Return what `of` returns, in a copy of all columns, which is made once until values come."""
        if not self._views:
            ends = np.minimum(self._ends, self._most)
            begins = ends - np.minimum(self._sizes, self._keep)
            columns = zip(_by_column(self._kept()), begins.tolist(), ends.tolist(), strict=True)
            self._views = [values[begin:end] for values, begin, end in columns]
        return self._views[column]

    def load(self, column: int, values: Floats) -> None:
        """Replace the newest values of a column, at most as many as are kept."""
        self._views = []
        end = int(self._ends.max())
        end = end if len(values) <= end else len(values)
        self._values[end - len(values) : end, column] = values
        self._ends[column], self._sizes[column] = end, len(values)

    def add(self, values: Floats, counts: Ints | None) -> None:
        """Add the next values.

        Args:
            values: Shape (m, columns).
            counts: The number of values that each column takes, shape (columns,); None: all m.
        """
        self._views = []
        self._sizes = self._sizes + (len(values) if counts is None else counts)
        if len(values) > self._most:
            values, counts = _newest(values, counts, self._most)
        if int(self._ends.max()) + len(values) > len(self._values):
            self._move_up()
        self._put(values, counts)

    def _put(self, values: Floats, counts: Ints | None) -> None:
        ends, end = self._ends, int(self._ends[0])
        if (ends == end).all():
            self._values[end : end + len(values)] = values
        else:
            self._values[ends + np.arange(len(values))[:, None], np.arange(values.shape[1])] = values
        self._ends = ends + (len(values) if counts is None else counts)

    def _move_up(self) -> None:
        self._values[: self._most] = self._kept()
        self._ends = np.minimum(self._ends, self._most)

    def _kept(self) -> Floats:
        """Return what moves up, shape (most values, columns)."""
        ends, end, most = self._ends, int(self._ends[0]), self._most
        if (ends == end).all():
            begin = max(end - most, 0)
            return self._values[begin : begin + most]
        rows = np.maximum(ends - most, 0) + np.arange(most)[:, None]
        kept: Floats = self._values[rows, np.arange(len(ends))]
        return kept


def _by_column(values: Floats) -> Floats:
    """Return the transposed array, in which the values of a column stand one behind the other."""
    columns = np.empty(values.shape[::-1])
    for begin in range(0, len(columns), MAX_COPIED):
        part = slice(begin, begin + MAX_COPIED)
        columns[part] = values[:, part].T
    return columns


def _newest(values: Floats, counts: Ints | None, most: int) -> tuple[Floats, Ints | None]:
    """Return at most so many of the newest values of each column, with their counts."""
    if counts is None:
        return values[-most:], None
    first = np.maximum(counts - most, 0)
    return values[first + np.arange(most)[:, None], np.arange(values.shape[1])], counts - first
