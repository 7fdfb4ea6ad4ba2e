"""Values that were fed to a block of signals, and are not counted and summed up yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import MAX_PIECE, Floats, Ints

#: Rows of values in a queue, at most.
MAX_ROWS = 2_048


class ColumnValues(NamedTuple):
    """Values of several columns; those of a column after its count may be any numbers.

    Attributes:
        values: Shape (m, columns).
        counts: The number of values of each column, shape (columns,); None: all have m.
    """

    values: Floats
    counts: Ints | None

    @property
    def sizes(self) -> Ints:
        """The number of values of each column, shape (columns,)."""
        return np.full(self.values.shape[1], len(self.values)) if self.counts is None else self.counts

    @classmethod
    def joined(cls, parts: Sequence[ColumnValues]) -> ColumnValues:
        """Return the values of each column one after the other.

        >>> one = ColumnValues(np.array([[1.0, 5.0], [2.0, 0.0]]), np.array([2, 1]))
        >>> joined = ColumnValues.joined([one, one])
        >>> joined.values[:, 0].tolist(), joined.values[:2, 1].tolist(), joined.counts.tolist()
        ([1.0, 2.0, 1.0, 2.0], [5.0, 5.0], [4, 2])
        """
        if len(parts) == 1:
            return parts[0]
        if all(part.counts is None for part in parts):
            return cls(np.concatenate([part.values for part in parts]), None)
        columns = np.arange(parts[0].values.shape[1])
        values, ends = np.zeros((sum(len(part.values) for part in parts), len(columns))), np.zeros_like(columns)
        for part in parts:
            # What stands after a column's count is replaced by its next values.
            values[ends + np.arange(len(part.values))[:, None], columns] = part.values
            ends = ends + part.sizes
        return cls(values[: int(ends.max())], ends)


class ValueQueue:
    """The newest values of a block of signals, until they are enough to be counted and summed up at once.

    What a count, a sum or the newest values are is asked for much more rarely than values come. The cost of a call
    does not depend on the number of values as long as they are few; so they wait, and are taken in one go with the
    same result.
    """

    def __init__(self) -> None:
        self._raw: list[ColumnValues] = []
        self._transformed: dict[str, list[ColumnValues]] = {}
        self._rows = 0

    def add(self, values: ColumnValues, transformed: Mapping[str, Floats]) -> None:
        """Add the next values.

        Args:
            values: The values.
            transformed: The same values as each detector has been fed with them, by its name, where that is needed.
        """
        self._raw.append(values)
        for name, each in transformed.items():
            self._transformed.setdefault(name, []).append(ColumnValues(each, values.counts))
        self._rows += len(values.values)

    @property
    def is_full(self) -> bool:
        """True if the values are worth to be taken."""
        return self._rows >= MAX_ROWS or self._rows * self._raw[0].values.shape[1] >= MAX_PIECE

    def take(self) -> tuple[ColumnValues, Mapping[str, ColumnValues]] | None:
        """Return all values, and those of the detectors by name, and forget them; None without values."""
        if not self._raw:
            return None
        raw = ColumnValues.joined(self._raw)
        transformed = {name: ColumnValues.joined(parts) for name, parts in self._transformed.items()}
        self._raw, self._transformed, self._rows = [], {}, 0
        return raw, transformed
