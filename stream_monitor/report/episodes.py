"""The episodes: an overview chart, and a card with the signals of each."""

from __future__ import annotations

from collections.abc import Sequence

from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.formatting import counted, moment, span
from stream_monitor.drift.episodes import Episode, by_effect
from stream_monitor.report.chart import lanes
from stream_monitor.report.contents import Contents, NumberedEpisode, alarm, beginning
from stream_monitor.report.html import exact, text, when

#: The maximum number of episodes with a card, of signals in a card, and of signals in the overview.
MAX_EPISODES, MAX_SIGNALS, MAX_LANES = 60, 12, 30

_HEAD = (
    "<tr><th class=wider>Signal<th class=number>Before<th class=arrow><th class=number>After<th class=number>Effect"
    "<th class=alarm-time>Alarm<th>Detector"
)


def overview(contents: Contents, links: dict[tuple[ModelVersion, str], str]) -> str:
    """Return a chart with one row for each signal with detections, the largest effect first."""
    groups: dict[tuple[ModelVersion, str], list[Detection]] = {}
    for detection in contents.detections:
        groups.setdefault((ModelVersion(detection.model, detection.version), detection.signal), []).append(detection)
    if not groups:
        return ""
    ordered = sorted(groups.items(), key=lambda item: min(map(by_effect, item[1])))
    rows = [
        (
            f"{signal} {contents.named(key)}".strip(),
            links.get((key, signal), ""),
            [alarm(detection) for detection in detections],
        )
        for (key, signal), detections in ordered[:MAX_LANES]
    ]
    begins = [beginning(episode) for episode in chosen(contents)]
    rest = len(ordered) - len(rows)
    more = f"<p class=note>And {counted(rest, 'more signal')} with smaller effects.</p>" if rest else ""
    return f"<figure class=wide>{lanes(contents.base, rows, begins)}</figure>{more}"


def chosen(contents: Contents) -> list[NumberedEpisode]:
    """Return the episodes to show, in order: all, or those with the largest effects."""
    by_number = list(contents.episodes.values())
    largest = sorted(by_number, key=lambda each: -(each.episode.ranked[0].effect or 0.0))
    return sorted(largest[:MAX_EPISODES], key=lambda each: each.number)


def cards(contents: Contents) -> str:
    """Return a card for each episode, with its signals."""
    if not contents.episodes:
        return "<p class=empty>Nothing: no drift was detected.</p>"
    shown = chosen(contents)
    rest = len(contents.episodes) - len(shown)
    largest = f"The {len(shown)} episodes with the largest effects; {rest:,} more are not shown here."
    return (f"<p class=note>{largest}</p>" if rest else "") + "".join(_card(contents, each) for each in shown)


def _card(contents: Contents, numbered: NumberedEpisode) -> str:
    episode = numbered.episode
    rows = "".join(_row(strongest, numbered.detections) for strongest in episode.ranked[:MAX_SIGNALS])
    rest = episode.count - MAX_SIGNALS
    others = f"And {counted(rest, 'more signal')} with smaller effects: see all detections."
    version = contents.named(numbered.key)
    return (
        f'<article class=episode id={numbered.link} data-episode="{text(episode.id)}">'
        f"<h3><span class=badge>{numbered.name}</span> {_headline(episode)}"
        f"{f' <small>{text(version)}</small>' if version else ''}</h3>"
        f"<p>{_times(episode)}</p>"
        f"<div class=wide><table>{_HEAD}{rows}</table></div>"
        f"{f'<p class=note>{others}</p>' if rest > 0 else ''}</article>"
    )


def _headline(episode: Episode) -> str:
    strongest = episode.ranked[0]
    others = f" and {counted(episode.count - 1, 'more signal')}" if episode.count > 1 else ""
    return f"<code>{text(strongest.signal)}</code>{_category(strongest)} went {strongest.direction}{others}"


def _category(detection: Detection) -> str:
    return f" <q>{text(detection.category)}</q>" if detection.category is not None else ""


def _times(episode: Episode) -> str:
    """Return a sentence with the estimated time of the change and the time of the first alarm."""
    noticed = when(episode.ts, episode.index)
    if not episode.change_point:
        return f"Noticed {noticed}."
    index, ts = episode.change_point
    delay = f"{span(max(episode.ts - ts, 0.0))}, " if episode.ts is not None and ts is not None else ""
    late = counted(episode.index - index, "prediction")
    return f"Began about {when(ts, index)}; noticed {noticed}: after {delay}{late}."


def _row(strongest: Detection, detections: Sequence[Detection]) -> str:
    """Return a row for a signal: its strongest detection, and all detectors that found one."""
    own = [detection for detection in detections if detection.signal == strongest.signal]
    detectors = ", ".join(sorted({detection.detector for detection in own}))
    alarm_ = moment(own[0].ts) or f"prediction {own[0].index:,}"
    arrow = {"up": "↗", "down": "↘"}[strongest.direction]
    return (
        f"<tr><td><code>{text(strongest.signal)}</code>{_category(strongest)}"
        f"<td class=number>{exact(strongest.before)}<td class=arrow title={strongest.direction}>{arrow}"
        f"<td class=number>{exact(strongest.after)}<td class=number>{exact(strongest.effect, 3)}"
        f"<td>{alarm_}<td>{text(detectors)}"
    )
