"""This project as a program: the path of a signal from its values to its alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from program import Floats, Program, Run, Setting

from stream_monitor.core.events import ModelVersion
from stream_monitor.detectors import KINDS, DetectorConfig
from stream_monitor.detectors.spec import DetectorSpec
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal_set import make_signal_monitor
from stream_monitor.signals.columns import Column
from stream_monitor.signals.spread import SPREAD_OF, Spread

NAME = "stream_monitor"
KEY = ModelVersion("model", "1")
DAY_S = 86_400.0
#: The ARL of ADWIN at its default, by kind of column, from 200 million values each.
AS_RARE_AS_ADWIN = {"number": 2_500_000.0, "share": 10_000_000.0, "category": 10_000_000.0}
#: The rows of this project: at its default run length, at the required one, and at ADWIN's.
OURS_DEFAULT, OURS, OURS_RARE = f"{NAME} 1,000,000", f"{NAME} 100,000", f"{NAME} as rare as ADWIN"
ALL = frozenset({"number", "share", "category"})


def programs() -> list[Program]:
    return [
        Program(name, NAME, partial(_make, budget=budget), "fast", ALL)
        for name, budget in ((OURS_DEFAULT, 1_000_000.0), (OURS, 100_000.0), (OURS_RARE, None))
    ]


def real_programs() -> list[Program]:
    """Return the default and the best single settings for all annotated series, as found by `real_sweep.py`."""
    return [
        real_program(500, 1_000_000.0),
        real_program(0, 1000.0, min_effect=2.0),
        real_program(0, 3000.0, min_effect=2.0, clock=1),
        real_program(0, 1e8, min_effect=2.0, clock=1),
    ]


def real_program(warmup: int, run_length: float, **parameters: float) -> Program:
    rest = "".join(f" {name} {value:g}" for name, value in parameters.items())
    name = f"{NAME} warmup {warmup} run length {run_length:g}{rest}"
    return Program(name, NAME, partial(_make, budget=run_length, warmup=warmup, parameters=parameters))


def _make(
    setting: Setting, budget: float | None, warmup: int = 500, parameters: Mapping[str, float] | None = None
) -> Run:
    setting = replace(setting, run_length=budget or AS_RARE_AS_ADWIN[setting.kind])
    return Signals(setting, warmup, KINDS["glr"](**(parameters or {}))).run


class Signals:
    """The monitors of one column: for numbers one of the level and one of the spread, which share the budget."""

    def __init__(self, setting: Setting, warmup: int, config: DetectorConfig) -> None:
        specs = [DetectorSpec("*", "glr", config)]
        settings = MonitorSettings(specs=specs, warmup=warmup, seasonality=(DAY_S,) if setting.period else ())
        names = ["feature:x", "spread:x"] if setting.kind == "number" else ["feature:x"]
        lengths = {"feature:x": setting.run_length * len(names), "spread:x": setting.run_length * 2 / SPREAD_OF}
        self._signals = [make_signal_monitor(KEY, name, setting.kind, settings, lengths[name]) for name in names]
        self._spread = Spread()
        self._points = setting.points
        self._step = DAY_S / setting.period if setting.period else 1.0
        self._count = 0

    def run(self, values: Floats) -> list[int]:
        index = np.arange(self._count, self._count + len(values))
        column = Column(values, index, index * self._step)
        columns = [column, self._spread.column(column)] if len(self._signals) > 1 else [column]
        begin, self._count = self._count, self._count + len(values)
        found = [one for signal, each in zip(self._signals, columns, strict=True) for one in signal.update(each)]
        if self._points:
            return sorted({one.index if one.changed_index is None else one.changed_index for one in found})
        return sorted({one.index - begin for one in found})
