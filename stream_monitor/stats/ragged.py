"""Arrays of different lengths in one, each behind the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats, Ints

_T = TypeVar("_T", bound=np.generic)


class Ragged:
    """The places of rows in a flat array.

    Args:
        lengths: The length of each row, shape (rows,).

    Attributes:
        lengths: The length of each row, shape (rows,).
        starts: The position of each row's first element, shape (rows,).
        ends: The position behind each row's last element, shape (rows,).

    >>> rows = Ragged([2, 1])
    >>> rows.sums(np.array([1.0, 2.0, 5.0])), rows.repeat(np.array([7, 8]))
    ([3.0, 5.0], array([7, 7, 8]))
    """

    def __init__(self, lengths: Sequence[int] | Ints) -> None:
        self.lengths = np.asarray(lengths, dtype=np.int64)
        self.ends = np.cumsum(self.lengths)
        self.starts = self.ends - self.lengths
        #: The length of all rows, None where they differ.
        self._length = int(self.lengths[0]) if len(set(self.lengths.tolist())) == 1 else None

    @property
    def size(self) -> int:
        """The number of elements of all rows, at least one, together."""
        return int(self.ends[-1])

    @property
    def bounds(self) -> list[tuple[int, int]]:
        """The start and end of each row."""
        return list(zip(self.starts.tolist(), self.ends.tolist(), strict=True))

    def repeat(self, values: NDArray[_T]) -> NDArray[_T]:
        """Return the flat array whose rows have one value each, given by row: shape (rows,)."""
        return np.repeat(values, self.lengths)

    def parts(self, flat: NDArray[_T]) -> list[NDArray[_T]]:
        """Return the rows of a flat array as views."""
        return [flat[start:end] for start, end in self.bounds]

    def sums(self, flat: Floats) -> list[float]:
        """Return the sum of each row; it is the one that ``sum`` has of the row alone, to the last bit."""
        if self._length:
            found: list[float] = np.add.reduce(flat.reshape(-1, self._length), axis=1).tolist()
            return found
        return [float(np.add.reduce(part)) for part in self.parts(flat)]
