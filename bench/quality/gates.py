"""The gates of the quality of detection, on all streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dependent_tables import dependent_gates
from estimated_tables import estimated_gates
from flights_tables import flights_gate
from gate import Gate
from ours import NAME, OURS, OURS_DEFAULT, OURS_RARE
from seasonal_tables import seasonal_gates
from streams import CHANGES, DRIFTING, QUIET
from whole import RUN_LENGTH, within

ADWIN, TUNED = "river ADWIN", "river ADWIN 0.029"
#: Changes to be found within this share of ADWIN's median delay, and limits of the median delay of others.
MUCH_SOONER, SHARE = ("error 0.1 to 0.3", "mean +1 sigma", "mean +2 sigma"), 0.65
LIMITS = {"sigma 1 to 2": 60, "missing 0.01 to 0.05": 350, "category 0.3 to 0.2": 600, "unseen category 0.01": 600}
FACTOR = 1.5
#: The minimum number of alarms to decide on a factor.
MIN_ALARMS = 20
Report = Mapping[str, Any]


#: Our rows and the peers to compare them with: the required one, one at ADWIN's rate, and an ADWIN set to our rate.
PAIRS = ((OURS, ADWIN), (OURS_RARE, ADWIN), (OURS, TUNED))


def gates(report: Report) -> list[Gate]:
    """Return the gates for which all values were measured."""
    own = _quiet, _whole, _delays, _limits, _drifts
    parts = (*own, dependent_gates, seasonal_gates, flights_gate, estimated_gates, _real)
    return [gate for part in parts for gate in part(report)]


def _reading(report: Report, program: str, part: str, stream: str) -> Mapping[str, Any]:
    found = report["programs"].get(program, {}).get(part) or {}
    return found.get(stream) or {}


def _quiet(report: Report) -> Iterator[Gate]:
    for stream in QUIET:
        reading = _reading(report, OURS_DEFAULT, "quiet", stream.name)
        if not reading:
            continue
        rate = reading["alarms"] / reading["values"] * 1e4
        what = f"false alarms, {stream.name}: at most {stream.max_rate:g} in 10,000: {rate:.3f}"
        yield Gate(rate <= stream.max_rate, what)


def _whole(report: Report) -> Iterator[Gate]:
    for features, reading in report["whole"].get(NAME, {}).items():
        factor = within(reading)
        what = f"whole model of {features} features within a factor {FACTOR} of its {RUN_LENGTH:,} events"
        holds = 1 / FACTOR <= factor <= FACTOR if reading["alarms"] >= MIN_ALARMS else None
        yield Gate(holds, f"{what}: {factor:.2f} x, {reading['alarms']} alarms")


def _median(report: Report, program: str, stream: str) -> float:
    value = _reading(report, program, "delays", stream).get("median")
    return float("inf") if value is None else value


def _rate(report: Report, program: str) -> tuple[float, float]:
    """Return the false alarms per million Bernoulli values and per million normal values."""
    readings = [_reading(report, program, "quiet", name) for name in ("bernoulli 0.1", "normal")]
    first, second = (each["alarms"] / each["values"] * 1e6 if each else float("nan") for each in readings)
    return first, second


def _delays(report: Report) -> Iterator[Gate]:
    pairs = [pair for pair in PAIRS if all(report["programs"].get(name) for name in pair)]
    for stream in CHANGES[:7]:
        limit = SHARE if stream.name in MUCH_SOONER else 1.0
        for ours, peer in pairs:
            mine, theirs = _median(report, ours, stream.name), _median(report, peer, stream.name)
            what = f"delay, {stream.name}: {ours} at most {limit:g} x {peer}: {mine:,.0f} against {theirs:,.0f}"
            yield Gate(mine <= limit * theirs, f"{what}, {mine / theirs:.2f} x", (ours, peer) == PAIRS[0])
    for ours, peer in pairs:
        mine, theirs = _rate(report, ours), _rate(report, peer)
        rates = f"bernoulli {mine[0]:.2f} against {theirs[0]:.2f}, normal {mine[1]:.2f} against {theirs[1]:.2f}"
        fewer = all(a <= b for a, b in zip(mine, theirs, strict=True))
        what = f"equal or fewer false alarms, {ours} than {peer}, in a million: {rates}"
        yield Gate(fewer, what, (ours, peer) == PAIRS[0])


def _limits(report: Report) -> Iterator[Gate]:
    for name, limit in LIMITS.items():
        reading = _reading(report, OURS, "delays", name)
        if reading:
            median, missed = _median(report, OURS, name), reading["missed"]
            what = f"delay, {name}: found every time, median within {limit}: {median:,.0f}, missed {missed:.1%}"
            yield Gate(median <= limit and not missed, what + _hidden(reading))


def _hidden(reading: Mapping[str, Any]) -> str:
    """Return a note if all misses follow a false alarm, which resets the detector; else an empty text."""
    behind = reading.get("hidden") or []
    if not behind or None in behind:
        return ""
    return f", all of them at most {max(behind):,} values behind a false alarm"


def _drifts(report: Report) -> Iterator[Gate]:
    for stream in DRIFTING:
        reading = _reading(report, OURS_DEFAULT, "drifts", stream.name)
        if reading:
            score = reading["f1"]
            scores = f"{score:.3f} ({reading['strict']:.3f} if each further alarm of a drift is wrong)"
            yield Gate(score >= stream.min_f1, f"F1, {stream.name}: at least {stream.min_f1}: {scores}")


def _real(report: Report) -> Iterator[Gate]:
    """Yield the gates on the annotated series, with each library's best single setting for all series."""
    best: dict[tuple[str, str], tuple[float, str]] = {}
    for name, reading in report["real"].items():
        for how in ("alarms", "points"):
            key = (reading["library"], how)
            best[key] = max(best.get(key, (0.0, "")), (reading[how]["mean"], name))
    if not {(library, how) for library in (NAME, "river") for how in ("alarms", "points")} <= set(best):
        return
    for how in ("alarms", "points"):
        (mine, my_name), (theirs, their_name) = best[NAME, how], best["river", how]
        what = f"annotated series, by {how}: {mine:.3f} ({my_name}) against {theirs:.3f} ({their_name})"
        yield Gate(mine >= theirs, what)
