"""Detections that belong together: one change, seen in many signals and by many detectors."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from stream_monitor.core.events import Detection

#: Signals of an episode that are told with what has changed in them; of past episodes; and those known by name.
MAX_SIGNALS, MAX_PAST_SIGNALS, MAX_NAMES = 100, 12, 10_000
#: Episodes of one model version that are kept.
RECENT_EPISODES = 8


@dataclass
class Episode:
    """One change: when it began and was last seen, and its detections, one for each signal.

    ``index`` and ``ts`` are those of its first alarm, ``last_index`` and ``last_ts`` of its newest. ``signals`` has,
    of the signals with the largest effects, what `combined` makes of the detections of each; ``count`` is how many
    signals there are in all.
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
    #: Names of the other signals.
    weaker: set[str] = field(default_factory=set)

    @classmethod
    def begun_by(cls, one: Detection) -> Episode:
        """The episode of which this is the first detection; it is yet to be added."""
        alarm = (one.index, one.ts)
        return cls(one.episode or one.id, one.model, one.version, *alarm, *alarm)

    @property
    def ranked(self) -> list[Detection]:
        """What changed, the largest effect first: a detection for each signal."""
        return sorted(self.signals.values(), key=by_effect)

    @property
    def change(self) -> tuple[int, float | None]:
        """The estimated change; where none is, the first alarm."""
        return change_point(self.index, self.ranked) or (self.index, self.ts)

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
        """Keep the detections with the largest effects, so many; of the others, their names."""
        for one in self.ranked[most:]:
            del self.signals[one.signal]
            if len(self.weaker) < MAX_NAMES:
                self.weaker.add(one.signal)

    def end(self) -> None:
        """Nothing is added any more."""
        self.trim(MAX_PAST_SIGNALS)
        self.weaker.clear()

    def state(self) -> dict[str, Any]:
        return {**asdict(self), "signals": list(self.signals.values()), "weaker": sorted(self.weaker)}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Episode:
        signals = [Detection(*saved) for saved in state["signals"]]
        return cls(**{**state, "signals": {one.signal: one for one in signals}, "weaker": set(state["weaker"])})


class Episodes:
    """Puts the detections of one model version into episodes.

    A detection belongs to the newest episode when its change, from the estimated change point to the alarm, begins at
    most ``gap`` predictions after that episode's newest alarm. ``recent`` has the newest ones, the latest last.
    """

    def __init__(self, gap: int) -> None:
        self._gap = gap
        self.count = 0
        self.recent: deque[Episode] = deque(maxlen=RECENT_EPISODES)

    @property
    def newest(self) -> Episode | None:
        """The one that detections may still join."""
        return self.recent[-1] if self.recent else None

    def add(self, detection: Detection) -> Detection:
        """The detection with its episode: the id, how many signals that has by now, and which has changed most."""
        newest = self.newest
        if newest is None or _changed(detection) > newest.last_index + self._gap:
            if newest:
                newest.end()
            newest = Episode.begun_by(detection)
            self.recent.append(newest)
            self.count += 1
        detection = detection._replace(episode=newest.id)
        newest.add(detection)
        return detection._replace(episode_signals=newest.count, episode_leader=newest.ranked[0].signal)

    def state(self) -> dict[str, Any]:
        return {"count": self.count, "recent": [episode.state() for episode in self.recent]}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.count = state["count"]
        self.recent.extend(map(Episode.restored, state["recent"]))


def group(detections: Iterable[Detection]) -> list[Episode]:
    """The episodes of detections that know theirs, in order."""
    episodes: dict[str, Episode] = {}
    for one in detections:
        episodes.setdefault(one.episode or one.id, Episode.begun_by(one)).add(one)
    return list(episodes.values())


def by_effect(one: Detection) -> tuple[float, str, int, str]:
    """Sorts the largest effect first; of like ones by the signal, then the earliest."""
    return -(one.effect or 0.0), one.signal, one.index, one.detector


def combined(known: Detection, one: Detection) -> Detection:
    """What is told of a signal when one more detection of it comes in the same episode.

    One that goes on in the same direction makes it a change from where the first began to where the newest arrived,
    as a gradual one has it; another one takes its place where it is stronger.
    """
    effect = max(known.effect or 0.0, one.effect or 0.0) or known.effect
    if (one.direction, one.category) == (known.direction, known.category):
        return known._replace(after=one.after, n_after=one.n_after, effect=effect)
    return one if (one.effect or 0.0) > (known.effect or 0.0) else known


def ranked(detections: Iterable[Detection]) -> list[Detection]:
    """What changed by the detections of one episode, in order: a detection for each signal, as `Episode.ranked`."""
    signals: dict[str, Detection] = {}
    for one in detections:
        signals[one.signal] = combined(signals[one.signal], one) if one.signal in signals else one
    return sorted(signals.values(), key=by_effect)


def change_point(alarm: int, ranked: Sequence[Detection]) -> tuple[int, float | None] | None:
    """Where and when a change was of which these are the detections, the largest effect first; None: not known.

    That is the median of what the strongest say: the earliest of many estimates is one that is far off. A change
    after the first alarm is not its cause.
    """
    strongest = [one for one in ranked[:MAX_PAST_SIGNALS] if one.changed_index is not None and _changed(one) <= alarm]
    if not strongest:
        return None
    middle = sorted(strongest, key=_changed)[(len(strongest) - 1) // 2]
    return _changed(middle), middle.changed_ts


def _changed(detection: Detection) -> int:
    return detection.index if detection.changed_index is None else detection.changed_index
