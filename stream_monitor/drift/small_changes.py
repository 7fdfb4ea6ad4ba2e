"""Changes that are too small to matter, until they add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stream_monitor.core.events import Detection
from stream_monitor.drift.practical_size import matters
from stream_monitor.stats.effect_size import cohens_h


class SmallChanges:
    """Marks the changes of one signal that are too small to matter.

    A signal that creeps away in small steps is told of once it is as far from where it began as a change that
    matters.

    Args:
        min_effect: Smallest effect size of a change that matters; 0: all do.
    """

    def __init__(self, min_effect: float) -> None:
        self._min_effect = min_effect
        #: The first small change since the last one that mattered, and the effects since, with their signs.
        self._first: Detection | None = None
        self._effects = 0.0

    def judge(self, one: Detection) -> Detection:
        """Return a detection marked as small, or as it is, or as the whole of the small changes that led to it."""
        if matters(one, self._min_effect):
            self._first = None
            return one
        if self._first is None or self._first.category != one.category:
            self._first, self._effects = one, 0.0
        self._effects += (one.effect or 0.0) * (1.0 if one.direction == "up" else -1.0)
        whole = self._whole(self._first, one)
        if not matters(whole, self._min_effect):
            return one._replace(is_small=True)
        self._first = None
        return whole

    def _whole(self, first: Detection, one: Detection) -> Detection:
        effect = cohens_h(first.before, one.after) if one.is_share else abs(self._effects)
        return one._replace(
            before=first.before, n_before=first.n_before, changed_index=first.changed_index, effect=effect
        )

    def state(self) -> list[Any]:
        """Return the state as JSON values."""
        return [self._first, self._effects]

    def restore(self, state: Sequence[Any]) -> None:
        """Load what `state` returned."""
        first, self._effects = state
        self._first = Detection(*first) if first else None
