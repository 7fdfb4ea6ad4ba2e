"""What changed, and what is still another than it was."""

from __future__ import annotations

import math
from collections.abc import Iterable

from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import counted, in_words, moment, short, span
from stream_monitor.drift.episodes import Episode
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.server.page.table import table, text

#: Episodes that are shown, signals of each; active signals, and distances of each.
SHOWN_EPISODES, SHOWN_SIGNALS, SHOWN_ACTIVE, SHOWN_DISTANCES = 4, 8, 12, 2


def episodes(monitors: Iterable[ModelMonitor]) -> str:
    """The newest episodes of all models, each with its signals, the largest effect first."""
    found = [(episode, monitor) for monitor in monitors for episode in monitor.episodes.recent]
    found.sort(key=lambda each: each[0].last_index, reverse=True)
    cards = "".join(_card(episode, _active(episode, monitor)) for episode, monitor in found[:SHOWN_EPISODES])
    return cards or "<p class=empty>No drift so far."


def active(monitors: Iterable[ModelMonitor], now: float) -> str:
    """The signals whose alarm is up, the newest first, with what still sets them apart from their reference."""
    found = [
        (monitor, signal)
        for monitor in monitors
        for signal in monitor.signals.values()
        if signal.active_since is not None
    ]
    found.sort(key=lambda each: -_since(each[1]))
    rows = [
        ("{} / {}".format(*monitor.key), signal.name, _up_for(signal, now), _apart(signal))
        for monitor, signal in found[:SHOWN_ACTIVE]
    ]
    rest = counted(len(found) - SHOWN_ACTIVE, "more signal")
    more = f"<p class=note>And {rest}: see <code>drift_active</code> in the metrics."
    head = ("Model", "Signal", "Last alarm", "Distance to the reference, where above its threshold")
    empty = "No signal: each is near its reference again, or was never far from it."
    return table(head, rows, empty) + (more if len(found) > SHOWN_ACTIVE else "")


def named(one: Detection) -> str:
    """The signal, with its category."""
    return one.signal if one.category is None else f"{one.signal} {one.category!r}"


def moved(one: Detection) -> str:
    """From where to where its mean went."""
    return f"{'↗' if one.direction == 'up' else '↘'} {short(one.before, 4)} → {short(one.after, 4)}"


def _active(episode: Episode, monitor: ModelMonitor) -> set[str]:
    """Of an episode's signals, those that are active because of it: no later episode has them."""
    later = [each for each in monitor.episodes.recent if each.index > episode.index]
    names = set(episode.signals) - {name for each in later for name in each.signals}
    return {name for name in names if name in monitor.signals and monitor.signals[name].active_since is not None}


def _card(episode: Episode, active: set[str]) -> str:
    shown = episode.ranked[:SHOWN_SIGNALS]
    rest = episode.count - len(shown)
    more = f"<p class=note>And {counted(rest, 'more signal')} with smaller effects." if rest else ""
    state = "<span class='badge up'>active</span>" if active else "<span class=badge>no longer active</span>"
    head = ("Signal", "Before → after", "Effect", "Detector", "")
    return (
        f"<article><h3>{_headline(episode)} {state}</h3><p>{_times(episode)}</p>"
        f"<div class=wide>{table(head, (_row(one, active) for one in shown))}</div>{more}</article>"
    )


def _headline(episode: Episode) -> str:
    strongest = episode.ranked[0]
    others = f" and {counted(episode.count - 1, 'more signal')}" if episode.count > 1 else ""
    return f"<code>{text(strongest.signal)}</code> went {strongest.direction}{others}"


def _times(episode: Episode) -> str:
    """Whose it is, when it began and was last seen."""
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


def _since(signal: SignalMonitor) -> float:
    since = signal.active_since
    return since if since is not None and math.isfinite(since) else -math.inf


def _up_for(signal: SignalMonitor, now: float) -> str:
    since = _since(signal)
    return f"{moment(since)}, {span(max(now - since, 0.0))} ago" if math.isfinite(now - since) else "–"


def _apart(signal: SignalMonitor) -> str:
    """The distances that are above their thresholds, the furthest first."""
    distances = signal.distances()
    above = sorted(
        ((name, *found) for name, found in distances.items() if found.value > found.threshold),
        key=lambda each: -each[1] / max(each[2], 1e-12),
    )
    told = [f"{name} {short(value, 3)} > {short(threshold, 3)}" for name, value, threshold in above[:SHOWN_DISTANCES]]
    rest = f" and {len(above) - len(told)} more" if len(above) > len(told) else ""
    return ", ".join(told) + rest or ("none: it is back" if distances else "not known yet")
