"""Texts and fields of detections: a line for a person, fields for a program."""

from __future__ import annotations

from typing import Any

from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import counted, in_words, moment, plain, short
from stream_monitor.core.timestamps import format_timestamp


def line(one: Detection) -> str:
    """Return one line: the signal, the change, its size, its beginning, and its episode.

    >>> print(line(Detection(57, None, "churn", "3", "feature:age", "glr", 41.0, 56.5, effect=1.4, changed_index=40)))
    drift in feature:age of churn/3: up from 41 to 56.5, a very large effect (1.4); since about 17 predictions \
before the alarm; found by glr
    >>> print(line(Detection(499, None, "churn", "3", "feature:age", "profile", 41.0, 56.5, effect=1.4, kind="skew")))
    skew in feature:age of churn/3: differs from the training data since the start: up from 41 to 56.5, a very large \
effect (1.4)
    """
    where = plain(f"{one.kind} in {one.signal} of {one.model}/{one.version}")
    if one.kind == "skew":
        parts = [f"{where}: differs from the training data since the start: {_change(one)}", _episode(one)]
        return "; ".join(filter(None, parts))
    parts = [f"{where}: {_change(one)}", _since(one), f"found by {one.detector}", _episode(one)]
    return "; ".join(filter(None, parts))


def fields(one: Detection) -> dict[str, Any]:
    """Return every field of a detection, with its id and direction; times as ISO 8601."""
    times = {"ts": format_timestamp(one.ts), "changed_ts": format_timestamp(one.changed_ts)}
    return {**one._asdict(), **times, "id": one.id, "direction": one.direction}


def _change(one: Detection) -> str:
    share = "" if one.category is None else f"share of {plain(repr(one.category))} "
    effect = "" if one.effect is None else f", a {in_words(one.effect)} effect ({short(one.effect, 3)})"
    return f"{share}{one.direction} from {short(one.before)} to {short(one.after)}{effect}"


def _since(one: Detection) -> str:
    alarm = moment(one.ts) and f" at {moment(one.ts)} UTC"
    if one.changed_index is None:
        return f"noticed{alarm}, prediction {one.index:,}"
    changed = moment(one.changed_ts) and f"{moment(one.changed_ts)} UTC, "
    return f"since about {changed}{counted(one.index - one.changed_index, 'prediction')} before the alarm"


def _episode(one: Detection) -> str:
    if one.episode is None:
        return ""
    if one.episode == one.id:
        return f"opens episode {one.episode}"
    most = f", most of all {plain(one.episode_leader)}" if one.episode_leader else ""
    return f"joins episode {one.episode}: {counted(one.episode_signals, 'signal')} by now{most}"
