"""Episodes and active alarms, as HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable

from stream_monitor.actions.episode_message import end_word, level, title
from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import counted, in_words, moment, short, span
from stream_monitor.drift.episode import Episode
from stream_monitor.drift.episode_signal import EpisodeSignal
from stream_monitor.drift.practical_size import rank
from stream_monitor.pipeline.false_alarms import sentences
from stream_monitor.pipeline.snapshot import ModelSnapshot, SignalSnapshot
from stream_monitor.sections.html import text
from stream_monitor.server.page.table import table

#: Episodes that are shown, signals of each; active signals, and distances of each.
SHOWN_EPISODES, SHOWN_SIGNALS, SHOWN_ACTIVE, SHOWN_DISTANCES = 4, 8, 12, 2


def episodes(models: Iterable[ModelSnapshot], min_effect: float = 0.0) -> str:
    """Return the newest episodes of all models that matter, each with its signals, the most evident first."""
    found = list(rank((episode for model in models for episode in model.episodes), min_effect).episodes)
    found.sort(key=lambda episode: episode.last_index, reverse=True)
    cards = "".join(map(_card, found[:SHOWN_EPISODES]))
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
    empty = "No signal: none has had an alarm, or each is back near its reference, or --rearm-after has passed since."
    return table(head, rows, empty) + (more if len(found) > SHOWN_ACTIVE else "")


def promise(models: Iterable[ModelSnapshot]) -> str:
    """Return where the promise on false alarms does not hold; nothing where it does."""
    found = "".join(
        f"<li>{text('/'.join(model.key))}: {text(sentence)}" for model in models for sentence in sentences(model)
    )
    return f"<h2>False alarms</h2><ul>{found}</ul>" if found else ""


def named(one: Detection) -> str:
    """Return the name of the signal, with its category."""
    return one.signal if one.category is None else f"{one.signal} {one.category!r}"


def moved(one: Detection) -> str:
    """Return the direction and both means of the change."""
    return f"{'↗' if one.direction == 'up' else '↘'} {level(one, one.before)} → {level(one, one.after)}"


def _card(episode: Episode) -> str:
    ranked = episode.ranked
    shown, rest = ranked[:SHOWN_SIGNALS], episode.count - len(ranked[:SHOWN_SIGNALS])
    more = f"<p class=note>And {counted(rest, 'less evident signal')}." if rest else ""
    state = "<span class=badge>over</span>" if episode.end else "<span class='badge up'>still on</span>"
    head = ("Signal", "Before → after", "Values", "Effect", "Detector", "")
    return (
        f"<article><h3>{text(title(episode))} {state}</h3><p>{_times(episode)}</p>"
        f"<div class=wide>{table(head, map(_row, shown))}</div>{more}</article>"
    )


def _times(episode: Episode) -> str:
    """Return the model version, and the times of the change, of the last alarm and of the end."""
    index, ts = episode.change
    began = f"began about {_when(ts, index)}" if index < episode.index else ""
    late = f"noticed {counted(episode.index - index, 'prediction')} later" if began else ""
    last = f"{'last' if episode.detections > 1 else 'only'} alarm {_when(episode.last_ts, episode.last_index)}"
    end = f"over {end_word(episode)} {_when(episode.end[1], episode.end[0])}" if episode.end else ""
    parts = (
        text(f"{episode.model} / {episode.version}"),
        began,
        late,
        last,
        end,
        counted(episode.detections, "drift"),
    )
    return " · ".join(filter(None, parts))


def _row(row: EpisodeSignal) -> tuple[str, ...]:
    one = row.told
    effect = "" if one.effect is None else f"{short(one.effect, 3)}, {in_words(one.effect)}"
    state = "unstable" if row.is_unstable and row.end is None else "still on" if row.end is None else "over"
    return named(one), moved(one), f"{one.n_after:,}", effect, one.detector, state


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
