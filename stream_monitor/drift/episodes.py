"""Episodes: the detections of one change, in many signals and by many detectors."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stream_monitor.core.events import Detection, DetectionKind
from stream_monitor.drift.episode_signal import EpisodeSignal, Place, by_evidence, changed

#: Largest number of signals that an episode keeps, of those that a past one keeps, and of further names.
MAX_SIGNALS, MAX_PAST_SIGNALS, MAX_NAMES = 100, 12, 10_000
#: Number of episodes of one model version that are kept.
MAX_RECENT = 8
#: A signal is unstable after this many alarms in both directions, each within this many gaps of the one before.
UNSTABLE_ALARMS, UNSTABLE_GAPS = 4, 10


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


class Episodes:
    """Puts the detections of one model version into episodes.

    A detection of a signal that has changed before ends that change if the signal is back, and prolongs or repeats it
    if the new change begins at most ``gap`` predictions after the signal's newest alarm. Any other detection joins
    the newest episode if its change begins at most ``gap`` predictions after the episode's first alarm, and no other
    change of the signal is in it; else it opens another.
    A signal that goes on changing to and fro is unstable: all its further alarms belong to one episode.
    All differences from the training data since the start are one episode, however late they are noticed.

    Args:
        gap: The number of predictions, see above; ten times as many for a signal that is unstable.
        kept: Number of episodes that are kept.
    """

    def __init__(self, gap: int, kept: int = MAX_RECENT) -> None:
        self._gap = gap
        self.count = 0
        #: The episode of what differs from the training data since the start, None before the first such signal.
        self.skew: Episode | None = None
        #: The newest episodes of drift, the latest last.
        self.recent: deque[Episode] = deque(maxlen=kept)
        #: The newest alarms of each signal: position, and whether it went up.
        self._alarms: dict[str, deque[tuple[int, bool]]] = {}

    @property
    def newest(self) -> Episode | None:
        """The episode that further signals may join, None before the first."""
        return self.recent[-1] if self.recent else None

    def add(self, detection: Detection) -> Detection:
        """Add a detection; return it with the id, the number of signals and the leading signal of its episode."""
        episode = self._of_skew(detection) if detection.kind == "skew" else self._of_drift(detection)
        return detection._replace(
            episode=episode.id, episode_signals=episode.count, episode_leader=episode.ranked[0].signal
        )

    def _of_skew(self, one: Detection) -> Episode:
        """Add a difference from the training data to the episode that all of them make."""
        if self.skew is None:
            self.skew = Episode.begun_by(one)
            self.count += 1
        self.skew.add(one)
        return self.skew

    def _of_drift(self, one: Detection) -> Episode:
        """Add a drift to the episode that it belongs to."""
        is_unstable = self._is_unstable(one)
        episode = self._of_signal(one) or self._of_time(one)
        if is_unstable and one.signal in episode.signals:
            episode.signals[one.signal].is_unstable = True
        return episode

    def _is_unstable(self, one: Detection) -> bool:
        """Note an alarm; return whether the signal goes on changing to and fro."""
        alarms = self._alarms.setdefault(one.signal, deque(maxlen=UNSTABLE_ALARMS))
        if alarms and one.index - alarms[-1][0] > UNSTABLE_GAPS * self._gap:
            alarms.clear()
        alarms.append((one.index, one.after >= one.before))
        if len(self._alarms) > MAX_NAMES:
            del self._alarms[min(self._alarms, key=lambda name: self._alarms[name][-1])]
        return len(alarms) == UNSTABLE_ALARMS and len({up for _, up in alarms}) == 2

    def _of_signal(self, one: Detection) -> Episode | None:
        """Add a detection to the newest change of its signal; return its episode, None if it is another change."""
        for episode in reversed(self.recent):
            row = episode.signals.get(one.signal)
            if row is None:
                continue
            if not self._is_of(row, one):
                return None
            episode.count_alarm(one)
            return episode
        return None

    def _is_of(self, row: EpisodeSignal, one: Detection) -> bool:
        """Add a detection to a change if it prolongs, ends or repeats it; return whether it does."""
        if row.is_unstable:
            return self._is_of_unstable(row, one)
        is_soon = changed(one)[0] <= row.last_index + self._gap
        if row.end is None:
            row.settle(one)
        if row.end is not None:
            return is_soon and _follows(row, one)
        if row.is_back_with(one):
            row.end_with(one)
            row.count(one)
        elif is_soon:
            row.extend(one)
        else:
            row.end_with(one)
            return False
        return True

    def _is_of_unstable(self, row: EpisodeSignal, one: Detection) -> bool:
        """Add a detection to a signal that is unstable, if it still is; return whether it is."""
        is_still = not self.is_settled(row, one.index)
        if is_still:
            row.end = None
            row.extend(one)
        elif row.end is None:
            row.end = row.last_index, row.last_ts
        return is_still

    def is_settled(self, row: EpisodeSignal, index: int) -> bool:
        """Return whether a signal that was unstable has had no alarm for long at this prediction."""
        return row.is_unstable and index > row.last_index + UNSTABLE_GAPS * self._gap

    def _of_time(self, one: Detection) -> Episode:
        """Add a detection to the newest episode if its change began with it, else to another one.

        An episode has one change of each signal.
        """
        newest = self.newest
        if newest is None or changed(one)[0] > newest.index + self._gap or one.signal in newest.signals:
            if newest:
                newest.pass_on()
            newest = Episode.begun_by(one)
            self.recent.append(newest)
            self.count += 1
        newest.add(one)
        return newest

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "count": self.count,
            "alarms": {name: list(alarms) for name, alarms in self._alarms.items()},
            "skew": self.skew.state() if self.skew else None,
            "recent": [episode.state() for episode in self.recent],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self.count = state["count"]
        self.skew = Episode.restored(state["skew"]) if state["skew"] else None
        for name, alarms in state["alarms"].items():
            self._alarms[name] = deque(((index, up) for index, up in alarms), maxlen=UNSTABLE_ALARMS)
        self.recent.extend(map(Episode.restored, state["recent"]))


def _follows(row: EpisodeSignal, one: Detection) -> bool:
    """Add a detection to a change that is over, if it repeats it or finds its end again; return whether it does."""
    if row.is_repeated_by(one):
        row.resume(one)
    elif row.is_back_with(one):
        row.count(one)
    else:
        return False
    return True


def group(detections: Iterable[Detection], known: Iterable[Episode] = ()) -> list[Episode]:
    """Return the episodes of detections, in the order of their first alarms.

    Args:
        detections: Detections, in order; one without an episode is its own.
        known: Episodes that are known already; the others have what their detections tell.
    """
    episodes = {episode.id: episode for episode in known}
    missing = [one for one in detections if episode_id(one) not in episodes]
    for one in missing:
        name = episode_id(one)
        if name not in episodes:
            episodes[name] = replace(Episode.begun_by(one), id=name)
        episodes[name].add(one)
    return sorted(episodes.values(), key=lambda episode: (episode.index, episode.model, episode.version))


def episode_id(one: Detection) -> str:
    """Return the id of a detection's episode; a detection without one is its own."""
    return one.episode or one.id


def by_own_evidence(one: Detection) -> tuple[float, str, int, str]:
    """Return a sort key: the detection with the most evidence first, then by signal, then the earliest."""
    return -EpisodeSignal.begun_by(one).evidence, one.signal, one.index, one.detector
