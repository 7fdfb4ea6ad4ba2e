"""Programs in this process: two that ignore the values, and river's detectors."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from program import Floats, Program, Run, Setting
from river import drift
from river._river_rust.drift import AdaptiveWindowing

SHARES = frozenset({"share"})
#: The number of first values by which the rows called "scaled" standardise all values.
SCALED_BY = 500
#: The delta of ADWIN with an ARL of about 100,000 normal values (bench/run_length.py).
ADWIN_100_000 = 0.029
#: The seed of KSWIN's random samples.
KSWIN_SEED = 1


def programs() -> list[Program]:
    adwin, hinkley = partial(_window, delta=0.002), partial(each_value, detector=drift.PageHinkley)
    return [
        Program("never", "none", _never, "fast"),
        Program("every 100", "none", _every_hundred, "fast"),
        Program("river ADWIN", "river", adwin, "fast"),
        Program("river ADWIN scaled", "river", partial(scaled, inner=adwin), "fast"),
        Program(f"river ADWIN {ADWIN_100_000:g}", "river", partial(_window, delta=ADWIN_100_000), "fast"),
        Program("river PageHinkley", "river", hinkley),
        Program("river PageHinkley scaled", "river", partial(scaled, inner=hinkley)),
        Program("river KSWIN", "river", partial(each_value, detector=partial(drift.KSWIN, seed=KSWIN_SEED)), "slow"),
        Program("river DDM", "river", partial(each_value, detector=drift.binary.DDM), takes=SHARES),
        Program("river EDDM", "river", partial(each_value, detector=drift.binary.EDDM), takes=SHARES),
        Program("river FHDDM", "river", partial(each_value, detector=drift.binary.FHDDM), takes=SHARES),
        Program("river HDDM_A", "river", partial(each_value, detector=drift.binary.HDDMA), takes=SHARES),
        Program("river HDDM_W", "river", partial(each_value, detector=drift.binary.HDDMW), takes=SHARES),
    ]


def real_programs() -> list[Program]:
    """Return the best single settings for all annotated series, raw and scaled, as found by `real_sweep.py`."""
    adwin, hinkley, kswin = drift.ADWIN, drift.PageHinkley, drift.KSWIN
    raw: dict[str, Callable[[], Any]] = {
        "river ADWIN delta 0.05 clock 1": partial(adwin, delta=0.05, clock=1),
        "river ADWIN delta 0.5 clock 32": partial(adwin, delta=0.5, clock=32),
        "river PageHinkley min 30 delta 1 threshold 20": partial(hinkley, delta=1.0, threshold=20.0),
        "river KSWIN alpha 0.0001 window 20 newest 10": partial(
            kswin, alpha=1e-4, window_size=20, stat_size=10, seed=KSWIN_SEED
        ),
    }
    by_first: dict[str, tuple[Callable[[], Any], int]] = {
        "river ADWIN delta 0.01 clock 32 scaled": (partial(adwin, delta=0.01, clock=32), 50),
        "river PageHinkley min 5 delta 1 threshold 100 scaled": (
            partial(hinkley, min_instances=5, delta=1.0, threshold=100.0),
            20,
        ),
    }
    return [
        *(Program(name, "river", partial(each_value, detector=make)) for name, make in raw.items()),
        *(
            Program(name, "river", partial(scaled, inner=partial(each_value, detector=make), by=by))
            for name, (make, by) in by_first.items()
        ),
    ]


def _never(_: Setting) -> Run:
    return lambda _values: []


def _every_hundred(_: Setting) -> Run:
    seen = 0

    def run(values: Floats) -> list[int]:
        nonlocal seen
        begin, seen = seen, seen + len(values)
        return list(range(99 - begin % 100, len(values), 100))

    return run


def _window(_: Setting, delta: float) -> Run:
    """Run river's adaptive window without its Python class `ADWIN`."""

    def fresh() -> AdaptiveWindowing:
        return AdaptiveWindowing(delta, 32, 5, 5, 10)

    window = fresh()

    def run(values: Floats) -> list[int]:
        nonlocal window
        alarms = []
        for index, value in enumerate(values.tolist()):
            if window.update(value):
                alarms.append(index)
                window = fresh()
        return alarms

    return run


def each_value(setting: Setting, detector: Callable[[], Any]) -> Run:
    """Run a river detector value by value, as in its documentation; it resets itself after a drift."""
    found = detector()
    estimates = setting.points and isinstance(found, drift.ADWIN)

    def run(values: Floats) -> list[int]:
        alarms = []
        for index, value in enumerate(values.tolist()):
            found.update(value)
            if found.drift_detected:
                alarms.append(index + 1 - int(found.width) if estimates else index)
        return alarms

    return run


def scaled(setting: Setting, inner: Callable[[Setting], Run], by: int = SCALED_BY) -> Run:
    """Run a program on values standardised by the mean and standard deviation of the first ``by`` values."""
    inside, early, scale = inner(setting), np.empty(0), None

    def run(values: Floats) -> list[int]:
        nonlocal early, scale
        if scale is not None:
            return inside((values - scale[0]) / scale[1])
        held, early = len(early), np.concatenate((early, values))
        if len(early) < by:
            return []
        scale = float(early[:by].mean()), float(early[:by].std()) or 1.0
        return [alarm - held for alarm in inside((early - scale[0]) / scale[1])]

    return run
