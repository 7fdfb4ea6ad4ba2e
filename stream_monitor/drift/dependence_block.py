"""The estimates of the dependence of many signals side by side."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, Ints, column_sums, pieces
from stream_monitor.drift.dependence import DependenceCheck

#: The room of a signal whose dependence is not estimated any more; no count reaches it.
_NEVER = sys.maxsize


class _Estimates(NamedTuple):
    """The state of `DependenceCheck` and its estimator for each column.

    Attributes:
        seen: Number of values since the warm-up, shape (columns,).
        room: Number of values up to the next estimate, shape (columns,).
        fed: Number of values in the sums, shape (columns,).
        last: The newest of them, shape (columns,).
        sums: Those of the values, of their squares, and of the products of neighbours, shape (3, columns).
    """

    seen: Ints
    room: Ints
    fed: Ints
    last: Floats
    sums: Floats


class DependenceBlock:
    """The `DependenceCheck` of many signals between two of their estimates.

    Args:
        checks: That of each column.
    """

    def __init__(self, checks: Sequence[DependenceCheck]) -> None:
        size = len(checks)
        seen, room, fed = (np.zeros(size, np.int64) for _ in range(3))
        self._state = _Estimates(seen, room, fed, np.zeros(size), np.zeros((3, size)))
        for column, each in enumerate(checks):
            self.load(column, each)

    @property
    def room(self) -> Ints:
        """Number of values up to the next estimate of each column, shape (columns,)."""
        return self._state.room

    @property
    def is_learning(self) -> bool:
        """True while an estimate of some column is still to come."""
        return int(self._state.room.min()) < _NEVER

    def add(self, values: Floats, counts: Ints | None) -> None:
        """Add the next transformed values, each column's count below its `room`.

        Args:
            values: Shape (m, columns).
            counts: The number of values that each column takes, shape (columns,); None: all m.
        """
        state = self._state
        learning = np.flatnonzero(state.room < _NEVER)
        if len(learning) == len(state.room):
            self._state = _advanced(state, values, counts)
        elif len(learning):
            before = _Estimates._make(each[..., learning] for each in state)
            after = _advanced(before, values[:, learning], None if counts is None else counts[learning])
            for each, new in zip(state, after, strict=True):
                each[..., learning] = new

    def load(self, column: int, check: DependenceCheck) -> None:
        """Read a column's state from that of a signal alone."""
        state, estimator = self._state, check.estimator
        state.seen[column], state.room[column] = check.seen, check.room
        state.fed[column], state.last[column], state.sums[:, column] = (
            estimator.count,
            estimator.last,
            estimator.sums,
        )

    def store(self, column: int, check: DependenceCheck) -> None:
        """Write a column's state into that of a signal alone."""
        state, estimator = self._state, check.estimator
        check.seen = int(state.seen[column])
        estimator.count, estimator.last = int(state.fed[column]), float(state.last[column])
        estimator.sums = state.sums[:, column].copy()


def _advanced(estimates: _Estimates, values: Floats, counts: Ints | None) -> _Estimates:
    """Return the estimates after the next values, as `Lag1Estimator.add` has them."""
    for part in pieces(len(values), 3 * values.shape[1]):
        some = values[part]
        taken = None if counts is None else np.clip(counts - part.start, 0, len(some))
        estimates = _with_piece(estimates, some, taken)
    return estimates


def _with_piece(before: _Estimates, values: Floats, counts: Ints | None) -> _Estimates:
    size, columns = values.shape
    if counts is not None:
        # Values after a column's count may be any numbers: their squares must not overflow.
        values = np.where(np.arange(size)[:, None] < counts, values, 0.0)
    rows = np.empty((size + 1, 3, columns))
    rows[0], rows[1:, 0] = before.sums, values
    np.multiply(values, values, out=rows[1:, 1])
    neighbour = np.where(before.fed > 0, before.last, values[0])
    np.multiply(values[0], neighbour, out=rows[1, 2])
    np.multiply(values[1:], values[:-1], out=rows[2:, 2])
    if counts is None:
        taken, last = np.full(columns, size), values[-1]
    else:
        taken, newest = counts, values[np.maximum(counts, 1) - 1, np.arange(columns)]
        last = np.where(counts > 0, newest, before.last)
    sums = column_sums(rows.reshape(size + 1, 3 * columns)).reshape(3, columns)
    return _Estimates(before.seen + taken, before.room - taken, before.fed + taken, last.copy(), sums)
