"""When the predictions at past positions were, in little memory: exactly for the newest, nearly for those before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats, pack, unpack

#: Times that each level keeps, and how many levels there are: enough for 2^48 predictions.
KEPT = 256
LEVELS = 40


class TimeIndex:
    """Event times by position; an estimated change point is told in them.

    Level k keeps the newest 256 times of positions that are multiples of ``2^k``. So the newest 256 are there one by
    one, and further back the next known one is never further away than a 128th of the way.

    >>> times = TimeIndex()
    >>> times.add(np.arange(1000), 60.0 * np.arange(1000))
    >>> times.at(990, before=1000), times.at(501, before=1000)
    (59400.0, 30060.0)
    """

    def __init__(self) -> None:
        #: Positions and times, shape (2, n) each.
        self._levels: list[Floats] = [np.empty((2, 0))] * LEVELS

    def add(self, index: Sequence[int], ts: Sequence[float | None]) -> None:
        """Take the next positions with their times, None where nothing told them."""
        new = np.array([index, ts], dtype=np.float64)
        new = new[:, np.isfinite(new[1])]
        for level in range(LEVELS):
            new = new[:, new[0] % 2.0**level == 0]
            if not new.shape[1]:
                return
            # What one batch adds is dropped with the next one only: a look may be as of any position in between.
            self._levels[level] = np.concatenate((self._levels[level][:, -KEPT:], new), axis=1)

    def at(self, index: int, before: int) -> float | None:
        """The time at a position, by what was known before the prediction at the position ``before`` came."""
        for level in self._levels:
            known = level[:, : np.searchsorted(level[0], before)][:, -KEPT:]
            if known.shape[1] and known[0, 0] <= index:
                return float(np.interp(index, *known))
        return None

    def state(self) -> list[str]:
        """As JSON."""
        return [pack(level[:, -KEPT:]) for level in self._levels]

    def restore(self, state: Sequence[str]) -> None:
        self._levels = [unpack(saved).reshape(2, -1) for saved in state]
