"""The tables, as text for the terminal and as Markdown for the documentation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import measures
from gates import ADWIN, MUCH_SOONER, SHARE
from ours import NAME, OURS_RARE
from streams import CHANGES, DRIFTING, QUIET
from whole import RUN_LENGTH

NOTHING = "–"
RUN = 100_000.0
Report = Mapping[str, Any]
Reading = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows below a head; `note` says what the figures are."""

    title: str
    note: str
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        lines = [
            "  ".join(
                [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
            ).rstrip()
            for row in self.rows
        ]
        return "\n".join([self.title, self.note, "", *lines, ""])

    def markdown(self) -> str:
        head, *rows = ("| " + " | ".join(row) + " |" for row in self.rows)
        line = "|" + "---|" + "---:|" * (len(self.rows[0]) - 1)
        return "\n".join([f"## {self.title}", "", self.note, "", head, line, *rows, ""])


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
        _real(report),
    ]


FALSE_ALARMS = ("False alarms in 10,000 values", "Nothing changes in these streams.")
MEDIANS = (
    "Median delay",
    "Values from the change up to the alarm, that one included; no alarm in 5,000 values counts as infinite.",
)
MEANS = ("Mean delay, and the share that was missed", "The mean is over those that were found.")
DRIFTS = (
    "F1 with four drifts in 25,000 errors",
    "An alarm within 1,000 values after a drift is right, and counts once; one anywhere else is wrong. In brackets,\n"
    "where that differs: any further alarm of the same drift counted as wrong.",
)


def _per_stream(
    report: Report,
    told: tuple[str, str],
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
    return Table(*told, rows)


def _cell(reading: Reading | None, tell: Callable[[Reading], str]) -> str:
    if reading is None:
        return NOTHING
    return "refuses" if "error" in reading else tell(reading)


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
        "Mean delay over ln(100,000) / KL (Lorden 1971), where at most one in twenty was missed. A program that\n"
        "alarms more often than once in 100,000 values may be below 1; one that alarms less often has a higher bound."
    )
    return Table("Mean delay as a multiple of the bound", note, rows)


def _as_rare(report: Report) -> list[Table]:
    """What is asked of a detector with ADWIN's own false alarms, beside what any detector can do."""
    readings = report["programs"]
    adwin, ours = readings.get(ADWIN), readings.get(OURS_RARE)
    if not adwin or not ours:
        return []
    rows = [["change", "asked for", "river ADWIN", OURS_RARE, "bound at ADWIN's run length"]]
    for each in CHANGES[:7]:
        quiet = adwin["quiet"]["normal" if each.setting.kind == "number" else "bernoulli 0.1"]
        run = measures.ratio(quiet["values"], quiet["alarms"])
        delays = [reading["delays"][each.name] for reading in (adwin, ours)]
        asked = (SHARE if each.name in MUCH_SOONER else 1.0) * delays[0]["median"]
        bound = measures.lorden(run, each.divergence) if math.isfinite(run) else math.inf
        told = [f"{one['median']:,.0f} ({one['mean']:,.0f})" for one in delays]
        rows.append([each.name, f"{asked:,.0f}", *told, f"{bound:,.0f}"])
    note = (
        "A run length of 100,000 and no more false alarms than ADWIN, whose run length is 50 times that, can't be\n"
        "had together. With ADWIN's run length: medians, in brackets means, beside the mean delay that no detector\n"
        "of that run length beats (Lorden 1971; to first order, and for the worst past: ADWIN's own is below it for\n"
        "small changes). Where the bound is above what is asked for, it is out of reach."
    )
    return [Table("With the false alarms of ADWIN", note, rows)]


def _together(report: Report) -> Table:
    """What has to be read together."""
    head = ["program", "between false alarms, bernoulli 0.1", "normal", "mean delay, error 0.1 to 0.2", "+0.5 sigma"]
    rows = [[*head, "missed", "F1", "CPU ns a value"]]
    for name, reading in report["programs"].items():
        if "missing" in reading or not reading:
            continue
        between = [_cell(reading["quiet"][stream], _between) for stream in ("bernoulli 0.1", "normal")]
        delays = [_cell(reading["delays"][stream], _mean) for stream in ("error 0.1 to 0.2", "mean +0.5 sigma")]
        ns = _cell(reading["cpu_ns"], lambda told: f"{told['ns']:,.0f}")
        parts = [_average(reading["delays"], "missed", "{:.1%}"), _average(reading["drifts"], "f1", "{:.3f}")]
        rows.append([name, *between, *delays, *parts, ns])
    rows += [[name, why, *[NOTHING] * 6] for name, why in missing(report)]
    note = (
        "Mean values between two false alarms with a 95 % interval of Poisson counts; share of all changes missed\n"
        "and F1, each averaged over the streams that the program reads."
    )
    return Table("Everything together", note, rows)


def missing(report: Report) -> list[tuple[str, str]]:
    """What was not measured, each library in one line, and why."""
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
    """Three digits are all that there is."""
    return f"{float(f'{value:.3g}'):,.0f}"


def _average(readings: Mapping[str, Reading | None], figure: str, form: str) -> str:
    known = [each[figure] for each in readings.values() if each and figure in each]
    return form.format(fmean(known)) if known else NOTHING


def _whole(report: Report) -> Table:
    counts = sorted({features for readings in report["whole"].values() for features in readings}, key=int)
    rows = [["program", *(f"{features} features: events, alarms, mean between" for features in counts)]]
    for name, readings in sorted(report["whole"].items(), key=lambda each: each[0] != NAME):
        cells = []
        for each in (readings.get(features) for features in counts):
            told = f"{each['events']:,}, {each['alarms']:,}, {_between_events(each)}" if each else NOTHING
            cells.append(told)
        rows.append([name, *cells])
    note = f"Clean features; events between two false alarms of the model, which may have one in {RUN_LENGTH:,}."
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
        "F1 against the annotators with a margin of 5, by the places of alarms; the last column is by estimated\n"
        "change points, where the program tells them."
    )
    return Table("Annotated real series", note, rows)
