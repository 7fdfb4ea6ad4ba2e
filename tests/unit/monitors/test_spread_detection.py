"""Detections in the spread of a feature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.signal import lfilter

from stream_monitor.core.events import Detection
from stream_monitor.detectors import KINDS
from stream_monitor.monitors.signal import SignalContext, SignalMonitor
from stream_monitor.signals.columns import Column
from stream_monitor.signals.spread import SPREAD_OF, Spread, warmup_of
from tests.unit.monitors.watching import COUNT, KEY


def _spread(values: Any, run_length: float = 100_000.0) -> list[Detection]:
    """Return the detections in the spread of numbers, under a run length in numbers."""
    index = np.arange(len(values))
    context = SignalContext(warmup=warmup_of("spread:x", 500))
    signal = SignalMonitor(KEY, "spread:x", "number", {"glr": KINDS["glr"]()}, context, run_length / SPREAD_OF)
    return signal.update(Spread().column(Column(values, index, index.astype(float))))


def test_a_wider_spread_is_found_and_a_level_is_none() -> None:
    delays = []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        found = _spread(np.concatenate((rng.normal(size=5000), rng.normal(0, 2, 1000))))
        delays.append(next((one.index - 5000 for one in found if one.index >= 5000), 10**9))
    assert float(np.median(delays)) <= 60
    level = np.random.default_rng(1).normal(np.repeat([0.0, 2.0], 5000))
    assert _spread(level) == []


@pytest.mark.parametrize("shape", ["normal", "lognormal", "student t(2)", "AR(1) 0.5"])
def test_the_spread_is_quiet_whatever_the_distribution(shape: str) -> None:
    """A wild value, or a skewed distribution, must not make neighbours that depend on each other."""
    rng = np.random.default_rng(8)
    make = {
        "normal": lambda: rng.normal(size=10 * COUNT),
        "lognormal": lambda: rng.lognormal(size=10 * COUNT),
        "student t(2)": lambda: rng.standard_t(2, size=10 * COUNT),
        "AR(1) 0.5": lambda: lfilter([1.0], [1.0, -0.5], rng.normal(size=10 * COUNT)),
    }[shape]
    # 10 are allowed; more than 20 of them come once in 600 times.
    assert len(_spread(make())) <= 20
