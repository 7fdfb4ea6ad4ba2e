"""Episodes and active alarms, as HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable

from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import counted, in_words, moment, short, span
from stream_monitor.pipeline.snapshot import EpisodeSnapshot, ModelSnapshot, SignalSnapshot
from stream_monitor.server.page.table import table, text

#: Episodes that are shown, signals of each; active signals, and distances of each.
SHOWN_EPISODES, SHOWN_SIGNALS, SHOWN_ACTIVE, SHOWN_DISTANCES = 4, 8, 12, 2


def episodes(models: Iterable[ModelSnapshot]) -> str:
    """Return the newest episodes of all models, each with its signals, the largest effect first."""
    found = [(episode, model) for model in models for episode in model.episodes]
    found.sort(key=lambda each: each[0].last_index, reverse=True)
    cards = "".join(_card(episode, _active(episode, model)) for episode, model in found[:SHOWN_EPISODES])
    return cards or "<p class=empty>No drift so far."


def active(models: Iterable[ModelSnapshot], now: float) -> str:
    """Return the signals with an active alarm, the newest first, with their distances above the threshold."""
    found = [(model, signal) for model in models for signal in model.signals if signal.active_since is not None]
    found.sort(key=lambda each: -_since(each[1]))
    rows = [
        ("{} / {}".format(*model.key), signal.name, _last_alarm(signal, now), _distances(signal))
        for model, signal in found[:SHOWN_ACTIVE]
    ]
    rest = counted(len(found) - SHOWN_ACTIVE, "more signal")
    more = f"<p class=note>And {rest}: see <code>drift_active</code> in the metrics."
    head = ("Model", "Signal", "Last alarm", "Distance to the reference, where above its threshold")
    empty = "No signal: each is near its reference again, or was never far from it."
    return table(head, rows, empty) + (more if len(found) > SHOWN_ACTIVE else "")


def named(one: Detection) -> str:
    """Return the name of the signal, with its category."""
    return one.signal if one.category is None else f"{one.signal} {one.category!r}"


def moved(one: Detection) -> str:
    """Return the direction and both means of the change."""
    return f"{'↗' if one.direction == 'up' else '↘'} {short(one.before, 4)} → {short(one.after, 4)}"


def _active(episode: EpisodeSnapshot, model: ModelSnapshot) -> set[str]:
    """Return the signals that are active because of this episode: no later one has them."""
    later = {one.signal for each in model.episodes if each.index > episode.index for one in each.ranked}
    active = {signal.name for signal in model.signals if signal.active_since is not None}
    return {one.signal for one in episode.ranked} & active - later


def _card(episode: EpisodeSnapshot, active: set[str]) -> str:
    shown = episode.ranked[:SHOWN_SIGNALS]
    rest = episode.count - len(shown)
    more = f"<p class=note>And {counted(rest, 'more signal')} with smaller effects." if rest else ""
    state = "<span class='badge up'>active</span>" if active else "<span class=badge>no longer active</span>"
    head = ("Signal", "Before → after", "Effect", "Detector", "")
    return (
        f"<article><h3>{_headline(episode)} {state}</h3><p>{_times(episode)}</p>"
        f"<div class=wide>{table(head, (_row(one, active) for one in shown))}</div>{more}</article>"
    )


def _headline(episode: EpisodeSnapshot) -> str:
    strongest = episode.ranked[0]
    others = f" and {counted(episode.count - 1, 'more signal')}" if episode.count > 1 else ""
    return f"<code>{text(strongest.signal)}</code> went {strongest.direction}{others}"


def _times(episode: EpisodeSnapshot) -> str:
    """Return the model version, and the times of the change and of the last alarm."""
    index, ts = episode.change
    began = f"began about {_when(ts, index)}" if index < episode.index else ""
    late = f"noticed {counted(episode.index - index, 'prediction')} later" if began else ""
    last = f"{'last' if episode.detections > 1 else 'only'} alarm {_when(episode.last_ts, episode.last_index)}"
    parts = (text(f"{episode.model} / {episode.version}"), began, late, last, counted(episode.detections, "drift"))
    return " · ".join(filter(None, parts))


def _row(one: Detection, active: set[str]) -> tuple[str, ...]:
    return (
        named(one),
        moved(one),
        "" if one.effect is None else f"{short(one.effect, 3)}, {in_words(one.effect)}",
        one.detector,
        "active" if one.signal in active else "",
    )


def _when(ts: float | None, index: int) -> str:
    return moment(ts) or f"prediction {index:,}"


def _since(signal: SignalSnapshot) -> float:
    since = signal.active_since
    return since if since is not None and math.isfinite(since) else -math.inf


def _last_alarm(signal: SignalSnapshot, now: float) -> str:
    since = _since(signal)
    return f"{moment(since)}, {span(max(now - since, 0.0))} ago" if math.isfinite(now - since) else "–"


def _distances(signal: SignalSnapshot) -> str:
    """Return the distances above their thresholds, the furthest first."""
    distances = signal.distances
    above = sorted(
        ((name, *found) for name, found in distances.items() if found.value > found.threshold),
        key=lambda each: -each[1] / max(each[2], 1e-12),
    )
    told = [f"{name} {short(value, 3)} > {short(threshold, 3)}" for name, value, threshold in above[:SHOWN_DISTANCES]]
    rest = f" and {len(above) - len(told)} more" if len(above) > len(told) else ""
    return ", ".join(told) + rest or ("none: it is back" if distances else "not known yet")
