"""Runs one program over all the streams that it can read."""

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

#: Values before a change, after it, and in one batch.
QUIET_PART, HORIZON, BATCH = 5_000, 5_000, 250
#: Up to so many more come before a change, or where it lies between two checks of a detector would decide.
PHASE = 100
WINDOW = 1_000
Reading = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How often a program runs over a stream of each sort."""

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
    """All readings of one program, by part and stream."""
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
    """The reading, what the program complained of, or nothing where it isn't made for such a stream."""
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
    """An alarm before the change is a false one; the first after it counts, whatever came before."""
    found: list[int | None] = []
    early = 0
    #: Of changes that were missed: how many values before them the last false alarm was, if there was one.
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
    figures = _finite(measures.delay_figures(found))
    return {"repetitions": sizes.delays, "early": early, **figures, "hidden": hidden}


def first_alarm(run: Run, values: Floats) -> int | None:
    """How many values it took, the one at which the alarm is raised included; None if there is no alarm."""
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
    """CPU time of one value in the long run: of a second batch, after the warm-up."""
    values = stream.sample(generator(stream.name, 0), 2_000 + sizes.timed)
    run = program.start(stream.setting)
    run(values[:2_000])
    before = _spent(run)
    run(values[2_000:])
    return {"ns": (_spent(run) - before) / sizes.timed * 1e9}


def _spent(run: Run) -> float:
    """CPU seconds so far: those of the process that does the work."""
    return float(getattr(run, "cpu_seconds", None) or time.process_time())


def annotated_series(programs: Sequence[Program]) -> dict[str, Reading]:
    """Each program's F1 on each annotated series: by its alarms, and by the change points that it estimates."""
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


def _finite(figures: dict[str, float]) -> dict[str, float | None]:
    """As JSON has it."""
    return {name: figure if math.isfinite(figure) else None for name, figure in figures.items()}
