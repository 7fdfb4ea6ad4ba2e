"""The estimates of the dependence of many signals side by side."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np

from stream_monitor.core.arrays import Floats, Indices, Ints, pieces
from stream_monitor.drift.dependence_check import DependenceCheck
from stream_monitor.stats.haar_variances import LEVELS, advance

#: The room of a signal whose dependence is not estimated any more; no count reaches it.
_NEVER = sys.maxsize


class DependenceBlock:
    """The `DependenceCheck` of many signals between two of their estimates.

    Args:
        checks: That of each column.
    """

    def __init__(self, checks: Sequence[DependenceCheck]) -> None:
        size = len(checks)
        self._seen, self._room, self._counts = np.zeros((3, size), np.int64)
        self._held, self._sums = np.zeros((2, LEVELS, size))
        for column, each in enumerate(checks):
            self.load(column, each)

    @property
    def room(self) -> Ints:
        """Number of values up to the next estimate of each column, shape (columns,)."""
        return self._room

    @property
    def is_learning(self) -> bool:
        """True while an estimate of some column is still to come."""
        return int(self._room.min()) < _NEVER

    def add(self, values: Floats, counts: Ints | None) -> None:
        """Add the next measured values, each column's count at most its `room`.

        Args:
            values: Shape (m, columns).
            counts: The number of values that each column takes, shape (columns,); None: all m.
        """
        learning = np.flatnonzero(self._room < _NEVER)
        taken = np.full(len(self._room), len(values)) if counts is None else counts
        for columns in _alike(learning, self._counts, taken):
            self._add(values, columns, int(taken[columns[0]]))
        self._seen[learning] += taken[learning]
        self._room[learning] -= taken[learning]
        self._counts[learning] += taken[learning]

    def _add(self, values: Floats, columns: Indices, taken: int) -> None:
        """Add values of columns that have had as many before."""
        count = int(self._counts[columns[0]])
        held, sums = self._held[:, columns], self._sums[:, columns]
        is_all = len(columns) == values.shape[1]
        for part in pieces(taken, 2 * len(columns)):
            some = values[part] if is_all else values[part][:, columns]
            advance(count + part.start, held, sums, some)
        self._held[:, columns], self._sums[:, columns] = held, sums

    def load(self, column: int, check: DependenceCheck) -> None:
        """Read a column's state from that of a signal alone."""
        self._seen[column], self._room[column] = check.seen, check.room
        newest = check.newest
        self._counts[column] = newest.count
        self._held[:, column], self._sums[:, column] = newest.held, newest.sums

    def store(self, column: int, check: DependenceCheck) -> None:
        """Write a column's state into that of a signal alone."""
        check.seen, newest = int(self._seen[column]), check.newest
        newest.count = int(self._counts[column])
        newest.held, newest.sums = self._held[:, column].copy(), self._sums[:, column].copy()


def _alike(columns: Indices, counts: Ints, taken: Ints) -> Iterator[Indices]:
    """Yield those of the columns that have had as many values and take as many, group by group."""
    if not len(columns):
        return
    first = columns[0]
    if (counts[columns] == counts[first]).all() and (taken[columns] == taken[first]).all():
        yield columns
        return
    keys = np.stack((counts[columns], taken[columns]))
    _, group = np.unique(keys, axis=1, return_inverse=True)
    for number in range(int(group.max()) + 1):
        yield columns[group.ravel() == number]
