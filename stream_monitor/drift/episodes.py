"""Episodes: the detections of one change, in many signals and by many detectors."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from stream_monitor.core.events import Detection, DetectionKind

#: Largest number of signals whose detection an episode keeps, of those that a past one keeps, and of further names.
MAX_SIGNALS, MAX_PAST_SIGNALS, MAX_NAMES = 100, 12, 10_000
#: Number of episodes of one model version that are kept.
MAX_RECENT = 8


@dataclass
class Episode:
    """One change: its first and last alarm, and its detections, combined to one for each signal.

    Attributes:
        id: The id of its first detection.
        model: The model.
        version: The model's version.
        index: Position of the prediction of its first alarm.
        ts: Event time of that alarm, None if unknown.
        last_index: Position of the prediction of its newest alarm.
        last_ts: Event time of that alarm, None if unknown.
        detections: Number of detections.
        count: Number of signals.
        signals: The combined detections of the signals with the largest effects, at most `MAX_SIGNALS`.
        weaker: Names of the other signals, at most `MAX_NAMES`.
        kind: The kind of its detections.
    """

    id: str
    model: str
    version: str
    index: int
    ts: float | None
    last_index: int
    last_ts: float | None
    detections: int = 0
    count: int = 0
    signals: dict[str, Detection] = field(default_factory=dict)
    weaker: set[str] = field(default_factory=set)
    kind: DetectionKind = "drift"

    @classmethod
    def begun_by(cls, one: Detection) -> Episode:
        """Return the episode that this detection opens, without it; `add` counts it in."""
        alarm = (one.index, one.ts)
        return cls(episode_id(one), one.model, one.version, *alarm, *alarm, kind=one.kind)

    @property
    def ranked(self) -> list[Detection]:
        """The detections, one for each signal, the largest effect first."""
        return sorted(self.signals.values(), key=by_effect)

    @property
    def change_point(self) -> tuple[int, float | None] | None:
        """Position and event time of the estimated change, None if no detection estimates it.

        It is the median of the estimates of the strongest detections; the earliest of many is often far off. An
        estimate after the first alarm is not its cause.
        """
        strongest = self.ranked[:MAX_PAST_SIGNALS]
        known = [one for one in strongest if one.changed_index is not None and _changed(one) <= self.index]
        if not known:
            return None
        middle = sorted(known, key=_changed)[(len(known) - 1) // 2]
        return _changed(middle), middle.changed_ts

    @property
    def change(self) -> tuple[int, float | None]:
        """Position and event time of the estimated change, or of the first alarm if there is no estimate."""
        return self.change_point or (self.index, self.ts)

    def add(self, one: Detection) -> None:
        """Count a detection in."""
        self.detections += 1
        if one.index >= self.last_index:
            self.last_index, self.last_ts = one.index, one.ts
        known = self.signals.get(one.signal)
        if known is None and one.signal not in self.weaker:
            self.count += 1
        self.signals[one.signal] = combined(known, one) if known else one
        if known is None:
            self.weaker.discard(one.signal)
            self.trim(MAX_SIGNALS)

    def trim(self, most: int) -> None:
        """Keep at most this many detections, those with the largest effects; of the others, the signals' names."""
        for one in self.ranked[most:]:
            del self.signals[one.signal]
            if len(self.weaker) < MAX_NAMES:
                self.weaker.add(one.signal)

    def end(self) -> None:
        """Close the episode: no detection is added any more."""
        self.trim(MAX_PAST_SIGNALS)
        self.weaker.clear()

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {**asdict(self), "signals": list(self.signals.values()), "weaker": sorted(self.weaker)}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Episode:
        """Return the episode that `state` was written of."""
        signals = [Detection(*saved) for saved in state["signals"]]
        return cls(**{**state, "signals": {one.signal: one for one in signals}, "weaker": set(state["weaker"])})


class Episodes:
    """Puts the detections of one model version into episodes.

    A detection joins the newest episode if its change, from the estimated change point to the alarm, begins at most
    ``gap`` predictions after that episode's newest alarm. All differences from the training data since the start are
    one episode, however late they are noticed.

    Args:
        gap: Largest number of predictions between an episode's newest alarm and a change that joins it.
    """

    def __init__(self, gap: int) -> None:
        self._gap = gap
        self.count = 0
        #: The episode of what differs from the training data since the start, None before the first such signal.
        self.skew: Episode | None = None
        #: The newest episodes of drift, the latest last.
        self.recent: deque[Episode] = deque(maxlen=MAX_RECENT)

    @property
    def newest(self) -> Episode | None:
        """The episode that detections may still join, None before the first."""
        return self.recent[-1] if self.recent else None

    def add(self, detection: Detection) -> Detection:
        """Add a detection; return it with the id, the number of signals and the leading signal of its episode."""
        if detection.kind == "skew":
            if self.skew is None:
                self.skew = Episode.begun_by(detection)
                self.count += 1
            return _joined(self.skew, detection)
        newest = self.newest
        if newest is None or _changed(detection) > newest.last_index + self._gap:
            if newest:
                newest.end()
            newest = Episode.begun_by(detection)
            self.recent.append(newest)
            self.count += 1
        return _joined(newest, detection)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "count": self.count,
            "skew": self.skew.state() if self.skew else None,
            "recent": [episode.state() for episode in self.recent],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self.count = state["count"]
        self.skew = Episode.restored(state["skew"]) if state["skew"] else None
        self.recent.extend(map(Episode.restored, state["recent"]))


def _joined(episode: Episode, detection: Detection) -> Detection:
    """Add a detection to an episode; return it with what it says of that."""
    detection = detection._replace(episode=episode.id)
    episode.add(detection)
    return detection._replace(episode_signals=episode.count, episode_leader=episode.ranked[0].signal)


def group(detections: Iterable[Detection]) -> list[Episode]:
    """Return the episodes of detections, in the order of their first ones; one without an episode is its own."""
    episodes: dict[str, Episode] = {}
    for one in detections:
        episodes.setdefault(episode_id(one), Episode.begun_by(one)).add(one)
    return list(episodes.values())


def episode_id(one: Detection) -> str:
    """Return the id of a detection's episode; a detection without one is its own."""
    return one.episode or one.id


def by_effect(one: Detection) -> tuple[float, str, int, str]:
    """Return a sort key: the largest effect first, then by signal, then the earliest."""
    return -(one.effect or 0.0), one.signal, one.index, one.detector


def combined(known: Detection, one: Detection) -> Detection:
    """Combine two detections of one signal in the same episode.

    If both go in the same direction, the result is one change from the level before the first to the level after the
    second, as in a gradual change; otherwise it is the one with the larger effect.

    Args:
        known: The earlier detection, or the combination so far.
        one: The next detection.
    """
    effect = max(known.effect or 0.0, one.effect or 0.0) or known.effect
    if (one.direction, one.category) == (known.direction, known.category):
        return known._replace(after=one.after, n_after=one.n_after, effect=effect)
    return one if (one.effect or 0.0) > (known.effect or 0.0) else known


def _changed(detection: Detection) -> int:
    """The position of the estimated change, or of the alarm."""
    return detection.index if detection.changed_index is None else detection.changed_index
