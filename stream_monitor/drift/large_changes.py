"""Changes that are told while the season is unknown: those only that a cycle hardly explains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.detectors import Change
from stream_monitor.stats.effect_size import cohens_h

#: The smallest change that is told while the season is unknown: Cohen's d of scores, and Cohen's h of shares. A cycle
#: that is gradual is smaller where it is found; the detector then starts again, and so follows it.
LARGE_SCORE, LARGE_SHARE = 2.0, 1.2


class LargeChanges:
    """Judges whether a change is told: all are, unless a smallest one is set.

    With a smallest one only large changes are told, and once a part of the season is known, those in the direction of
    the last one.
    """

    def __init__(self) -> None:
        #: The smallest change that is told, in `LARGE_SCORE`: above 0 while the season is unknown.
        self.smallest = 0.0
        #: The category and the direction of the newest change that was found.
        self._newest: tuple[int | None, bool] | None = None

    def is_told(self, change: Change, kind: ColumnKind) -> bool:
        """Return whether a change in transformed values of this kind is told."""
        last, self._newest = self._newest, (change.category, change.after > change.before)
        if not self.smallest or self._is_large(change, kind):
            return True
        return self.smallest < 1.0 and self._newest == last

    def _is_large(self, change: Change, kind: ColumnKind) -> bool:
        """Return whether a change is larger than that of a gradual cycle, or than a part of it."""
        if kind == "number":
            return abs(change.after - change.before) >= self.smallest * LARGE_SCORE
        return cohens_h(change.before, change.after) >= self.smallest * LARGE_SHARE

    def state(self) -> tuple[int | None, bool] | None:
        """Return the newest change as JSON values, None if there is none."""
        return self._newest

    def restore(self, state: Sequence[Any] | None) -> None:
        """Load what `state` returned."""
        self._newest = (state[0], state[1]) if state else None
