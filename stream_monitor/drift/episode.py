"""An episode: one change, with its first and last alarm and its signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stream_monitor.core.events import Detection, DetectionKind
from stream_monitor.drift.episode_signal import EpisodeSignal, Place, by_evidence, changed

#: Largest number of signals that an episode keeps, of those that a past one keeps, and of further names.
MAX_SIGNALS, MAX_PAST_SIGNALS, MAX_NAMES = 100, 12, 10_000


@dataclass
class Episode:
    """One change: its first and last alarm, and its signals.

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
        signals: The change of each of the most evident signals, at most `MAX_SIGNALS`.
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
    signals: dict[str, EpisodeSignal] = field(default_factory=dict)
    weaker: set[str] = field(default_factory=set)
    kind: DetectionKind = "drift"

    @classmethod
    def begun_by(cls, one: Detection) -> Episode:
        """Return the episode that this detection opens, without it; `add` counts it in."""
        alarm = (one.index, one.ts)
        return cls(episode_id(one), one.model, one.version, *alarm, *alarm, kind=one.kind)

    @property
    def ranked(self) -> list[EpisodeSignal]:
        """The signals, the most evident first."""
        return sorted(self.signals.values(), key=by_evidence)

    @property
    def change_point(self) -> Place | None:
        """Position and event time of the estimated change, None if no detection estimates it.

        It is the median of the estimates of the most evident signals; the earliest of many is often far off. An
        estimate after the first alarm is not its cause.
        """
        firsts = [row.first for row in self.ranked[:MAX_PAST_SIGNALS]]
        known = [changed(one) for one in firsts if one.changed_index is not None and one.changed_index <= self.index]
        return sorted(known, key=lambda place: place[0])[(len(known) - 1) // 2] if known else None

    @property
    def change(self) -> Place:
        """Position and event time of the estimated change, or of the first alarm if there is no estimate."""
        return self.change_point or (self.index, self.ts)

    @property
    def end(self) -> Place | None:
        """Position and event time at which the last of its signals was back, None while a change lasts."""
        ends = [row.end for row in self.signals.values()]
        known = [end for end in ends if end is not None]
        return max(known, key=lambda place: place[0]) if len(known) == len(ends) and known else None

    def add(self, one: Detection) -> None:
        """Add a detection of a signal whose change begins with it."""
        self.count_alarm(one)
        row, known = EpisodeSignal.begun_by(one), self.signals.get(one.signal)
        if known:
            row.alarms += known.alarms
            if row.evidence <= known.evidence:
                known.count(one)
                return
        elif one.signal not in self.weaker:
            self.count += 1
        self.signals[one.signal] = row
        self.weaker.discard(one.signal)
        self.trim(MAX_SIGNALS)

    def count_alarm(self, one: Detection) -> None:
        """Count a detection."""
        self.detections += 1
        if one.index >= self.last_index:
            self.last_index, self.last_ts = one.index, one.ts

    def trim(self, most: int) -> None:
        """Keep at most this many signals, the most evident ones; of the others, the names."""
        for row in self.ranked[most:] if len(self.signals) > most else ():
            del self.signals[row.signal]
            if len(self.weaker) < MAX_NAMES:
                self.weaker.add(row.signal)

    def pass_on(self) -> None:
        """Take no new signals any more: another episode has begun."""
        self.trim(MAX_PAST_SIGNALS)
        self.weaker.clear()

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        signals = [row.state() for row in self.signals.values()]
        return {**vars(self), "signals": signals, "weaker": sorted(self.weaker)}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Episode:
        """Return the episode that `state` was written of."""
        rows = [EpisodeSignal.restored(saved) for saved in state["signals"]]
        return cls(**{**state, "signals": {row.signal: row for row in rows}, "weaker": set(state["weaker"])})


def episode_id(one: Detection) -> str:
    """Return the id of a detection's episode; a detection without one is its own."""
    return one.episode or one.id
