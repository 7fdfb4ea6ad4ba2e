"""The tables of the results, as text for the terminal and as Markdown for the documentation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

import measures
from dependent_tables import dependent_tables
from estimated_tables import estimated_table
from flights_tables import flights_table
from gates import ADWIN, MUCH_SOONER, SHARE
from ours import NAME, OURS_RARE
from seasonal_tables import seasonal_tables
from streams import CHANGES, DRIFTING, QUIET
from table import Table
from whole import RUN_LENGTH

NOTHING = "–"
RUN = 100_000.0
Report = Mapping[str, Any]
Reading = Mapping[str, Any]


def tables(report: Report) -> list[Table]:
    return [
        _together(report),
        _per_stream(report, FALSE_ALARMS, "quiet", [each.name for each in QUIET], _rate),
        _per_stream(report, MEDIANS, "delays", [each.name for each in CHANGES], _median, _bound_row()),
        _per_stream(report, MEANS, "delays", [each.name for each in CHANGES], _mean),
        _to_bound(report),
        *_as_rare(report),
        _per_stream(report, DRIFTS, "drifts", [each.name for each in DRIFTING], _f1),
        _whole(report),
        *dependent_tables(report),
        *seasonal_tables(report),
        *flights_table(report),
        *estimated_table(report),
        _real(report),
    ]


FALSE_ALARMS = ("False alarms in 10,000 values", "Nothing changes in these streams.")
MEDIANS = (
    "Median delay",
    "Values from the change up to and including the alarm; no alarm in 5,000 values counts as infinite.",
)
MEANS = ("Mean delay, and the share that was missed", "The mean is over the changes that were found.")
DRIFTS = (
    "F1 with four drifts in 25,000 errors",
    "The first alarm within 1,000 values after a drift is right; an alarm anywhere else is wrong. In brackets, if\n"
    "different: F1 with any further alarm of the same drift counted as wrong.",
)


def _per_stream(
    report: Report,
    heading: tuple[str, str],
    part: str,
    streams: Sequence[str],
    cell: Callable[[Reading], str],
    first: Sequence[Sequence[str]] = (),
) -> Table:
    rows = [["program", *streams], *first]
    for name, reading in report["programs"].items():
        if "missing" in reading or not reading:
            continue
        rows.append([name, *(_cell(reading[part][stream], cell) for stream in streams)])
    return Table(*heading, rows)


def _cell(reading: Reading | None, form: Callable[[Reading], str]) -> str:
    if reading is None:
        return NOTHING
    return "refuses" if "error" in reading else form(reading)


def _rate(reading: Reading) -> str:
    return f"{reading['alarms'] / reading['values'] * 1e4:.3g}"


def _median(reading: Reading) -> str:
    return "missed" if reading["median"] is None else f"{reading['median']:,.0f}"


def _mean(reading: Reading) -> str:
    if reading["mean"] is None:
        return "missed"
    return f"{reading['mean']:,.0f}" + (f" ({reading['missed']:.0%})" if reading["missed"] else "")


def _f1(reading: Reading) -> str:
    strict = f"{reading['strict']:.3f}"
    score = f"{reading['f1']:.3f}"
    return score if strict == score else f"{score} ({strict})"


def _bound_row() -> list[list[str]]:
    bounds = [measures.lorden(RUN, each.divergence) for each in CHANGES]
    return [["(bound of the mean at 100,000)", *(NOTHING if not bound else f"{bound:,.0f}" for bound in bounds)]]


def _to_bound(report: Report) -> Table:
    known = [each for each in CHANGES if math.isfinite(each.divergence)]

    def ratio(reading: Reading | None, divergence: float) -> str:
        if not reading or reading.get("mean") is None or reading["missed"] > 0.05:
            return NOTHING
        return f"{reading['mean'] / measures.lorden(RUN, divergence):.2f}"

    rows = [["program", *(each.name for each in known)]]
    for name, reading in report["programs"].items():
        if reading and "missing" not in reading:
            rows.append([name, *(ratio(reading["delays"][each.name], each.divergence) for each in known)])
    note = (
        "Mean delay over ln(100,000) / KL (Lorden 1971), if at most one change in twenty was missed. A program that\n"
        "alarms more often than once in 100,000 values may be below 1; one that alarms less often has a higher bound."
    )
    return Table("Mean delay as a multiple of the bound", note, rows)


def _as_rare(report: Report) -> list[Table]:
    """Return a table of delays at ADWIN's rate of false alarms, with the lower bound for any detector."""
    readings = report["programs"]
    adwin, ours = readings.get(ADWIN), readings.get(OURS_RARE)
    if not adwin or not ours:
        return []
    rows = [["change", "required", "river ADWIN", OURS_RARE, "bound at ADWIN's run length"]]
    for each in CHANGES[:7]:
        quiet = adwin["quiet"]["normal" if each.setting.kind == "number" else "bernoulli 0.1"]
        run = measures.ratio(quiet["values"], quiet["alarms"])
        delays = [reading["delays"][each.name] for reading in (adwin, ours)]
        asked = (SHARE if each.name in MUCH_SOONER else 1.0) * delays[0]["median"]
        bound = measures.lorden(run, each.divergence) if math.isfinite(run) else math.inf
        cells = [f"{one['median']:,.0f} ({one['mean']:,.0f})" for one in delays]
        rows.append([each.name, f"{asked:,.0f}", *cells, f"{bound:,.0f}"])
    note = (
        "No detector can have a run length of 100,000 and at most the false alarms of ADWIN, whose run length is 50\n"
        "times that. With ADWIN's run length: medians, in brackets means, and the lower bound of the mean delay of\n"
        "any detector with that run length (Lorden 1971; to first order, and for the worst past: ADWIN's mean is\n"
        "below it for small changes). If the bound is above the required delay, no detector can reach it."
    )
    return [Table("With the false alarms of ADWIN", note, rows)]


