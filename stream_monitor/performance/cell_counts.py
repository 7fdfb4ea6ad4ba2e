"""Counts of cells, over all values and over the newest ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats, Ints, pack, unpack

#: Cells at most: the newest values are kept in a byte each.
MAX_CELLS = 256


class CellCounts:
    """Counts how often each cell of a table comes.

    Args:
        cells: The number of cells.
        window: The number of newest values that are also counted by themselves.

    >>> counts = CellCounts(3, window=2)
    >>> counts.add(np.array([0, 2, 2], np.uint8))
    >>> counts.cumulative.tolist(), counts.rolling.tolist()
    ([1, 0, 2], [0, 0, 2])
    """

    def __init__(self, cells: int, window: int) -> None:
        assert cells <= MAX_CELLS
        self._window = window
        self._cumulative: Ints = np.zeros(cells, np.int64)
        self._newest: NDArray[np.uint8] = np.empty(0, np.uint8)

    def add(self, cells: NDArray[np.uint8]) -> None:
        """Count the next values, shape (n,)."""
        self._cumulative += np.bincount(cells, minlength=len(self._cumulative))
        self._newest = np.concatenate((self._newest, cells))[-self._window :]

    @property
    def cumulative(self) -> Ints:
        """The counts of all values, shape (cells,)."""
        return self._cumulative.copy()

    @property
    def rolling(self) -> Ints:
        """The counts of the newest values, shape (cells,)."""
        return np.bincount(self._newest, minlength=len(self._cumulative))

    def state(self) -> dict[str, Any]:
        return {"cumulative": self._cumulative.tolist(), "newest": pack(self._newest.astype(np.float64))}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._cumulative = np.array(state["cumulative"], np.int64)
        self._newest = unpack(state["newest"]).astype(np.uint8)


class CellSums:
    """Sums of numbers and of their squares by cell, each added up strictly in order.

    Args:
        cells: The number of cells.
        window: The number of newest values that are also summed up by themselves.

    >>> sums = CellSums(2, window=1)
    >>> sums.add(np.array([0, 1], np.uint8), np.array([3.0, -2.0]))
    >>> sums.cumulative.tolist(), sums.rolling.tolist()
    ([[3.0, 9.0], [-2.0, 4.0]], [[0.0, 0.0], [-2.0, 4.0]])
    """

    def __init__(self, cells: int, window: int) -> None:
        self._window = window
        self._cumulative: Floats = np.zeros((cells, 2))
        self._newest: tuple[NDArray[np.uint8], Floats] = np.empty(0, np.uint8), np.empty(0)

    def add(self, cells: NDArray[np.uint8], values: Floats) -> None:
        """Add the next values and their cells, shape (n,) each."""
        self._cumulative = _summed(self._cumulative, cells, values)
        all_cells, all_values = np.concatenate((self._newest[0], cells)), np.concatenate((self._newest[1], values))
        self._newest = all_cells[-self._window :], all_values[-self._window :]

    @property
    def cumulative(self) -> Floats:
        """The sums of all values and of their squares, shape (cells, 2)."""
        return self._cumulative.copy()

    @property
    def rolling(self) -> Floats:
        """The sums of the newest values and of their squares, shape (cells, 2)."""
        return _summed(np.zeros_like(self._cumulative), *self._newest)

    def state(self) -> dict[str, Any]:
        cells, values = self._newest
        sums = self._cumulative.ravel()
        return {"cumulative": pack(sums), "newest": [pack(cells.astype(np.float64)), pack(values)]}

    def restore(self, state: Mapping[str, Any]) -> None:
        cells, values = map(unpack, state["newest"])
        self._cumulative, self._newest = unpack(state["cumulative"]).reshape(-1, 2), (cells.astype(np.uint8), values)


def _summed(sums: Floats, cells: NDArray[np.uint8], values: Floats) -> Floats:
    """Return sums with more values; NumPy adds the weights of a bin one by one, in order."""
    count = len(sums)
    places = np.concatenate((np.arange(count), cells.astype(np.int64)))
    weights = np.concatenate((sums, np.column_stack((values, values * values))))
    return np.column_stack([np.bincount(places, weights[:, column], count) for column in (0, 1)])
