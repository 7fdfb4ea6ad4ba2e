"""The episodes: an overview chart, and a card with the signals of each."""

from __future__ import annotations

from collections.abc import Sequence

from stream_monitor.actions.episode_message import end_word, title
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.formatting import counted, moment, span
from stream_monitor.drift.episode import Episode
from stream_monitor.drift.episode_signal import EpisodeSignal
from stream_monitor.report.chart import lanes
from stream_monitor.report.contents import LAST, Contents, NumberedEpisode, alarm, beginning
from stream_monitor.report.html import exact, level_of, when
from stream_monitor.sections.html import text

#: The maximum number of episodes with a card, of signals in a card, and of signals in the overview.
MAX_EPISODES, MAX_SIGNALS, MAX_LANES = 60, 12, 30

_HEAD = (
    "<tr><th class=wider>Signal<th class=number>Before<th class=arrow><th class=number>After<th class=number>Values"
    "<th class=number>Effect"
    "<th class=alarm-time>Alarm<th>Detector"
)


def overview(contents: Contents, links: dict[tuple[ModelVersion, str], str]) -> str:
    """Return a chart with one row for each signal with detections, the most evident change first."""
    groups: dict[tuple[ModelVersion, str], list[Detection]] = {}
    for detection in contents.detections:
        groups.setdefault((ModelVersion(detection.model, detection.version), detection.signal), []).append(detection)
    if not groups:
        return ""
    ranks = contents.evidence
    ordered = sorted(groups.items(), key=lambda item: (ranks.get(item[0], LAST), item[0]))
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
    more = f"<p class=note>And {counted(rest, 'more signal')} with less evident changes.</p>" if rest else ""
    return f"<figure class=wide>{lanes(contents.base, rows, begins)}</figure>{more}"


def chosen(contents: Contents) -> list[NumberedEpisode]:
    """Return the episodes to show, the most evident first."""
    return list(contents.episodes.values())[:MAX_EPISODES]


def cards(contents: Contents) -> str:
    """Return a card for each episode, with its signals."""
    if not contents.episodes:
        return "<p class=empty>Nothing: no drift was detected.</p>"
    shown = chosen(contents)
    rest = len(contents.episodes) - len(shown)
    most = f"The {len(shown)} most evident episodes; {rest:,} more are not shown here."
    return (f"<p class=note>{most}</p>" if rest else "") + "".join(_card(contents, each) for each in shown)


def small_changes(contents: Contents) -> str:
    """Return a folded table of the changes that are too small to matter, a row for each signal."""
    small = contents.small
    if not small:
        return ""
    groups: dict[tuple[ModelVersion, str], list[Detection]] = {}
    for one in small:
        groups.setdefault((ModelVersion(one.model, one.version), one.signal), []).append(one)
    rows = "".join(
        f"<tr><td><code>{text(signal)}</code> {text(contents.named(key))}<td class=number>{len(found):,}"
        f"<td class=number>{exact(max(one.effect or 0.0 for one in found), 3)}"
        for (key, signal), found in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    )
    head = "<tr><th>Signal<th class=number>Changes<th class=number>Largest effect"
    return (
        f"<details><summary>{counted(len(small), 'change')} below --min-effect, too small to matter</summary>"
        f"<div class=wide><table class=narrow>{head}{rows}</table></div></details>"
    )


def _card(contents: Contents, numbered: NumberedEpisode) -> str:
    episode = numbered.episode
    rows = "".join(_row(row, numbered.detections) for row in episode.ranked[:MAX_SIGNALS])
    rest = episode.count - min(MAX_SIGNALS, len(episode.signals))
    others = f"And {counted(rest, 'less evident signal')}: see all detections."
    version = contents.named(numbered.key)
    return (
        f'<article class=episode id={numbered.link} data-episode="{text(episode.id)}">'
        f"<h3><span class=badge>{numbered.name}</span> {text(title(episode))}"
        f"{f' <small>{text(version)}</small>' if version else ''}</h3>"
        f"<p>{_times(episode)}</p>"
        f"<div class=wide><table>{_HEAD}{rows}</table></div>"
        f"{f'<p class=note>{others}</p>' if rest > 0 else ''}</article>"
    )


def _category(detection: Detection) -> str:
    return f" <q>{text(detection.category)}</q>" if detection.category is not None else ""


def _times(episode: Episode) -> str:
    """Return a sentence with the times of the estimated change, of the first alarm and of the end."""
    noticed = when(episode.ts, episode.index)
    end = f" Over {end_word(episode)} {when(episode.end[1], episode.end[0])}." if episode.end else " Still on."
    if not episode.change_point:
        return f"Noticed {noticed}.{end}"
    index, ts = episode.change_point
    delay = f"{span(max(episode.ts - ts, 0.0))}, " if episode.ts is not None and ts is not None else ""
    late = counted(episode.index - index, "prediction")
    return f"Began about {when(ts, index)}; noticed {noticed}: after {delay}{late}.{end}"


def _row(row: EpisodeSignal, detections: Sequence[Detection]) -> str:
    """Return a row for a signal: its whole change, and all detectors that found it."""
    one = row.told
    own = [detection for detection in detections if detection.signal == row.signal]
    detectors = ", ".join(sorted({detection.detector for detection in own} or {one.detector}))
    alarm_ = moment(one.ts) or f"prediction {one.index:,}"
    arrow = {"up": "↗", "down": "↘"}[one.direction]
    return (
        f"<tr><td><code>{text(row.signal)}</code>{_category(one)}"
        f"<td class=number>{level_of(one, one.before)}<td class=arrow title={one.direction}>{arrow}"
        f"<td class=number>{level_of(one, one.after)}<td class=number>{one.n_after:,}"
        f"<td class=number>{exact(one.effect, 3)}<td>{alarm_}<td>{text(detectors)}"
    )
