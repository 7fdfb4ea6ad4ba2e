"""Changes that are told while the season is unknown: those only that a cycle hardly explains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.detectors import Change
from stream_monitor.stats.effect_size import cohens_h

#: The smallest change that is told while the season is unknown: Cohen's d of scores, and Cohen's h of shares. A cycle
#: that is gradual is smaller where it is found; the detector then starts again, and so follows it.
LARGE_SCORE, LARGE_SHARE = 2.0, 1.2


class LargeChanges:
    """Judges whether a change is told: all are, unless a smallest one is set.

    With a smallest one only large changes are told. Once a part of the season is known, a change is large as well if
    it leads that far from some level since the last one that was told, or goes on in the direction of that one: what
    is left of the cycle comes back.
    """

    def __init__(self, smallest: float = 0.0) -> None:
        #: The smallest change that is told, in `LARGE_SCORE`: above 0 while the season is unknown.
        self.smallest = smallest
        #: The category and the direction of the last change that was told, None after one in another direction.
        self._told: tuple[int | None, bool] | None = None
        self.forget()

    def forget(self) -> None:
        """Forget the levels so far: the values are on another scale."""
        #: The lowest and the highest level since the last change that was told, of each category.
        self._ranges: dict[int | None, tuple[float, float]] = {}

    def is_told(self, change: Change, kind: ColumnKind) -> bool:
        """Return whether a change in transformed values of this kind is told."""
        if not self.smallest:
            return True
        goes_on = self._told == (change.category, change.after > change.before)
        levels = (change.before, *self._ranges.get(change.category, ()))
        is_part_known = self.smallest < 1.0
        is_told = any(self._is_large(level, change.after, kind) for level in levels[: None if is_part_known else 1])
        if is_told or (goes_on and is_part_known):
            self._told = change.category, change.after > change.before
            self.forget()
            return True
        self._told = self._told if goes_on else None
        self._ranges[change.category] = min(*levels, change.after), max(*levels, change.after)
        return False

    def _is_large(self, before: float, after: float, kind: ColumnKind) -> bool:
        """Return whether a change is larger than that of a gradual cycle, or than a part of it."""
        if kind == "number":
            return abs(after - before) >= self.smallest * LARGE_SCORE
        return cohens_h(before, after) >= self.smallest * LARGE_SHARE

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        levels = [[category, *levels] for category, levels in self._ranges.items()]
        return {"levels": levels, "told": self._told}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self._ranges = {category: (low, high) for category, low, high in state["levels"]}
        self._told = None if state["told"] is None else (state["told"][0], state["told"][1])
