"""The distinct values of many windows of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.stats.ragged import Ragged


class DistinctValues:
    """The distinct values of each window in increasing order, one window a row.

    Args:
        windows: Finite values in any order, at least one each.

    Attributes:
        sizes: The places of the windows with all their values.
        rows: The places of the windows with their distinct values.
        values: The distinct values.
        upto: The number of values of the window that are at most each.

    >>> distinct = DistinctValues([np.array([2.0, 1.0, 2.0]), np.array([5.0])])
    >>> distinct.values, distinct.upto, distinct.rows.lengths
    (array([1., 2., 5.]), array([1, 3, 1]), array([2, 1]))
    """

    def __init__(self, windows: Sequence[Floats]) -> None:
        self.sizes = Ragged([len(window) for window in windows])
        ordered = np.concatenate(windows)
        for part in self.sizes.parts(ordered):
            part.sort()
        is_last = np.append(ordered[1:] != ordered[:-1], True)
        is_last[self.sizes.ends - 1] = True
        last = np.flatnonzero(is_last)
        self.rows = Ragged(np.diff(np.searchsorted(last, self.sizes.ends), prepend=0))
        self.values = ordered[last]
        self.upto: Ints = last - self.rows.repeat(self.sizes.starts) + 1

    def places(self, rows: Ragged, x: Floats) -> tuple[Ints, Ints]:
        """Return the place of each x among the values of its window: left of an equal one, and right of it.

        Args:
            rows: The places of the windows in ``x``.
            x: Numbers by window, increasing in each.
        """
        pairs = zip(self.rows.parts(self.values), rows.parts(x), strict=True)
        left = np.concatenate([np.searchsorted(values, part) for values, part in pairs])
        left += rows.repeat(self.rows.starts)
        is_equal = self.values[np.minimum(left, len(self.values) - 1)] == x
        return left, left + (is_equal & (left < rows.repeat(self.rows.ends)))

    def counts_before(self, rows: Ragged, places: Ints) -> Ints:
        """Return how many values of the window, with their repetitions, are before each of the `places`."""
        return np.where(places > rows.repeat(self.rows.starts), self.upto[places - 1], 0)
