"""Episodes: the detections of one change, in many signals and by many detectors."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from stream_monitor.core.events import Detection
from stream_monitor.drift.episode import MAX_NAMES, Episode, episode_id
from stream_monitor.drift.episode_signal import EpisodeSignal, changed

#: Number of episodes of one model version that are kept.
MAX_RECENT = 8
#: A signal is unstable after this many alarms in both directions, each within this many gaps of the one before; or in
#: one direction, if it had come back before so many of them.
UNSTABLE_ALARMS, UNSTABLE_GAPS, UNSTABLE_RETURNS = 4, 10, 2


class _Alarm(NamedTuple):
    """An alarm of a signal: its position, and the level before and after it."""

    place: int
    before: float
    after: float

    @property
    def is_up(self) -> bool:
        return self.after >= self.before

    def is_from_before(self, earlier: _Alarm) -> bool:
        """Return True if the level had come back before this alarm from where an earlier one had led."""
        return abs(self.before - earlier.before) < abs(self.before - earlier.after)


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
        #: The newest alarms of each signal.
        self._alarms: dict[str, deque[_Alarm]] = {}

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
        if alarms and one.index - alarms[-1].place > UNSTABLE_GAPS * self._gap:
            alarms.clear()
        alarms.append(_Alarm(one.index, one.before, one.after))
        if len(self._alarms) > MAX_NAMES:
            del self._alarms[min(self._alarms, key=lambda name: self._alarms[name][-1].place)]
        if len(alarms) < UNSTABLE_ALARMS:
            return False
        returns = sum(later.is_from_before(earlier) for earlier, later in pairwise(alarms))
        return len({alarm.is_up for alarm in alarms}) == 2 or returns >= UNSTABLE_RETURNS

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
            self._alarms[name] = deque((_Alarm(*saved) for saved in alarms), maxlen=UNSTABLE_ALARMS)
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


def by_own_evidence(one: Detection) -> tuple[float, str, int, str]:
    """Return a sort key: the detection with the most evidence first, then by signal, then the earliest."""
    return -EpisodeSignal.begun_by(one).evidence, one.signal, one.index, one.detector
