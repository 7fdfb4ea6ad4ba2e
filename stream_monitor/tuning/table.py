"""The result as tables of text, about 100 characters wide."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from stream_monitor.tuning.evidence import kaplan_meier_median
from stream_monitor.tuning.injection import CHANGES, Kind
from stream_monitor.tuning.recommendation import MAX_MISSED, Evaluation, Recommendation, Rule
from stream_monitor.tuning.sweep import Sweep

#: The headings of the kinds of change.
TITLES: dict[Kind, str] = {
    "level": "a number, in sd",
    "spread": "its spread",
    "share": "missing, error, pts",
    "category": "category, pts",
}
#: The signs in front of the candidates, with their meaning.
SIGNS = {
    ">": "recommended",
    "!": "more false alarms than wanted",
    "x": f"misses more than {MAX_MISSED:.0%} of the changes of 1 sd",
    "?": "neither promises the run length nor shows it here",
}


class _Column(NamedTuple):
    """A column of a table; neighbours with equal headings share one, and the first cell is the column's name."""

    heading: str
    cells: Sequence[str]
    is_text: bool = False


def tables(sweep: Sweep, found: Recommendation) -> Iterator[str]:
    """Yield the lines of a table of false alarms and level changes, and of one of all other changes."""
    names = _names(found)
    kinds = [kind for kind, injected in sweep.injected.items() if injected]
    yield from _lines([*names, *_alarms(found), *_changes(found, [kind for kind in kinds if kind == "level"])])
    rest = [kind for kind in kinds if kind != "level"]
    if rest:
        yield ""
        yield from _lines([*names, *_changes(found, rest)])
    yield ""
    yield "  ".join(f"{sign} {text}" for sign, text in SIGNS.items() if sign in names[0].cells)


def compact(count: float) -> str:
    """Format a count in a few characters.

    >>> compact(12_345), compact(1_000_000), compact(950)
    ('12k', '1M', '950')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= 0.9995 * size:
            value = count / size
            return f"{value:.1f}".removesuffix(".0") + letter if value < 9.95 else f"{value:.0f}{letter}"
    return f"{count:.0f}"


def _names(found: Recommendation) -> list[_Column]:
    """Return the columns that identify the candidates."""
    tried = [evaluation.tally.candidate for evaluation in found.evaluations]
    columns = [
        _Column("", ["", *(_sign(found, evaluation) for evaluation in found.evaluations)], is_text=True),
        _Column("", ["detector", *(one.detector for one in tried)], is_text=True),
        _Column("run", ["length", *(compact(one.events) if one.promised else "" for one in tried)]),
    ]
    if len({one.warmup for one in tried}) > 1:
        columns.append(_Column("warm-", ["up", *(compact(one.warmup) for one in tried)]))
    if len({one.seasonality for one in tried}) > 1:
        columns.append(_Column("", ["season", *(one.seasonality for one in tried)]))
    return columns


def _sign(found: Recommendation, evaluation: Evaluation) -> str:
    if evaluation is found.best:
        return ">"
    signs: dict[Rule, str] = {"over": "!", "missed": "x", "unproven": "?"}
    return signs[evaluation.rules[0]] if evaluation.rules else ""


def _alarms(found: Recommendation) -> list[_Column]:
    tallies = [evaluation.tally for evaluation in found.evaluations]
    between = [
        compact(evaluation.run_length) if evaluation.tally.false_alarms else f">{compact(evaluation.at_least)}"
        for evaluation in found.evaluations
    ]
    return [
        _Column("false alarms", ["as is", *(f"{len(tally.recorded):,}" for tally in tallies)]),
        _Column("false alarms", ["surrogate", *(f"{tally.false_alarms:,}" for tally in tallies)]),
        _Column("events", ["between", *between]),
    ]


def _changes(found: Recommendation, kinds: Sequence[Kind]) -> list[_Column]:
    """Return columns of the median delay for each size of change, and of the share missed for each kind."""
    columns = []
    for kind in kinds:
        for change in (one for one in CHANGES if one.kind == kind):
            cells = [_delay(evaluation.tally.delays.get(change, [])) for evaluation in found.evaluations]
            columns.append(_Column(TITLES[kind], [change.text, *cells]))
        missed = [_missed(evaluation, kind) for evaluation in found.evaluations]
        columns.append(_Column(TITLES[kind], ["missed", *missed]))
    return columns


def _delay(delays: Sequence[float]) -> str:
    """Format a median delay; nothing for a change that alters no signal, as of a share that is always 0."""
    middle = kaplan_meier_median(delays) if delays else math.inf
    return f"{middle:,.0f}" if math.isfinite(middle) else "-" * bool(delays)


def _missed(evaluation: Evaluation, kind: Kind) -> str:
    delays = [delay for change, of in evaluation.tally.delays.items() if change.kind == kind for delay in of]
    return f"{sum(map(math.isinf, delays)) / len(delays):.0%}" if delays else ""


def _lines(columns: Sequence[_Column]) -> Iterator[str]:
    """Yield the lines of a table: headings, names, rows."""
    groups = [list(group) for _, group in groupby(columns, key=lambda column: column.heading)]
    blocks = [_block(group) for group in groups]
    for cells in zip(*blocks, strict=True):
        yield "  ".join(cells).rstrip()


def _block(group: Sequence[_Column]) -> list[str]:
    """Return the lines of a group of columns under one heading."""
    rows = [" ".join(_padded(column, row) for column in group) for row in range(len(group[0].cells))]
    width = max(len(rows[0]), len(group[0].heading))
    return [group[0].heading.rjust(width), *(row.rjust(width) for row in rows)]


def _padded(column: _Column, row: int) -> str:
    width = max(map(len, column.cells))
    return column.cells[row].ljust(width) if column.is_text else column.cells[row].rjust(width)
