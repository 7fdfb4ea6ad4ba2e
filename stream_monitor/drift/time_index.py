"""The event times of past predictions in bounded memory: exact for the newest, interpolated for older ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats, Ints, pack, unpack

#: Number of times that each level keeps, and number of levels: enough for 2^48 predictions.
KEPT = 256
LEVELS = 40
#: Number of newest times after which they are sorted into their levels: many cost little more than a few.
MAX_WAITING = 4_096


class TimeIndex:
    """Event times by position, for the times of estimated change points.

    Level k keeps the newest 256 times of positions that are multiples of ``2^k``. So the newest 256 are known,
    and a known position is never further from an older one than a 128th of its age.

    >>> times = TimeIndex()
    >>> times.add(np.arange(1000), 60.0 * np.arange(1000))
    >>> times.at(990, before=1000), times.at(501, before=1000)
    (59400.0, 30060.0)
    """

    def __init__(self) -> None:
        #: Positions and times of each level, shape (2, n).
        self._levels: list[Floats] = [np.empty((2, 0))] * LEVELS
        self._waiting: list[tuple[Ints, Floats]] = []
        #: Number of times since surplus ones were dropped.
        self._count = 0

    def add(self, index: Ints, ts: Floats) -> None:
        """Add the next positions with their times, NaN where unknown, shape (n,) each."""
        if self._count >= MAX_WAITING:
            self._trim()
        self._waiting.append((index, ts))
        self._count += len(index)

    def _trim(self) -> None:
        """Drop surplus times; only with the next batch, since a query may be as of any position in the newest one."""
        self._sort_in()
        self._levels, self._count = [level[:, -KEPT:] for level in self._levels], 0

    def _sort_in(self) -> None:
        """Give each level those of the waiting times that belong to it."""
        if not self._waiting:
            return
        index, ts = (np.concatenate(each) for each in zip(*self._waiting, strict=True))
        self._waiting = []
        is_known = np.isfinite(ts)
        index, ts = index[is_known].astype(np.int64), ts[is_known]
        for level in range(LEVELS):
            belongs = (index & ((1 << level) - 1)) == 0
            index, ts = index[belongs], ts[belongs]
            if not len(index):
                return
            new = np.array([index, ts], dtype=np.float64)
            self._levels[level] = np.concatenate((self._levels[level], new), axis=1)

    def at(self, index: int, before: int) -> float | None:
        """Return the time at a position, as known before the prediction at ``before`` came; None if unknown."""
        self._sort_in()
        for level in self._levels:
            known = level[:, : np.searchsorted(level[0], before)][:, -KEPT:]
            if known.shape[1] and known[0, 0] <= index:
                return float(np.interp(index, *known))
        return None

    def state(self) -> list[str]:
        """Return the state as JSON values."""
        self._sort_in()
        return [pack(level[:, -KEPT:]) for level in self._levels]

    def restore(self, state: Sequence[str]) -> None:
        """Load what `state` returned."""
        self._waiting, self._count = [], 0
        self._levels = [unpack(saved).reshape(2, -1) for saved in state]
