"""The model versions that are followed, within bounds."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from stream_monitor.core.events import ModelVersion
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.monitors.observer import Observer
from stream_monitor.monitors.settings import MonitorSettings

logger = logging.getLogger(__name__)

#: Evictions of one kind that are logged one by one; after them, each thousandth is.
MAX_LOGGED = 20


class VersionRegistry:
    """The monitors of at most ``max_models`` models with ``max_versions`` versions each.

    Attributes:
        monitors: The monitor of each version that is followed.
        evicted: Evictions so far, by kind: ``model``, ``version`` and ``feature``.
    """

    def __init__(self, settings: MonitorSettings, observer: Observer | None = None) -> None:
        self._settings, self._observer = settings, observer
        self.monitors: dict[ModelVersion, ModelMonitor] = {}
        self.evicted = {"model": 0, "version": 0, "feature": 0}

    def admit(self, key: ModelVersion) -> None:
        """Follow a new version; past a bound, evict the version or the model seen longest ago."""
        siblings = self._versions(key.model)
        models = list(dict.fromkeys(other.model for other in self.monitors))
        while len(siblings) >= self._settings.max_versions:
            oldest = min(siblings, key=_last_seen)
            siblings.remove(oldest)
            self._evict("version", [oldest])
        while key.model not in models and len(models) >= self._settings.max_models:
            idle = min(models, key=lambda model: max(map(_last_seen, self._versions(model))))
            models.remove(idle)
            self._evict("model", self._versions(idle))
        self._add(key)
        if siblings:
            self.monitors[key].warm_start(max(siblings, key=_last_seen))

    def admit_if_room(self, key: ModelVersion) -> None:
        """Follow a version if it is new and no bound is reached."""
        models = {other.model for other in self.monitors} | {key.model}
        is_room = len(models) <= self._settings.max_models
        if key not in self.monitors and is_room and len(self._versions(key.model)) < self._settings.max_versions:
            self.admit(key)

    def _add(self, key: ModelVersion) -> None:
        self.monitors[key] = ModelMonitor(key, self._settings, self._count_eviction, self._observer)

    def _versions(self, model: str) -> list[ModelMonitor]:
        return [monitor for key, monitor in self.monitors.items() if key.model == model]

    def _evict(self, kind: str, monitors: Sequence[ModelMonitor]) -> None:
        for monitor in monitors:
            del self.monitors[monitor.key]
        key = monitors[0].key
        self._count_eviction(kind, key.model if kind == "model" else "/".join(key))

    def _count_eviction(self, kind: str, name: str) -> None:
        self.evicted[kind] += 1
        count = self.evicted[kind]
        if count <= MAX_LOGGED or count % 1000 == 0:
            logger.warning("evicted the %s seen longest ago: %s (%d so far; see --max-%ss)", kind, name, count, kind)

    def state(self) -> dict[str, Any]:
        return {"monitors": [monitor.state() for monitor in self.monitors.values()], "evicted": self.evicted}

    def restore(self, state: Mapping[str, Any]) -> None:
        for saved in state["monitors"]:
            key = ModelVersion(*saved["key"])
            self._add(key)
            self.monitors[key].restore(saved)
        self.evicted.update(state["evicted"])


def _last_seen(monitor: ModelMonitor) -> int:
    return monitor.last_seen
