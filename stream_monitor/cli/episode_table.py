"""Episodes on a terminal: a block of lines for each."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter
from collections.abc import Sequence

import click

from stream_monitor.actions.episode_message import end_word, level, subject, title
from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import counted, in_words, moment, plain, short, span
from stream_monitor.drift.episode import Episode
from stream_monitor.drift.episode_signal import EpisodeSignal
from stream_monitor.drift.practical_size import Ranked

#: Episodes that are printed, and signals of each; --json has all.
MAX_EPISODES, MAX_SIGNALS = 10, 8
#: Characters to which a signal's name is cut at most, where the line would be wider than the terminal.
MIN_NAME_LENGTH = 16
_HEAD = ("signal", "", "before -> after", "values", "effect", "detector")


def show(found: Ranked, min_effect: float) -> None:
    """Print the most evident episodes, and a line on changes that are too small.

    Args:
        found: The episodes, the most evident first, and the changes that are too small to matter.
        min_effect: The effect from which on they would matter.
    """
    episodes, small = found
    drifts = sum(episode.detections for episode in episodes)
    where = f", in {counted(len(episodes), 'episode')}" if drifts else ""
    click.echo(f"{counted(drifts, 'drift')} detected{where}{', the most evident first' if len(episodes) > 1 else ''}")
    for number, episode in enumerate(episodes[:MAX_EPISODES], 1):
        click.echo("\n" + "\n".join(_block(number, episode, shutil.get_terminal_size().columns)))
    rest = len(episodes) - MAX_EPISODES
    if rest > 0:
        click.echo(f"\nAnd {counted(rest, 'less evident episode')}: see --json or --report")
    if small:
        click.echo(f"\n{_small(small, min_effect)}")


def _small(small: Sequence[Detection], min_effect: float) -> str:
    """Return a line on the changes that are too small, the signals with the most of them first."""
    most = Counter(subject(one) for one in small).most_common()
    names = [f"{name} {count:,}" for name, count in most[:MAX_SIGNALS]]
    rest = [counted(len(most) - MAX_SIGNALS, "more signal")] if len(most) > MAX_SIGNALS else []
    what = f"And {counted(len(small), 'change')} below --min-effect {min_effect:g}, too small to matter"
    return f"{what}: {', '.join([*names, *rest])}"


def _block(number: int, episode: Episode, columns: int) -> list[str]:
    shown = episode.ranked[:MAX_SIGNALS]
    what = f"Episode {number} in {plain(f'{episode.model}/{episode.version}')}: {counted(episode.count, 'signal')}"
    rest = episode.count - len(shown)
    more = [f"  and {counted(rest, 'less evident signal')}"] if rest else []
    told = textwrap.wrap(title(episode), max(columns - 2, 40), break_long_words=False, break_on_hyphens=False)
    return [what, *(f"  {line}" for line in (*told, *_times(episode))), *_rows(shown, columns), *more]


def _times(episode: Episode) -> list[str]:
    """Return the estimated time of the change, the delay of the first alarm, and the end."""
    index, ts = episode.change
    late = episode.index - index
    end = "still on" if episode.end is None else f"over {end_word(episode)} {_when(episode.end[1], episode.end[0])}"
    if not late:
        return [f"noticed at {_when(episode.ts, episode.index)}", end]
    known = episode.ts is not None and ts is not None
    delay = f" ({span(max((episode.ts or 0.0) - (ts or 0.0), 0.0))})" if known else ""
    return [f"began about {_when(ts, index)}", f"noticed {counted(late, 'prediction')}{delay} later", end]


def _when(ts: float | None, index: int) -> str:
    return f"{moment(ts)} UTC, prediction {index:,}" if moment(ts) else f"prediction {index:,}"


def _rows(shown: Sequence[EpisodeSignal], columns: int) -> list[str]:
    """Return a line for each signal, the most evident first, in columns."""
    cells = [_HEAD, *(_cells(row.told) for row in shown)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    room = max(columns - 2 - sum(width + 2 for width in widths[1:]), MIN_NAME_LENGTH)
    return [
        "  " + "  ".join((_cut(name, room).ljust(min(widths[0], room)), *_padded(rest, widths[1:]))).rstrip()
        for name, *rest in cells
    ]


def _cells(one: Detection) -> tuple[str, ...]:
    name = plain(one.signal if one.category is None else f"{one.signal} {one.category!r}")
    effect = "" if one.effect is None else f"{short(one.effect, 3)} {in_words(one.effect)}"
    means = f"{level(one, one.before)} -> {level(one, one.after)}"
    return name, one.direction, means, f"{one.n_after:,}", effect, one.detector


def _padded(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]


def _cut(name: str, room: int) -> str:
    return name if len(name) <= room else name[: room - 1] + "…"
