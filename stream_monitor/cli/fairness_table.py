"""The groups of a model version and the gaps between them, as text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import click

from stream_monitor.core.formatting import fixed, plain, short
from stream_monitor.performance.group_gaps import Gap, is_small
from stream_monitor.performance.group_measures import GroupCounts, mean_residual
from stream_monitor.performance.windows import Window
from stream_monitor.pipeline.fairness_snapshot import FairnessSnapshot

#: Characters of a value that are shown.
MAX_NAME = 24
#: Heads of the columns of measures.
_HEADS = {
    "selection_rate": "selected",
    "accuracy": "accuracy",
    "true_positive_rate": "true pos.",
    "false_positive_rate": "false pos.",
    "precision": "precision",
    "label_coverage": "labelled",
}
_WINDOWS: Sequence[Window] = ("cumulative", "rolling")


def show_fairness(fairness: FairnessSnapshot) -> None:
    """Print the measures of each value of each group, and the gaps with their intervals."""
    for group, windows in fairness.groups.items():
        positive = f", positive class {plain(fairness.positive)}" if fairness.positive is not None else ""
        click.echo(f"  group {group} ({fairness.paths[group]}{positive})")
        for line in (*_values(fairness, windows["cumulative"]), *_gaps(fairness, windows)):
            click.echo(f"    {line}")


def _values(fairness: FairnessSnapshot, values: Mapping[str, GroupCounts]) -> list[str]:
    """Return a table of the values of a group."""
    heads = [_HEADS[measure.name] for measure in fairness.measures]
    residual = ["mean residual"] if fairness.task == "regression" else []
    cells = [["value", "predictions", "outcomes", *heads, *residual, ""]]
    cells += [list(_cells(fairness, value, counts)) for value, counts in values.items()]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [_line(row, widths) for row in cells]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.ljust(width) if at == 0 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((first, *rest)).rstrip()


def _cells(fairness: FairnessSnapshot, value: str, counts: GroupCounts) -> Iterator[str]:
    yield from (plain(value)[:MAX_NAME], f"{counts.predictions:,}", f"{counts.outcomes:,}")
    for measure in fairness.measures:
        share = measure.value(counts)
        yield "–" if math.isnan(share) else f"{share:.4f}"
    if fairness.task == "regression":
        yield short(mean_residual(counts))
    yield "few" if is_small(counts, "predictions", fairness.min_count) else ""


def _gaps(fairness: FairnessSnapshot, windows: Mapping[Window, Mapping[str, GroupCounts]]) -> Iterator[str]:
    """Yield a line for each gap."""
    found = {window: fairness.gaps(windows[window]) for window in _WINDOWS if window in windows}
    names = list(dict.fromkeys(name for gaps in found.values() for name in gaps))
    width = max(map(len, names), default=0)
    for name in names:
        shown = (f"{window} {_gap(gaps[name])}" for window, gaps in found.items() if name in gaps)
        yield f"{name:{width}}  {'  '.join(shown)}"


def _gap(gap: Gap) -> str:
    value, lower, upper = gap.estimate
    between = f"{plain(gap.highest)[:MAX_NAME]} over {plain(gap.lowest)[:MAX_NAME]}"
    return f"{fixed(value)} ({fixed(lower)} to {fixed(upper)}; {between})"
