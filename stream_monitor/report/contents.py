"""The contents of a report: detections, their episodes and the recorded timelines; marks and lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from stream_monitor.actions.episode_message import level, title
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.formatting import counted, moment, short
from stream_monitor.drift.episode import Episode, episode_id
from stream_monitor.drift.episode_signal import by_evidence
from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.report.chart import Mark
from stream_monitor.report.recorder import Recorder, SignalKey
from stream_monitor.report.timebase import Timebase
from stream_monitor.report.timelines import CategoryTimeline, NumberTimeline

#: The maximum number of episodes, the most evident ones, that are marked in a chart without a detection in them.
MAX_MARKED = 40
#: The sort key of a signal that no episode has kept, because others of it are more evident.
LAST = (1.0, "")


class NumberedEpisode(NamedTuple):
    """An episode under its number in the report, with all its detections in order."""

    number: int
    episode: Episode
    detections: Sequence[Detection]

    @property
    def name(self) -> str:
        return f"E{self.number}"

    @property
    def link(self) -> str:
        return f"episode-{self.number}"

    @property
    def key(self) -> ModelVersion:
        return ModelVersion(self.episode.model, self.episode.version)


class Contents(NamedTuple):
    """The contents of a report.

    Attributes:
        snapshot: The pipeline at the end of the files, from which all totals are taken.
        detections: All detections.
        episodes: The episodes that matter by id, the most evident first.
        small: The changes that are too small to matter.
        recorder: The recorder of the timelines.
        signals: The recorded timelines by signal.
        base: The shared axis.
        sources: The names of the replayed files.
        flags: The flags of the replay.
    """

    snapshot: Snapshot
    detections: Sequence[Detection]
    episodes: Mapping[str, NumberedEpisode]
    small: Sequence[Detection]
    recorder: Recorder
    signals: Mapping[SignalKey, NumberTimeline | CategoryTimeline]
    base: Timebase
    sources: Sequence[str]
    flags: Sequence[str]

    def named(self, key: ModelVersion) -> str:
        """Return the name of a model version; empty if there is only one."""
        return f"{key.model} / {key.version}" if len(self.snapshot.models) > 1 else ""

    @property
    def evidence(self) -> dict[SignalKey, tuple[float, str]]:
        """Sort keys of the signals with detections: the most evident change in any episode first."""
        found: dict[SignalKey, tuple[float, str]] = {}
        for each in self.episodes.values():
            for row in each.episode.signals.values():
                key = each.key, row.signal
                found[key] = min(found.get(key, LAST), by_evidence(row))
        return found

    def marks(self, key: ModelVersion, chosen: Sequence[Detection]) -> list[Mark]:
        """Return the marks of these detections, and of the beginnings of other episodes of their model version."""
        found: list[Mark] = []
        own: set[str] = set()
        for detection in sorted(chosen):
            name = episode_id(detection)
            episode = self.episodes.get(name)
            # Only an episode's first mark has its name; one that is too small to matter has none.
            label = episode.name if episode and name not in own else ""
            found.append(alarm(detection, label, episode.link if episode else ""))
            own.add(name)
        others = [each for name, each in self.episodes.items() if each.key == key and name not in own]
        return found + [beginning(each) for each in others[:MAX_MARKED]]


def alarm(detection: Detection, label: str = "", link: str = "") -> Mark:
    """Return the mark of a detection."""
    return Mark("alarm", detection.index, describe(detection), detection.changed_index, label, link)


def beginning(numbered: NumberedEpisode) -> Mark:
    """Return the mark of an episode for a chart that shows none of its detections."""
    episode = numbered.episode
    return Mark("other", episode.change[0], f"{numbered.name}: {title(episode)}", None, numbered.name, numbered.link)


def describe(detection: Detection) -> str:
    """Describe a detection in plain text."""
    category = f" {detection.category!r}" if detection.category is not None else ""
    effect = f" (effect {short(detection.effect, 3)})" if detection.effect is not None else ""
    change = f"{level(detection, detection.before)} → {level(detection, detection.after)}{effect}"
    changed = ""
    if detection.changed_index is not None:
        changed = f"\nestimated change: {moment(detection.changed_ts)} prediction {detection.changed_index:,}"
    raised = f"\nalarm: {moment(detection.ts)} prediction {detection.index:,}, by {detection.detector}"
    return f"{detection.signal}{category} {change}{changed}{raised}"


def describe_briefly(detection: Detection) -> str:
    """Describe a detection in one line, without its signal."""
    category = f"{detection.category!r} " if detection.category is not None else ""
    parts = [f"{category}{level(detection, detection.before)} → {level(detection, detection.after)}"]
    if detection.effect is not None:
        parts.append(f"effect {short(detection.effect, 3)}")
    time = f" {moment(detection.ts)}" if detection.ts is not None else ""
    parts.append(f"alarm{time} at prediction {detection.index:,} by {detection.detector}")
    if detection.changed_index is not None:
        late = counted(max(detection.index - detection.changed_index, 0), "prediction")
        parts.append(f"{late} after the estimated change")
    return " · ".join(parts)


def number_episodes(episodes: Iterable[Episode], detections: Iterable[Detection]) -> dict[str, NumberedEpisode]:
    """Return the episodes by their ids, with their numbers from 1 on and their detections.

    Args:
        episodes: The episodes, the most evident first.
        detections: All detections, also of other episodes.
    """
    members: dict[str, list[Detection]] = {}
    for one in sorted(detections):
        members.setdefault(episode_id(one), []).append(one)
    return {
        each.id: NumberedEpisode(number, each, members.get(each.id, ())) for number, each in enumerate(episodes, 1)
    }
