"""``stream-monitor compare``: a candidate against the champion on evaluation sets."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from stream_monitor.app.compare import Comparison, Question, Score
from stream_monitor.app.compare import compare as look
from stream_monitor.cli.outputs import check_outputs, write
from stream_monitor.core.timestamps import format_timestamp
from stream_monitor.stats.intervals import wilson
from stream_monitor.stats.sign_test import difference_interval


@click.command()
@click.option(
    "--sets",
    metavar="DIR",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="directory of evaluation sets, which `run --evaluation-dir` writes",
)
@click.option(
    "--candidate",
    metavar="FILE",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV file of the candidate's predictions for the rows of the sets, with the columns id and prediction",
)
@click.option("--model", metavar="NAME", help="model whose sets are meant; needed where there are several")
@click.option("--champion", metavar="VERSION", help="version to compare with; by default that of most rows")
@click.option("--final", "is_final", is_flag=True, help="open the newest sets, which are sealed until then")
@click.option(
    "--json", "json_path", metavar="OUT", type=click.Path(path_type=Path), help="write everything to this file"
)
def compare(
    sets: Path, candidate: Path, model: str | None, champion: str | None, is_final: bool, json_path: Path | None
) -> None:
    """Test a candidate model on evaluation sets: its accuracy beside the champion's, and a verdict.

    The exit code is 0 if the candidate is better, 1 if that is not shown, 2 if something is wrong. Half of the rows
    give the scores, the other half gives the verdict alone. Every look is written into the manifest, and the level of
    the verdict is shared out over looks: however many candidates are tried, the chance that one passes though none is
    better is at most 5 %.
    """
    check_outputs({"--json": json_path}, [candidate])
    found = look(Question(sets, candidate, model, champion, is_final))
    if json_path:
        write("--json", json_path, orjson.dumps(_summary(found), option=orjson.OPT_INDENT_2) + b"\n")
    _show(found, candidate, is_final)
    sys.exit(0 if found.is_better else 1)


def _show(found: Comparison, candidate: Path, is_final: bool) -> None:
    """Print the scores and the verdict."""
    click.echo(f"Model {found.model}: {candidate} against version {found.champion}\n")
    rows = [("set", "rows", "champion", "candidate", "difference"), *(_row(score) for score in found.scores)]
    _print(rows)
    if found.missing:
        click.echo(f"\n{found.missing:,} rows have no prediction of the candidate and count as wrong")
    tested = found.verdict
    which = "of sealed sets" if is_final else "whose scores stay hidden"
    click.echo(
        f"\nLook {found.look}, on {tested.rows:,} rows {which}: "
        f"p = {found.p_value:.2g}, to be at most {found.level:.2g}"
    )
    if found.sealed:
        click.echo(f"{found.sealed} of the newest sets sealed; --final opens them")
    click.echo(f"Verdict: the candidate is {'' if found.is_better else 'not shown to be '}better than the champion")


def _row(score: Score) -> tuple[str, ...]:
    pairs = score.pairs
    lower, upper = difference_interval(pairs)
    return (
        f"{datetime.fromtimestamp(score.start, UTC):%Y-%m-%d %H:%M}",
        f"{pairs.rows:,}",
        _accuracy(score.champion_right, pairs.rows),
        _accuracy(score.candidate_right, pairs.rows),
        f"{pairs.difference:+.3f} ({lower:+.3f} to {upper:+.3f})" if pairs.rows else "",
    )


def _summary(found: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON; rates are null without rows."""
    return {
        "model": found.model,
        "champion": found.champion,
        "sets": [_set_summary(score) for score in found.scores],
        "missing": found.missing,
        "sealed": found.sealed,
        "look": found.look,
        "verdict_rows": found.verdict.rows,
        "p_value": found.p_value,
        "level": found.level,
        "is_better": found.is_better,
    }


def _set_summary(score: Score) -> dict[str, Any]:
    pairs = score.pairs
    right = {"champion": score.champion_right, "candidate": score.candidate_right}
    rates = {
        name: _rate(count / pairs.rows, wilson(count / pairs.rows, pairs.rows)) if pairs.rows else None
        for name, count in right.items()
    }
    difference = _rate(pairs.difference, difference_interval(pairs)) if pairs.rows else None
    return {"start": format_timestamp(score.start), "rows": pairs.rows, **rates, "difference": difference}


def _rate(value: float, interval: Iterable[float]) -> dict[str, float]:
    lower, upper = interval
    return {"value": value, "lower": lower, "upper": upper}


def _accuracy(right: int, count: int) -> str:
    """Return an accuracy with its 95 % interval."""
    if not count:
        return ""
    lower, upper = wilson(right / count, count)
    return f"{right / count:.3f} ({lower:.3f} to {upper:.3f})"


def _print(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