def _together(report: Report) -> Table:
    """Return the overview table of false alarms, delays, F1 and CPU time."""
    head = ["program", "between false alarms, bernoulli 0.1", "normal", "mean delay, error 0.1 to 0.2", "+0.5 sigma"]
    rows = [[*head, "missed", "F1", "CPU ns a value"]]
    for name, reading in report["programs"].items():
        if "missing" in reading or not reading:
            continue
        between = [_cell(reading["quiet"][stream], _between) for stream in ("bernoulli 0.1", "normal")]
        delays = [_cell(reading["delays"][stream], _mean) for stream in ("error 0.1 to 0.2", "mean +0.5 sigma")]
        ns = _cell(reading["cpu_ns"], lambda measured: f"{measured['ns']:,.0f}")
        parts = [_average(reading["delays"], "missed", "{:.1%}"), _average(reading["drifts"], "f1", "{:.3f}")]
        rows.append([name, *between, *delays, *parts, ns])
    rows += [[name, why, *[NOTHING] * 6] for name, why in missing(report)]
    note = (
        "Mean values between two false alarms with a 95 % interval of Poisson counts; share of all changes missed\n"
        "and F1, each averaged over the streams that the program supports."
    )
    return Table("Overview", note, rows)


def missing(report: Report) -> list[tuple[str, str]]:
    """Return the programs that were not measured, grouped by library, with the reason."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, reading in report["programs"].items():
        if "missing" in reading:
            library, _, detector = name.partition(" ")
            names.setdefault((library, reading["missing"]), []).append(detector)
    return [(f"{library} {', '.join(detectors)}", why) for (library, why), detectors in names.items()]


def _between(reading: Reading) -> str:
    mean, low, high = measures.run_length(reading["values"], reading["alarms"])
    if not reading["alarms"]:
        return f"over {_round(low)}"
    return f"{_round(mean)} ({_round(low)} to {_round(high)})"


def _round(value: float) -> str:
    """Round to three significant digits."""
    return f"{float(f'{value:.3g}'):,.0f}"


def _average(readings: Mapping[str, Reading | None], measure: str, form: str) -> str:
    known = [each[measure] for each in readings.values() if each and measure in each]
    return form.format(fmean(known)) if known else NOTHING


def _whole(report: Report) -> Table:
    counts = sorted({features for readings in report["whole"].values() for features in readings}, key=int)
    rows = [["program", *(f"{features} features: events, alarms, mean between" for features in counts)]]
    for name, readings in sorted(report["whole"].items(), key=lambda each: each[0] != NAME):
        cells = []
        for each in (readings.get(features) for features in counts):
            cells.append(f"{each['events']:,}, {each['alarms']:,}, {_between_events(each)}" if each else NOTHING)
        rows.append([name, *cells])
    note = f"Stationary features; events between two false alarms of the model; allowed is one in {RUN_LENGTH:,}."
    return Table("Whole model", note, rows)


def _between_events(reading: Reading) -> str:
    return _between({"values": reading["events"], "alarms": reading["alarms"]})


def _real(report: Report) -> Table:
    readings = report["real"]
    names = list(next(iter(readings.values()), {"alarms": {}})["alarms"])
    rows = [["program and setting", *names, "mean by change points"]]
    for name, reading in sorted(readings.items(), key=lambda each: -each[1]["alarms"].get("mean", 0)):
        figures = [*(reading["alarms"][column] for column in names), reading["points"]["mean"]]
        rows.append([name, *(f"{figure:.3f}" for figure in figures)])
    note = (
        "F1 against the annotators with a margin of 5, by the positions of alarms; the last column is by estimated\n"
        "change points, if the program returns them."
    )
    return Table("Annotated real series", note, rows)
