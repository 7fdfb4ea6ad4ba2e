"""Means of batches of neighbouring values, long enough to be nearly independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.signals.columns import Column


class BatchMeans:
    """Turns a column into the means of its batches, each at the position of its last value.

    Args:
        length: Number of values of a batch; 1 leaves the column as it is.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._held: Floats = np.empty(0)

    def add(self, column: Column) -> tuple[Column, int]:
        """Return the batches that are complete now, and the row of the column that the first of them ends at."""
        if self._length == 1:
            return column, 0
        values = np.concatenate((self._held, column.values))
        count = len(values) // self._length
        first = self._length - len(self._held) - 1
        # Row by row from left to right: the same sum however the column is cut.
        whole = values[: count * self._length].reshape(count, self._length)
        means = np.cumsum(whole, axis=1)[:, -1] / self._length if count else np.empty(0)
        self._held = values[count * self._length :]
        ends = slice(first, None, self._length)
        return Column(means, column.index[ends], column.ts[ends]), first

    def state(self) -> list[float]:
        """Return the values of the batch that is not complete yet."""
        held: list[float] = self._held.tolist()
        return held

    def restore(self, state: Sequence[float]) -> None:
        """Load what `state` returned."""
        self._held = np.array(state, dtype=np.float64)
