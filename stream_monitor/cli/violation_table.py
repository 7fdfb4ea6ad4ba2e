"""Violations of an input contract, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import click

from stream_monitor.core.formatting import plain
from stream_monitor.core.violations import FeatureRule

_HEAD = ("feature", "rule", "count", "share")
#: Columns that are numbers.
_RIGHT = (2, 3)
#: Characters of the name of a feature.
MAX_NAME = 40


def show_violations(counts: Mapping[FeatureRule, int], total: int, examples: Mapping[FeatureRule, str]) -> None:
    """Print the rules that are broken, those broken most often first, each with an example below it.

    Args:
        counts: The number of events that break each rule, by feature and rule.
        total: The number of events.
        examples: An example of each, by feature and rule.
    """
    broken = sorted(((count, rule) for rule, count in counts.items() if count), key=lambda each: -each[0])
    head, *lines = _lines([_HEAD, *(_cells(rule, count, total) for count, rule in broken)])
    click.echo(head)
    for line, (_, rule) in zip(lines, broken, strict=True):
        click.echo(line)
        if rule in examples:
            click.echo(f"    {plain(examples[rule])}")


def _cells(rule: FeatureRule, count: int, total: int) -> tuple[str, ...]:
    name = plain(rule[0])
    share = count / max(total, 1)
    return (
        name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…",
        str(rule[1]),
        f"{count:,}",
        "<0.01%" if share < 0.0001 else f"{share:.2%}",
    )


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if at in _RIGHT else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  " + "  ".join(cells).rstrip()
