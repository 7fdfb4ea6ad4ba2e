"""False alarms and delays on streams of dependent values, as parts of a whole model's promise."""

from __future__ import annotations

import math
import time
from typing import Any

import measures
import numpy as np
from dependent_streams import Dependent
from measure import finite
from ours import KEY
from program import Floats
from streams import generator

from stream_monitor.core.events import Detection
from stream_monitor.detectors.spec import DEFAULT_SPECS
from stream_monitor.drift.budget import Budget
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal_set import make_signal_monitor
from stream_monitor.pipeline.false_alarms import MIN_TOLD
from stream_monitor.signals.columns import Column
from stream_monitor.signals.spread import SPREAD_OF, Spread

#: The model whose promise is looked at: all of its features are such streams; its other signals keep the promise.
FEATURES, RUN_LENGTH = 20, 20_000
#: Values of a stream, of a batch, before a change and after it; and the largest number of further ones before it.
LENGTH, BATCH, BEFORE, AFTER, PHASE = 40_000, 2_000, 5_000, 6_000, 200
STEP = 250
#: The number of streams, and of changes.
PIECES, CHANGES = {"full": 400, "short": 4}, {"full": 200, "short": 20}
#: A gate below this needs three times as many streams.
STRICT = 2.0
Reading = dict[str, Any]


class Numbers:
    """The monitors of one numeric feature of the model: of its level and of its spread."""

    def __init__(self) -> None:
        budget = Budget(DEFAULT_SPECS, float(RUN_LENGTH))
        names = [f"f{number}" for number in range(FEATURES)]
        lengths = budget.run_lengths(("feature:f0", "spread:f0"), names)
        settings = MonitorSettings()
        self._signals = [make_signal_monitor(KEY, name, "number", settings, lengths[name]) for name in lengths]
        self._spread, self._count = Spread(), 0

    @property
    def ratios(self) -> list[float]:
        """The `false_alarm_ratio` of the level and of the spread."""
        return [signal.parts.false_alarms.ratio for signal in self._signals]

    def update(self, values: Floats) -> list[list[Detection]]:
        """Return the detections in the level, and those in the spread."""
        index = np.arange(self._count, self._count + len(values))
        self._count += len(values)
        column = Column(values, index, index * 1.0)
        columns = (column, self._spread.column(column))
        return [signal.update(each) for signal, each in zip(self._signals, columns, strict=True)]


def false_alarms(stream: Dependent, form: str, share: float = 1.0) -> Reading:
    """Count the detections in a stream in which nothing changes, how many of them are told, and how many come late.

    Args:
        stream: The stream.
        form: The form of the run.
        share: The share of its pieces that are measured.
    """
    found: list[list[Detection]] = [[], []]
    ratios: list[list[float]] = []
    began = time.process_time()
    pieces = math.ceil(share * PIECES[form] * (3 if stream.max_multiple < STRICT else 1))
    for piece in range(pieces):
        values, monitors = stream.sample(generator(stream.name, piece), LENGTH), Numbers()
        for begin in range(0, LENGTH, BATCH):
            for signal, new in zip(found, monitors.update(values[begin : begin + BATCH]), strict=True):
                signal += new
        ratios.append(monitors.ratios)
    level, spread = map(len, found)
    told = sum(not one.is_small for signal in found for one in signal)
    late = sum(one.index >= LENGTH // 2 for signal in found for one in signal)
    seconds = round(time.process_time() - began, 1)
    counts = {"values": pieces * LENGTH, "level": level, "spread": spread, "told": told, "late": late}
    of_level, of_spread = (math.fsum(each) / pieces for each in zip(*ratios, strict=True))
    unkept = sum(max(each) >= MIN_TOLD for each in ratios) / pieces
    return {**counts, "ratio_level": of_level, "ratio_spread": of_spread, "unkept": unkept, "cpu_s": seconds}


def delays(stream: Dependent, form: str, share: float = 1.0) -> Reading:
    """Measure the delays of the first alarm of the level after it has changed, in a share of the changes."""
    found: list[int | None] = []
    changes = math.ceil(share * CHANGES[form])
    for change in range(changes):
        random, monitors = generator(f"{stream.name} changes", change), Numbers()
        before = BEFORE + int(random.integers(PHASE))
        values = stream.sample(random, before + AFTER)
        values[before:] += stream.shift
        monitors.update(values[:before])
        found.append(_first_alarm(monitors, values, before))
    summary = finite(measures.delay_summary(found))
    return {"repetitions": changes, "median": summary["median"], "missed": summary["missed"]}


def _first_alarm(monitors: Numbers, values: Floats, changed: int) -> int | None:
    for begin in range(changed, len(values), STEP):
        level = monitors.update(values[begin : begin + STEP])[0]
        if level:
            return level[0].index - changed + 1
    return None


def multiple(values: int, alarms: int) -> tuple[float, float, float]:
    """Return the false alarms of the whole model as a multiple of the promise, and its exact 95 % interval.

    Args:
        values: The number of values of all streams.
        alarms: The number of alarms of level and spread in them.
    """
    promised = values / FEATURES / RUN_LENGTH
    low, high = measures.poisson_interval(alarms)
    return alarms / promised + _rest(), low / promised + _rest(), high / promised + _rest()


def whole_ratio(level: float, spread: float) -> float:
    """Return the `false_alarm_ratio` of the whole model, from those of the levels and of the spreads."""
    return sum(part * each for part, each in zip(_parts(), (level, spread), strict=True)) + _rest()


def _rest() -> float:
    """Return the part of the promise that belongs to all other signals, and that they keep exactly."""
    return 1.0 - sum(_parts())


def _parts() -> tuple[float, float]:
    """Return the parts of the promise that belong to the levels and to the spreads of all features."""
    budget = Budget(DEFAULT_SPECS, float(RUN_LENGTH))
    names = [f"f{number}" for number in range(FEATURES)]
    lengths = budget.run_lengths(("feature:f0", "spread:f0"), names)
    # A value of a spread comes once in so many predictions.
    promised = FEATURES * float(RUN_LENGTH)
    return promised / lengths["feature:f0"], promised / (lengths["spread:f0"] * SPREAD_OF)
