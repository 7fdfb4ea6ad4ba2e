"""Detections that belong together: one change, seen in many signals and by many detectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from stream_monitor.events import Detection

#: Signals of an episode that are told by name; of the others only how many there are.
MOST_SIGNALS = 100


@dataclass
class Episode:
    """One change: when it began and was last seen, and its detections, one for each signal.

    ``index`` counts predictions, as in `Detection`; ``changed_index`` is the earliest estimated change.
    """

    id: str
    model: str
    version: str
    index: int
    ts: float | None
    changed_index: int
    last_index: int
    detections: int = 0
    signals: dict[str, Detection] = field(default_factory=dict)

    @property
    def ranked(self) -> list[Detection]:
        """What changed, the largest effect first: of each signal, its strongest detection."""
        return sorted(self.signals.values(), key=lambda one: (-(one.effect or 0.0), one.signal))

    def add(self, detection: Detection) -> None:
        """Count a detection in."""
        self.detections += 1
        self.last_index = max(self.last_index, detection.index)
        self.changed_index = min(self.changed_index, _changed(detection))
        known = self.signals.get(detection.signal)
        if known is None and len(self.signals) >= MOST_SIGNALS:
            return
        if known is None or (detection.effect or 0.0) > (known.effect or 0.0):
            self.signals[detection.signal] = detection

    def state(self) -> dict[str, Any]:
        return {**asdict(self), "signals": list(self.signals.values())}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Episode:
        signals = [Detection(*saved) for saved in state["signals"]]
        return cls(**{**state, "signals": {one.signal: one for one in signals}})


class Episodes:
    """Puts the detections of one model version into episodes.

    A detection belongs to the newest episode when its change, from the estimated change point to the alarm, begins at
    most ``gap`` predictions after that episode's newest alarm.
    """

    def __init__(self, gap: int) -> None:
        self._gap = gap
        self.count = 0
        self.newest: Episode | None = None

    def add(self, detection: Detection) -> Detection:
        """The detection with its episode's id."""
        newest = self.newest
        if newest is None or _changed(detection) > newest.last_index + self._gap:
            newest = Episode(
                detection.id,
                detection.model,
                detection.version,
                detection.index,
                detection.ts,
                _changed(detection),
                detection.index,
            )
            self.newest = newest
            self.count += 1
        detection = detection._replace(episode=newest.id)
        newest.add(detection)
        return detection

    def state(self) -> dict[str, Any]:
        return {"count": self.count, "newest": self.newest.state() if self.newest else None}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.count = state["count"]
        self.newest = Episode.restored(state["newest"]) if state["newest"] else None


def group(detections: list[Detection]) -> list[Episode]:
    """The episodes of detections that know theirs, in order."""
    episodes: dict[str, Episode] = {}
    for one in detections:
        name = one.episode or one.id
        if name not in episodes:
            episodes[name] = Episode(name, one.model, one.version, one.index, one.ts, _changed(one), one.index)
        episodes[name].add(one)
    return list(episodes.values())


def _changed(detection: Detection) -> int:
    return detection.index if detection.changed_index is None else detection.changed_index
