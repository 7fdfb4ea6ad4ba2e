"""Texts and fields of episodes: a sentence for a person, fields for a program."""

from __future__ import annotations

from typing import Any

from stream_monitor.actions.message import fields
from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import counted, moment, percent, plain, short
from stream_monitor.core.timestamps import format_timestamp
from stream_monitor.drift.episode import Episode
from stream_monitor.drift.episode_signal import EpisodeSignal, Place
from stream_monitor.drift.episodes import UNSTABLE_ALARMS

#: Signals beside the most evident one that a sentence names.
MAX_NAMED = 3

#: Fields of a detection that are the same for its whole episode.
_OF_EPISODE = {"model", "version", "episode", "episode_signals", "episode_leader", "is_small"}
#: What is said in place of the prefix of a signal.
_SUBJECTS = {"missing": "missing values of ", "spread": "spread of ", "invalid": "share of inputs that are "}
#: What is said of the gap between a value of a group and the others, by the measure.
_GAPS = {
    "accuracy": "share of errors that fall on",
    "true_positive_rate": "share of missed positives that fall on",
    "false_positive_rate": "share of false positives that fall on",
    "residual": "mean residual over that of others of",
}


def title(episode: Episode) -> str:
    """Return an episode in one or two sentences: its time, what changed most, what else, and the performance.

    >>> one = Detection(900, None, "m", "1", "feature:temp", "glr", 12.0, 25.0, 2.0, 840, n_before=840, n_after=60)
    >>> episode = Episode.begun_by(one)
    >>> episode.add(one)
    >>> title(episode)
    'Since prediction 840: temp up from 12 to 25.'
    """
    leader, *others = episode.ranked
    errors = next((row for row in others if row.signal == "error" and not row.is_unstable), None)
    others = [row for row in others if row is not errors]
    names = [subject(row.first) for row in others[:MAX_NAMED]]
    rest = episode.count - 1 - len(names) - (errors is not None)
    also = [*names, *([counted(rest, "more signal")] if rest > 0 else [])]
    parts = f"{_lead(episode)}: {_told(leader, episode)}" + (f"; also {', '.join(also)}" if also else "") + "."
    performance = _told(errors, episode) if errors else ""
    return f"{parts} {performance[:1].upper()}{performance[1:]}." if performance else parts


def _told(row: EpisodeSignal, episode: Episode) -> str:
    """Return the change of a signal, and its end where it is over before the episode is."""
    is_earlier = row.end is not None and row.end != episode.end
    return change(row) + (f" until {_place(row.end)}" if row.end is not None and is_earlier else "")


def _lead(episode: Episode) -> str:
    return "Differs from the training data since the start" if episode.kind == "skew" else period(episode)


def period(episode: Episode) -> str:
    """Return the time from an episode's change to its end."""
    begin, end = _place(episode.change), episode.end
    if end is None:
        return f"Since {begin}"
    return f"At {begin}" if _place(end) == begin else f"{begin[:1].upper()}{begin[1:]} to {_place(end)}"


def end_word(episode: Episode) -> str:
    """Return the preposition before an episode's end: *soon after* its newest alarm, where no detector found it."""
    return "soon after" if episode.end and episode.end[0] == episode.last_index else "by"


def change(row: EpisodeSignal) -> str:
    """Return the change of one signal: the direction, and both levels in its unit."""
    one = row.told
    if one.is_share and one.signal.partition(":")[0] == "error":
        one = one._replace(before=1.0 - one.before, after=1.0 - one.after)
    alarms = f", unstable with {row.alarms:,} alarms" if row.is_unstable and row.alarms >= UNSTABLE_ALARMS else ""
    most = " at most" if row.is_at_strongest else ""
    return f"{subject(one)} {one.direction} from {level(one, one.before)} to {level(one, one.after)}{most}{alarms}"


def subject(one: Detection) -> str:
    """Return what a detection is about, in words.

    >>> subject(Detection(0, None, "m", "1", "missing:age", "glr", 0.0, 0.1, is_share=True))
    'missing values of age'
    """
    kind, _, name = one.signal.partition(":")
    if kind == "error":
        which = ("recall of " + name if name else "accuracy") if one.is_share else "mean error"
    elif kind == "gap":
        measure, _, value = name.partition(":")
        which = f"{_GAPS[measure]} {value}"
    else:
        which = _SUBJECTS.get(kind, "") + (name or kind)
    return plain(which if one.category is None else f"share of {one.category!r} in {which}")


def level(one: Detection, value: float) -> str:
    """Return a level of a signal in its unit; shares as percentages."""
    return percent(value) if one.is_share else short(value, 4)


def episode_fields(episode: Episode) -> dict[str, Any]:
    """Return the fields of an episode; its signals with their whole changes, the most evident first."""
    changed_index, changed_ts = episode.change
    end_index, end_ts = episode.end or (None, None)
    return {
        "id": episode.id,
        "kind": episode.kind,
        "title": title(episode),
        "model": episode.model,
        "version": episode.version,
        "index": episode.index,
        "ts": format_timestamp(episode.ts),
        "changed_index": changed_index,
        "changed_ts": format_timestamp(changed_ts),
        "last_index": episode.last_index,
        "last_ts": format_timestamp(episode.last_ts),
        "is_over": episode.end is not None,
        "end_index": end_index,
        "end_ts": format_timestamp(end_ts),
        "detections": episode.detections,
        "signals_total": episode.count,
        "signals": [_signal_fields(row) for row in episode.ranked],
    }


def _signal_fields(row: EpisodeSignal) -> dict[str, Any]:
    end_index, end_ts = row.end or (None, None)
    own = {name: value for name, value in fields(row.told).items() if name not in _OF_EPISODE}
    return {
        **own,
        "evidence": row.evidence,
        "alarms": row.alarms,
        "is_unstable": row.is_unstable,
        "is_over": row.end is not None,
        "end_index": end_index,
        "end_ts": format_timestamp(end_ts),
    }


def _place(place: Place) -> str:
    index, ts = place
    return f"{moment(ts)[:-3]} UTC" if moment(ts) else f"prediction {index:,}"
