"""The signals against the training data, on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from stream_monitor.core.formatting import in_words, plain, short
from stream_monitor.pipeline.against_training import against_training, distance, headline, moved, rows, when
from stream_monitor.pipeline.snapshot import ModelSnapshot
from stream_monitor.stats.training_verdict import SignalVerdict

#: Signals that are printed of each model version; --json has all.
MAX_SIGNALS = 12
_HEAD = ("signal", "training -> now", "effect", "distance", "")


def show_reference(models: Iterable[ModelSnapshot]) -> None:
    """Print what differs from the training data, what matters most first; nothing without a profile."""
    for model in models:
        found = against_training(model)
        if found:
            click.echo(f"Against the training data, {plain('/'.join(model.key))}: {headline(found)}")
            click.echo("".join(f"{line}\n" for line in _rows(found)))


def _rows(found: Sequence[SignalVerdict]) -> list[str]:
    told, rest = rows(found, MAX_SIGNALS)
    if not told:
        return []
    cells = [_HEAD, *(_cells(each) for each in told)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]
    return [*lines, *([f"  and {rest:,} more: see --json or --report"] if rest else [])]


def _cells(signal: SignalVerdict) -> tuple[str, ...]:
    verdict = signal.verdict
    is_shifted = verdict.verdict == "shifted"
    effect = f"{short(verdict.effect, 3)} {in_words(verdict.effect)}" if is_shifted else ""
    return (
        plain(signal.name),
        moved(signal),
        effect,
        distance(verdict),
        when(verdict),
    )
