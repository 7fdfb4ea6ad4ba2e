"""The table and the gates of streams with a season."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gate import Gate
from seasonal import CASES, DAYS, FEATURES, PER_DAY, PIECES, RUN_LENGTH, Case, seasonal_multiple
from table import Table

Report = Mapping[str, Any]


def seasonal_gates(report: Report) -> Iterator[Gate]:
    """Yield the gates of false alarms; they are undecided where few streams were measured."""
    for case, reading in _measured(report):
        found = seasonal_multiple(case, reading["events"], reading["alarms"])[0]
        is_enough = reading["events"] >= PIECES["full"] * DAYS * PER_DAY
        what = f"{case.name}: at most {case.max_multiple:g} x the promised false alarms: {found:.2f} x"
        yield Gate(found <= case.max_multiple if is_enough else None, f"{what}, {reading['alarms']} alarms")


def seasonal_tables(report: Report) -> list[Table]:
    """Return the table of false alarms, as far as they were measured."""
    rows = [["stream, `--seasonality`", "earlier", "measured", "95 % interval", "told", "gate", ""]]
    for case, reading in _measured(report):
        found, low, high = seasonal_multiple(case, reading["events"], reading["alarms"])
        told = seasonal_multiple(case, reading["events"], reading["told"])[0]
        earlier = "" if case.earlier is None else f"{case.earlier:g}"
        holds = "holds" if found <= case.max_multiple else "**falls short**"
        cells = [earlier, f"{found:.3g}", f"{low:.3g} to {high:.3g}", f"{told:.3g}", f"{case.max_multiple:g}", holds]
        rows.append([case.name, *cells])
    if len(rows) == 1:
        return []
    note = (
        f"False alarms as a multiple of the promised one in {RUN_LENGTH:,} events of a model of {FEATURES}\n"
        f"features, from the first event on: streams of {DAYS:g} days with {PER_DAY:,} events a day, whose season\n"
        "goes on unchanged. Of the streams of a feature all features are such; the other signals keep their part\n"
        "of the promise. Earlier: with the hourly means of normal scores taken out, and nothing of shares."
    )
    return [Table("Seasonal streams: false alarms", note, rows)]


def _measured(report: Report) -> Iterator[tuple[Case, Mapping[str, Any]]]:
    readings = report.get("seasonal", {})
    for case in CASES:
        if case.name in readings:
            yield case, readings[case.name]
