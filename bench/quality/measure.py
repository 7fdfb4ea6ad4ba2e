"""Measurement of one program on all streams that it supports."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import measures
import numpy as np
from program import Cost, Floats, Program, ProgramError, Run, Setting
from real import annotated
from streams import CHANGES, DRIFTING, QUIET, Changing, Drifting, Quiet, generator

#: The number of values before a change, after it, and in one batch.
QUIET_PART, HORIZON, BATCH = 5_000, 5_000, 250
#: The maximum of a random number of further values before a change, which varies its phase to a detector's checks.
PHASE = 100
WINDOW = 1_000
Reading = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """The number of repetitions for each sort of stream, and the lengths of quiet and of timed streams."""

    quiet: int
    length: int
    delays: int
    drifts: int
    timed: int


NONE = Sizes(0, 0, 0, 0, 0)
SIZES: dict[str, dict[Cost, Sizes]] = {
    "full": {
        "fast": Sizes(400, 50_000, 500, 100, 500_000),
        "medium": Sizes(8, 50_000, 40, 10, 50_000),
        "slow": Sizes(2, 20_000, 5, 2, 2_000),
    },
    "short": {
        "fast": Sizes(8, 50_000, 40, 10, 100_000),
        "medium": Sizes(2, 50_000, 20, 4, 20_000),
        "slow": NONE,
    },
}


def measure(program: Program, form: str) -> Reading:
    """Return all readings of one program, by part and stream."""
    sizes = SIZES[form][program.cost]
    if program.missing:
        return {"missing": program.missing}
    if sizes == NONE or (form == "short" and program.is_external):
        return {"missing": "not in the short form"}
    began = time.monotonic()
    reading: Reading = {
        "cost": program.cost,
        "quiet": {each.name: attempt(false_alarms, program, each, sizes) for each in QUIET},
        "delays": {each.name: attempt(delays, program, each, sizes) for each in CHANGES},
        "drifts": {each.name: attempt(drifts, program, each, sizes) for each in DRIFTING},
        "cpu_ns": attempt(cpu_ns, program, QUIET[0 if "number" not in program.takes else 1], sizes),
    }
    return {**reading, "seconds": round(time.monotonic() - began, 1)}


Stream = Quiet | Changing | Drifting


def attempt(part: Callable[..., Reading], program: Program, stream: Stream, sizes: Sizes) -> Reading | None:
    """Return the reading, or the program's error; None if the program does not support the stream."""
    if not program.runs_on(stream.setting):
        return None
    try:
        return part(program, stream, sizes)
    except ProgramError as error:
        return {"error": str(error)[:100]}


def false_alarms(program: Program, stream: Quiet, sizes: Sizes) -> Reading:
    alarms = 0
    for repetition in range(sizes.quiet):
        values = stream.sample(generator(stream.name, repetition), sizes.length)
        alarms += len(program.start(stream.setting)(values))
    return {"values": sizes.quiet * sizes.length, "alarms": alarms}


def delays(program: Program, stream: Changing, sizes: Sizes) -> Reading:
    """Measure the delays of the first alarm after the change; alarms before it are counted as false."""
    found: list[int | None] = []
    early = 0
    #: For each missed change the number of values since the last false alarm; None if there was no alarm before it.
    hidden: list[int | None] = []
    for repetition in range(sizes.delays):
        random = generator(stream.name, repetition)
        run = program.start(stream.setting)
        before = stream.before(random, QUIET_PART + int(random.integers(PHASE)))
        after = stream.after(random, HORIZON)
        false = run(program.column(before, stream.setting, stream.watched))
        early += len(false)
        found.append(first_alarm(run, program.column(after, stream.setting, stream.watched)))
        if found[-1] is None:
            hidden.append(len(before) - false[-1] if false else None)
    summary = finite(measures.delay_summary(found))
    return {"repetitions": sizes.delays, "early": early, **summary, "hidden": hidden}


def first_alarm(run: Run, values: Floats) -> int | None:
    """Return the number of values up to and including the first alarm; None if there is none."""
    for begin in range(0, len(values), BATCH):
        alarms = run(values[begin : begin + BATCH])
        if alarms:
            return begin + alarms[0] + 1
    return None


def drifts(program: Program, stream: Drifting, sizes: Sizes) -> Reading:
    counts: dict[bool, list[float]] = {False: [], True: []}
    for repetition in range(sizes.drifts):
        random = generator(stream.name, repetition)
        values = (random.random(len(stream.rates)) < stream.rates).astype(np.float64)
        alarms = program.start(stream.setting)(values)
        for strict, scores in counts.items():
            scores.append(measures.f1(*measures.drift_counts(alarms, stream.drifts, WINDOW + stream.lasts, strict)))
    return {"repetitions": sizes.drifts, "f1": fmean(counts[False]), "strict": fmean(counts[True])}


def cpu_ns(program: Program, stream: Quiet, sizes: Sizes) -> Reading:
    """Measure the CPU time per value after the warm-up, in nanoseconds."""
    values = stream.sample(generator(stream.name, 0), 2_000 + sizes.timed)
    run = program.start(stream.setting)
    run(values[:2_000])
    before = _spent(run)
    run(values[2_000:])
    return {"ns": (_spent(run) - before) / sizes.timed * 1e9}


def _spent(run: Run) -> float:
    """Return the CPU seconds so far of the process in which the detector runs."""
    return float(getattr(run, "cpu_seconds", None) or time.process_time())


def annotated_series(programs: Sequence[Program]) -> dict[str, Reading]:
    """Return each program's F1 on each annotated series, by its alarms and by its estimated change points."""
    readings: dict[str, Reading] = {}
    series = list(annotated())
    for program in programs:
        readings[program.name] = {"library": program.library}
        for how in ("alarms", "points"):
            setting = Setting(quiet="annotated", points=how == "points")
            scores = {}
            for each in series:
                said = {alarm for row in each.rows for alarm in program.start(setting)(row)}
                scores[each.name] = measures.annotated_f1(each.annotations, said)
            readings[program.name][how] = {**scores, "mean": fmean(scores.values())}
    return readings


def finite(values: dict[str, float]) -> dict[str, float | None]:
    """Replace infinite values by None, for JSON."""
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
