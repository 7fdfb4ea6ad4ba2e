"""The estimates of the dependence of many signals side by side."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np

from stream_monitor.core.arrays import Floats, Indices, Ints, pieces
from stream_monitor.drift.dependence_check import DependenceCheck
from stream_monitor.stats.haar_variances import LEVELS, Columns, HaarVariances, advance
from stream_monitor.stats.volatility import magnitudes

#: The room of a signal whose dependence is not estimated any more; no count reaches it.
_NEVER = sys.maxsize


class DependenceBlock:
    """The `DependenceCheck` of many signals between two of their estimates.

    Args:
        checks: That of each column.
    """

    def __init__(self, checks: Sequence[DependenceCheck]) -> None:
        size = len(checks)
        self._seen, self._room = np.zeros((2, size), np.int64)
        self._scores, self._magnitudes = _SeriesBlock(size), _SeriesBlock(size)
        #: What `Volatility` has of each column.
        self._lag1, self._last = np.zeros((2, size))
        self._has_magnitudes = np.zeros(size, bool)
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
        is_learning = self._room < _NEVER
        taken = np.full(len(self._room), len(values)) if counts is None else counts
        self._scores.add(values, taken, np.flatnonzero(is_learning))
        self._add_magnitudes(values, taken, np.flatnonzero(is_learning & self._has_magnitudes & (taken > 0)))
        self._seen[is_learning] += taken[is_learning]
        self._room[is_learning] -= taken[is_learning]

    def _add_magnitudes(self, values: Floats, taken: Ints, columns: Indices) -> None:
        if not len(columns):
            return
        scores = np.concatenate((self._last[None, columns], values[:, columns]))
        found = np.zeros(values.shape)
        found[:, columns] = magnitudes(scores, self._lag1[columns])
        self._magnitudes.add(found, taken, columns)
        self._last[columns] = scores[taken[columns], np.arange(len(columns))]

    def load(self, column: int, check: DependenceCheck) -> None:
        """Read a column's state from that of a signal alone."""
        self._seen[column], self._room[column] = check.seen, check.room
        self._scores.load(column, check.scores.series)
        volatility = check.volatility
        self._magnitudes.load(column, volatility.kept.series)
        self._lag1[column], self._last[column] = volatility.lag1, volatility.last
        self._has_magnitudes[column] = volatility.is_measured

    def store(self, column: int, check: DependenceCheck) -> None:
        """Write a column's state into that of a signal alone."""
        check.seen = int(self._seen[column])
        self._scores.store(column, check.scores.series)
        self._magnitudes.store(column, check.volatility.kept.series)
        check.volatility.last = float(self._last[column])


class _SeriesBlock:
    """The `HaarVariances` of many series."""

    def __init__(self, size: int) -> None:
        self._counts, self._known = np.zeros(size, np.int64), Columns(*np.zeros((4, LEVELS, size)))

    def add(self, values: Floats, taken: Ints, columns: Indices) -> None:
        """Add so many of the next values, shape (m, series), to each of these series."""
        for alike in _alike(columns, self._counts, taken):
            self._add(values, alike, int(taken[alike[0]]))
        self._counts[columns] += taken[columns]

    def _add(self, values: Floats, columns: Indices, taken: int) -> None:
        """Add values of series that have had as many before."""
        count = int(self._counts[columns[0]])
        known = Columns(*(each[:, columns] for each in self._known))
        is_all = len(columns) == values.shape[1]
        for part in pieces(taken, 2 * len(columns)):
            some = values[part] if is_all else values[part][:, columns]
            advance(count + part.start, known, some)
        for all_columns, changed in zip(self._known[:3], known[:3], strict=True):
            all_columns[:, columns] = changed

    def load(self, column: int, series: HaarVariances) -> None:
        """Read one series."""
        self._counts[column] = series.count
        new = (series.held, series.sums, series.drifts, series.limits)
        for all_columns, one in zip(self._known, new, strict=True):
            all_columns[:, column] = one

    def store(self, column: int, series: HaarVariances) -> None:
        """Write one series."""
        series.count = int(self._counts[column])
        series.held, series.sums, series.drifts = (each[:, column].copy() for each in self._known[:3])


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
