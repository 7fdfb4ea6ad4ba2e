"""The bound on the features of a model version: which new ones are admitted, and which are evicted for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.monitors.feature import FeatureMonitor

#: A feature with a longer name is not followed: the name would be a label value of Prometheus.
MAX_NAME_LENGTH = 200


class New(NamedTuple):
    """The new features of a prediction: the names of those to admit, and the number of those that are ignored."""

    admitted: Sequence[str]
    ignored: int


class Admission:
    """Decides on new features; a prediction that alone exceeds the bound fills free places, and evicts none.

    Args:
        monitors: The monitors of the features that are followed now, by name.
        bound: The maximum number of features.
    """

    def __init__(self, monitors: Mapping[str, FeatureMonitor], bound: int) -> None:
        self._monitors, self._bound = monitors, bound

    def unknown(self, table: FeatureTable) -> set[str]:
        """Return the names of a table that are not followed, except those that are too long."""
        return {name for name in table.all_names if name not in self._monitors and len(name) <= MAX_NAME_LENGTH}

    def new(self, features: Sequence[str]) -> New:
        """Return the new features of a prediction that carries these."""
        new = [name for name in features if name not in self._monitors and len(name) <= MAX_NAME_LENGTH]
        is_over = len(features) > self._bound
        room = max(self._bound - len(self._monitors), 0) if is_over else len(new)
        return New(new[:room], len(new[room:]))

    def surplus(self, new: New) -> int:
        """Return the number of features that new ones evict; not positive if there is room for them."""
        return len(self._monitors) + len(new.admitted) - self._bound

    def oldest(self, surplus: int, keep: AbstractSet[str]) -> list[str]:
        """Return the features to evict: so many of those seen longest ago, except some to keep."""
        if surplus <= 0:
            return []
        idle = ((one.counts.last_seen, name) for name, one in self._monitors.items() if name not in keep)
        return [name for _, name in sorted(idle)[:surplus]]
