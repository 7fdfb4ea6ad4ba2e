"""The tables and gates of streams of dependent values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dependent import FEATURES, LENGTH, RUN_LENGTH, multiple, whole_ratio
from dependent_streams import DEPENDENT, Dependent
from frontier import ALARMS, DELAYS, FRONTIER
from gate import Gate
from table import Table

Report = Mapping[str, Any]
#: The minimum number of promised false alarms, and of changes, to decide on a gate.
MIN_PROMISED, MIN_CHANGES = 20, 100


def dependent_gates(report: Report) -> Iterator[Gate]:
    """Yield the gates of false alarms and of delays."""
    for stream, reading in _measured(report, "alarms"):
        found = multiple(reading["values"], _alarms(reading))[0]
        is_enough = reading["values"] / FEATURES / RUN_LENGTH >= MIN_PROMISED
        what = f"{stream.name}: at most {stream.max_multiple:g} x the promised false alarms: {found:.2f} x"
        yield Gate(found <= stream.max_multiple if is_enough else None, f"{what}, {_alarms(reading)} alarms")
    for stream, reading in _measured(report, "delays"):
        limit = stream.max_delay * stream.delay_before
        what = (
            f"{stream.name}, delay of +{stream.shift:g} sigma: at most {stream.max_delay:g} x {stream.delay_before:g}"
        )
        holds = reading["median"] is not None and reading["median"] <= limit
        yield Gate(holds if reading["repetitions"] >= MIN_CHANGES else None, f"{what}: {_delay(reading)}")


def dependent_tables(report: Report) -> list[Table]:
    """Return the tables of false alarms and of delays, as far as they were measured."""
    if not report.get("dependent"):
        return []
    return [_multiples(report), *_told(report), _delays(report), *_frontier(report)]


def _multiples(report: Report) -> Table:
    rows = [["stream", "before", "now", "95 % interval", "told", "gate", ""]]
    for stream, reading in _measured(report, "alarms"):
        found, low, high = multiple(reading["values"], _alarms(reading))
        told = multiple(reading["values"], reading["told"])[0]
        before = f"{round(stream.before):,}" if stream.before >= 10.0 else f"{stream.before:.3g}"
        holds = "holds" if found <= stream.max_multiple else "**falls short**"
        cells = [before, f"{found:.3g}", f"{low:.3g} to {high:.3g}", f"{told:.3g}", f"{stream.max_multiple:g}", holds]
        rows.append([stream.name, *cells])
    note = (
        f"False alarms of a model of {FEATURES} numeric features as a multiple of the promised one in\n"
        f"{RUN_LENGTH:,} events, where each feature is such a stream and nothing changes; the other signals keep\n"
        "their part of the promise. Before: with the autocorrelation of neighbouring values alone, as given when\n"
        "the gates were set; of independent values, AR 0.3, AR 0.9 and clusters as measured on these streams.\n"
        "Intervals are the exact ones of Poisson counts; told are the alarms of at least the default `--min-effect`."
    )
    return Table("Dependent streams: false alarms", note, rows)


def _delays(report: Report) -> Table:
    rows = [["stream and change", "before", "now", "missed"]]
    for stream, reading in _measured(report, "delays"):
        name = f"{stream.name}, +{stream.shift:g} sigma"
        rows.append([name, f"{stream.delay_before:g}", _delay(reading), f"{reading['missed']:.1%}"])
    note = f"Median values from the change up to and including the alarm, in a model of {FEATURES} features."
    return Table("Dependent streams: delays", note, rows)


def _told(report: Report) -> list[Table]:
    """Return the table of what the product says, none of readings without it."""
    rows = [["stream", "measured", "in the second half", "`false_alarm_ratio`", "features told of"]]
    for stream, reading in _measured(report, "alarms"):
        if "late" in reading:
            found = multiple(reading["values"], _alarms(reading))[0]
            late = multiple(reading["values"] // 2, reading["late"])[0]
            ratio = whole_ratio(reading["ratio_level"], reading["ratio_spread"])
            cells = (f"{found:.3g}", f"{late:.3g}", f"{ratio:.3g}", f"{reading['unkept']:.0%}")
            rows.append([stream.name, *cells])
    note = (
        f"What the product says of its promise after {LENGTH:,} values of the streams above, beside the measured\n"
        "multiple of the promise: the mean ratio, weighted by the parts that the signals have in the promise, and\n"
        "the share of the features of whose level or spread it is told that the promise is not kept (a ratio of 3\n"
        "or more). It speaks of what is to be expected from then on: the second half is nearest to that."
    )
    return [Table("Dependent streams: the promise and what is said of it", note, rows)] if len(rows) > 1 else []


def _frontier(report: Report) -> list[Table]:
    """Return the table of the settings of the estimate of dependence, none where it was not measured."""
    readings = report.get("frontier", {})
    rows = [["setting", *ALARMS, *(f"delay, {name}" for name in DELAYS), ""]]
    for setting in FRONTIER:
        if reading := readings.get(setting.name):
            counts = [(each["values"], _alarms(each)) for each in map(reading["alarms"].get, ALARMS)]
            cells = [f"{multiple(*count)[0]:.3g}" for count in counts]
            cells += [_delay(each) for each in map(reading["delays"].get, DELAYS)]
            rows.append([setting.name, *cells, "chosen" if setting.is_chosen else ""])
    note = (
        "False alarms as a multiple of the promise, and median delays of +1 sigma, with other settings of the\n"
        "estimate of dependence: the upper limit of what exceeds an autoregression, in standard deviations, and the\n"
        "smallest probability of such an excess that counts (`stats/variance_ratios.py`). Fewer streams than above."
    )
    return [Table("Dependent streams: the frontier", note, rows)] if len(rows) > 1 else []


def _measured(report: Report, part: str) -> Iterator[tuple[Dependent, Mapping[str, Any]]]:
    readings = report.get("dependent", {}).get(part, {})
    for stream in DEPENDENT:
        if stream.name in readings:
            yield stream, readings[stream.name]


def _alarms(reading: Mapping[str, Any]) -> int:
    return int(reading["level"] + reading["spread"])


def _delay(reading: Mapping[str, Any]) -> str:
    return "missed" if reading["median"] is None else f"{reading['median']:g}"
