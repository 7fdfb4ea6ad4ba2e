"""The baselines beside a model version, as text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import click

from stream_monitor.core.formatting import fixed, percent, short
from stream_monitor.performance.baseline_result import BaselineResult

_VERDICTS = {
    "better": "the model beats it",
    "no_better": "the model is no better",
    "worse": "the model is worse",
    "undecided": "undecided",
}


def show_baselines(baselines: Sequence[BaselineResult]) -> None:
    """Print each baseline in a line: its performance, the model's skill over it, and the verdict."""
    shown = [each for each in baselines if each.outcomes]
    if not shown:
        return
    rows = [_heads(shown[0]), *(list(_cells(each)) for each in shown)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *middle, last = row
        cells = (cell.rjust(width) for cell, width in zip(middle, widths[1:], strict=False))
        click.echo(f"  {'  '.join((first.ljust(widths[0]), *cells, last))}".rstrip())


def _heads(result: BaselineResult) -> list[str]:
    payoff = ["payoff", "model's"] if result.payoff else []
    return ["baseline", *result.performance, "skill", *payoff, f"{result.measure} gained (95 % at all times)", ""]


def _cells(result: BaselineResult) -> Iterator[str]:
    yield result.name
    for windows in result.performance.values():
        yield fixed(windows["cumulative"]) if "cumulative" in windows else "–"
    skill = result.skill[result.measure]["cumulative"]
    yield "–" if math.isnan(skill) else percent(skill)
    if result.payoff:
        yield from (short(each["cumulative"]) for each in (result.payoff, result.model_payoff))
    lower, upper = result.bounds
    between = f" ({_signed(lower)} to {_signed(upper)})" if math.isfinite(lower) else ""
    yield f"{_signed(result.difference)}{between}"
    yield _VERDICTS[result.verdict]


def _signed(value: float) -> str:
    """Return a number with its sign.

    >>> _signed(0.25), _signed(-3e149)
    ('+0.2500', '-3e149')
    """
    return fixed(value) if value < 0 else f"+{fixed(value)}"
