"""The next values of a block of signals, with what several detectors of them need."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from stream_monitor.core.arrays import Floats, Ints, column_sums, pieces
from stream_monitor.drift.change import SUM_SCALE
from stream_monitor.drift.transform_columns import TransformColumns
from stream_monitor.drift.value_queue import ColumnValues
from stream_monitor.signals.matrix_part import ColumnMatrix


class BlockInput:
    """The next values of a block of signals; transforms that detectors have in common are computed once.

    Attributes:
        values: The values, shape (m, columns).
        counts: The number of values that each column takes, shape (columns,); None: all m.

    Args:
        matrix: The values of each signal.
        counts: The number of values that each takes.
    """

    def __init__(self, matrix: ColumnMatrix, counts: Ints | None) -> None:
        self._matrix, self.values, self.counts = matrix, matrix.values, counts
        self._transformed: dict[Hashable, Floats] = {}

    @property
    def sizes(self) -> Ints:
        """The number of values that each column takes, shape (columns,)."""
        return np.full(self.values.shape[1], len(self.values)) if self.counts is None else self.counts

    def transformed(self, transforms: TransformColumns) -> Floats:
        """Return the values through the transform of each column, shape (m, columns)."""
        if transforms.key not in self._transformed:
            self._transformed[transforms.key] = transforms.of(self._matrix)
        return self._transformed[transforms.key]


class RawTotals:
    """The sums of the raw values of signals; those that detectors have in common are computed once.

    Attributes:
        values: The values.

    Args:
        values: The values.
    """

    def __init__(self, values: ColumnValues) -> None:
        self.values = values
        self._known: list[tuple[Floats, Floats]] = []

    def after(self, before: Floats) -> Floats:
        """Return the sums of the values, times ``2^SUM_SCALE``, carried on from these; shape (columns,)."""
        for known, after in self._known:
            if np.array_equal(known, before):
                return after.copy()
        after = sums_after(before, *self.values, 2.0**SUM_SCALE)
        self._known.append((before, after))
        return after


def sums_after(before: Floats, steps: Floats, counts: Ints | None, scale: float = 1.0) -> Floats:
    """Return the sum of each column, carried on strictly in order, after as many steps as it takes.

    Args:
        before: The sums, none of them -0.0, shape (columns,).
        steps: Shape (m, columns).
        counts: The number of steps that each column takes, shape (columns,); None: all m.
        scale: A power of two that each step is multiplied by.

    >>> sums_after(np.array([1.0, 1.0]), np.ones((3, 2)), np.array([3, 1]))
    array([4., 2.])
    """
    for part in pieces(*steps.shape):
        rows = np.empty((part.stop - part.start + 1, len(before)))
        rows[0] = before
        np.multiply(steps[part], scale, out=rows[1:])
        if counts is not None:
            np.copyto(rows[1:], 0.0, where=np.arange(part.start, part.stop)[:, None] >= counts)
        before = column_sums(rows)
    return before.copy()
