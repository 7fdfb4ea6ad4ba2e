"""The traffic of one model: which versions predict, since when, and with which share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats, Ints, optional

#: Predictions of a block, over which shares are taken.
BLOCK = 1_000


@dataclass
class VersionSeen:
    """The predictions of one version: their number, the earliest and the latest event time, None where unknown."""

    predictions: int = 0
    first_ts: float | None = None
    last_ts: float | None = None

    def add(self, ts: Floats) -> None:
        """Add predictions, n > 0, with these event times, NaN where unknown, shape (n,)."""
        self.predictions += len(ts)
        earliest, latest = optional(float(np.fmin.reduce(ts))), optional(float(np.fmax.reduce(ts)))
        if earliest is not None and latest is not None:
            self.first_ts = earliest if self.first_ts is None else min(self.first_ts, earliest)
            self.last_ts = latest if self.last_ts is None else max(self.last_ts, latest)


class VersionTraffic:
    """Counts the predictions of one model by version: all of them, and those of the newest two blocks.

    Attributes:
        seen: The versions, in the order in which they were first seen.

    >>> traffic = VersionTraffic()
    >>> traffic.add(["1", "2"], np.array([0, 1, 1]), np.array([5.0, 6.0, 7.0]))
    False
    >>> traffic.seen["2"].predictions, traffic.shares()["1"], traffic.room
    (2, 0.3333333333333333, 997)
    """

    def __init__(self) -> None:
        self.seen: dict[str, VersionSeen] = {}
        self._last: dict[str, int] = {}
        self._current: dict[str, int] = {}

    @property
    def room(self) -> int:
        """The number of predictions up to the end of the block."""
        return BLOCK - sum(self._current.values())

    def add(self, versions: Sequence[str], which: Ints, ts: Floats) -> bool:
        """Add the next predictions, no more than there is room for; return whether they complete a block.

        Args:
            versions: Names of versions.
            which: For each prediction the position of its version among them, shape (n,).
            ts: Event times in seconds, NaN where unknown, shape (n,).
        """
        codes, first = np.unique(which, return_index=True)
        for code in codes[np.argsort(first)].tolist():
            times, version = ts[which == code], versions[code]
            self.seen.setdefault(version, VersionSeen()).add(times)
            self._current[version] = self._current.get(version, 0) + len(times)
        is_complete = not self.room
        if is_complete:
            self._last, self._current = self._current, {}
        return is_complete

    def shares(self) -> dict[str, float]:
        """Return the share of each version in the last complete block and the present one."""
        total = sum(self._last.values()) + sum(self._current.values())
        return {name: (self._last.get(name, 0) + self._current.get(name, 0)) / total for name in self.seen if total}

    def leader(self, share: float) -> str | None:
        """Return the version that has at least this share, above a half, of the last complete block."""
        return next((name for name, count in self._last.items() if count >= share * BLOCK), None)

    def retain(self, versions: Collection[str]) -> None:
        """Drop all versions but these."""
        self.seen = {name: seen for name, seen in self.seen.items() if name in versions}

    def state(self) -> dict[str, Any]:
        seen = {name: list(astuple(each)) for name, each in self.seen.items()}
        return {"seen": seen, "last": self._last, "current": self._current}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.seen = {name: VersionSeen(*saved) for name, saved in state["seen"].items()}
        self._last, self._current = dict(state["last"]), dict(state["current"])
