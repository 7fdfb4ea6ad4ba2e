"""What the detectors share that scan a column piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors.base import Change

#: Values scanned at once: it bounds the memory that a long column takes.
CHUNK = 4096
#: Values scanned at once behind a detection: what stands behind the next one is scanned again.
CHUNK_AFTER = 1024


def scan(
    values: Floats, advance: Callable[[Floats], Change | None], chunk: int = CHUNK, after: int = CHUNK_AFTER
) -> list[Change]:
    """The changes in a column; ``advance`` takes a whole piece of it, or stops at a change and starts anew."""
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
    """``start`` and the totals after each value, shape (n + 1,); strictly in order, whatever the batches are.

    >>> running_totals(np.array([1.0, 0.0, 1.0]), 5.0).tolist()
    [5.0, 6.0, 6.0, 7.0]
    """
    return np.cumsum(np.concatenate(([start], values)))


def latest_minima(levels: Floats) -> NDArray[np.intp]:
    """Where the lowest level so far is, at each place: the latest one of equals.

    >>> latest_minima(np.array([3.0, 1.0, 2.0, 1.0, 5.0])).tolist()
    [0, 1, 1, 3, 3]
    """
    lowest = levels <= np.minimum.accumulate(levels)
    return np.maximum.accumulate(np.where(lowest, np.arange(len(levels)), 0))


def first_hit(hits: NDArray[np.bool_]) -> int | None:
    """The place of the first True, None if there is none."""
    if not len(hits):
        return None
    place = int(hits.argmax())
    return place if hits[place] else None


class Zone(NamedTuple):
    """The newest values in the warning zone, which is where a drift begins: how many without a break, their total."""

    width: int = 0
    total: float = 0.0

    def grown(self, inside: NDArray[np.bool_], counts: Floats, totals: Floats) -> Zone:
        """After more steps, inside the zone or not; counts and totals are before the first and after each.

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
        """The means of the ``n`` values before the zone and in it."""
        older = n - self.width
        after = self.total / self.width
        return Change(index, (total - self.total) / older if older else after, after, self.width)
