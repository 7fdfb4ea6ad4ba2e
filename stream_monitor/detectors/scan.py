"""Functions shared by detectors that scan a column in chunks."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Bools, Floats
from stream_monitor.detectors.base import Change

#: Values per chunk: bounds the memory used for a long column.
CHUNK = 4096
#: Values per chunk after a detection: values behind the next detection have to be scanned a second time.
CHUNK_AFTER = 1024


def scan(
    values: Floats, advance: Callable[[Floats], Change | None], chunk: int = CHUNK, after: int = CHUNK_AFTER
) -> list[Change]:
    """Return the changes in a column, in order.

    Args:
        values: The column, shape (n,).
        advance: Processes a chunk. It uses all of it and returns None; or it stops at the first change, resets its
            state, and returns the change with its index in the chunk.
        chunk: The maximum number of values per chunk before the first change.
        after: The maximum number of values per chunk after it.
    """
    changes: list[Change] = []
    start = 0
    while start < len(values):
        piece = values[start : start + (after if changes else chunk)]
        change = advance(piece)
        if change is None:
            start += len(piece)
            continue
        changes.append(change._replace(index=start + change.index))
        start += change.index + 1
    return changes


def running_totals(values: Floats, start: float) -> Floats:
    """Return ``start`` and the running totals after each value, shape (n + 1,), added strictly in order.

    >>> running_totals(np.array([1.0, 0.0, 1.0]), 5.0).tolist()
    [5.0, 6.0, 6.0, 7.0]
    """
    return np.cumsum(np.concatenate(([start], values)))


def latest_minima(levels: Floats) -> NDArray[np.intp]:
    """Return the index of the running minimum at each index; of equal minima, that of the latest.

    >>> latest_minima(np.array([3.0, 1.0, 2.0, 1.0, 5.0])).tolist()
    [0, 1, 1, 3, 3]
    """
    lowest = levels <= np.minimum.accumulate(levels)
    return np.maximum.accumulate(np.where(lowest, np.arange(len(levels)), 0))


def first_hit(hits: Bools) -> int | None:
    """Return the index of the first True, or None."""
    if not len(hits):
        return None
    place = int(hits.argmax())
    return place if hits[place] else None


class Zone(NamedTuple):
    """The latest unbroken run of values in the warning zone, whose start is the estimated change point.

    Attributes:
        width: The number of values in the run.
        total: The sum of those values.
    """

    width: int = 0
    total: float = 0.0

    def grown(self, inside: Bools, counts: Floats, totals: Floats) -> Zone:
        """Return the run after n more steps.

        Args:
            inside: A mask of the steps inside the zone, shape (n,).
            counts: The number of values before the first step and after each, shape (n + 1,).
            totals: The sum of those values, shape (n + 1,).

        >>> Zone(3, 2.0).grown(np.array([True]), np.array([9.0, 10.0]), np.array([4.0, 5.0]))
        Zone(width=4, total=3.0)
        >>> Zone(3, 2.0).grown(np.array([False]), np.array([9.0, 10.0]), np.array([4.0, 5.0]))
        Zone(width=0, total=0.0)
        """
        outside = np.flatnonzero(~inside)
        start = int(outside[-1]) + 1 if len(outside) else 0
        end = len(inside)
        width, total = int(counts[end] - counts[start]), float(totals[end] - totals[start])
        return Zone(width, total) if start else Zone(self.width + width, self.total + total)

    def change(self, index: int, n: int, total: float) -> Change:
        """Return the change from the mean before the zone to that in it, of ``n`` values with this total."""
        older = n - self.width
        after = self.total / self.width
        return Change(index, (total - self.total) / older if older else after, after, self.width)
