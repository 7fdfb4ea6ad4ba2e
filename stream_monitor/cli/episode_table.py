"""Episodes on a terminal: a block of lines for each."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import click

from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import counted, in_words, moment, plain, short, span
from stream_monitor.drift.episodes import Episode

#: Episodes that are printed, and signals of each; --json has all.
MAX_EPISODES, MAX_SIGNALS = 10, 8
#: Characters to which a signal's name is cut at most, where the line would be wider than the terminal.
MIN_NAME_LENGTH = 16
_HEAD = ("signal", "", "before -> after", "effect", "detector")


def show(episodes: Sequence[Episode]) -> None:
    """Print the episodes with the largest effects, in order of their beginnings."""
    drifts = sum(episode.detections for episode in episodes)
    click.echo(
        f"{counted(drifts, 'drift')} detected" + (f", in {counted(len(episodes), 'episode')}" if drifts else "")
    )
    numbered = sorted(enumerate(episodes, 1), key=lambda each: -(each[1].ranked[0].effect or 0.0))
    for number, episode in sorted(numbered[:MAX_EPISODES], key=lambda each: each[0]):
        click.echo("\n" + "\n".join(_block(number, episode, shutil.get_terminal_size().columns)))
    rest = len(episodes) - MAX_EPISODES
    if rest > 0:
        click.echo(f"\nAnd {counted(rest, 'more episode')} with smaller effects: see --json or --report")


def _block(number: int, episode: Episode, columns: int) -> list[str]:
    shown = episode.ranked[:MAX_SIGNALS]
    what = f"Episode {number} in {plain(f'{episode.model}/{episode.version}')}: {counted(episode.count, 'signal')}"
    rest = episode.count - len(shown)
    more = [f"  and {counted(rest, 'more signal')} with smaller effects"] if rest else []
    return [what, *(f"  {line}" for line in _times(episode)), *_rows(shown, columns), *more]


def _times(episode: Episode) -> list[str]:
    """Return the estimated time of the change, and the delay of the first alarm."""
    index, ts = episode.change
    late = episode.index - index
    if not late:
        return [f"noticed at {_when(episode.ts, episode.index)}"]
    known = episode.ts is not None and ts is not None
    delay = f" ({span(max((episode.ts or 0.0) - (ts or 0.0), 0.0))})" if known else ""
    return [f"began about {_when(ts, index)}", f"noticed {counted(late, 'prediction')}{delay} later"]


def _when(ts: float | None, index: int) -> str:
    return f"{moment(ts)} UTC, prediction {index:,}" if moment(ts) else f"prediction {index:,}"


def _rows(shown: Sequence[Detection], columns: int) -> list[str]:
    """Return a line for each signal, the largest effect first, in columns."""
    cells = [_HEAD, *map(_cells, shown)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    room = max(columns - 2 - sum(width + 2 for width in widths[1:]), MIN_NAME_LENGTH)
    return [
        "  " + "  ".join((_cut(name, room).ljust(min(widths[0], room)), *_padded(rest, widths[1:]))).rstrip()
        for name, *rest in cells
    ]


def _cells(one: Detection) -> tuple[str, ...]:
    name = plain(one.signal if one.category is None else f"{one.signal} {one.category!r}")
    effect = "" if one.effect is None else f"{short(one.effect, 3)} {in_words(one.effect)}"
    return name, one.direction, f"{short(one.before, 4)} -> {short(one.after, 4)}", effect, one.detector


def _padded(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]


def _cut(name: str, room: int) -> str:
    return name if len(name) <= room else name[: room - 1] + "…"
