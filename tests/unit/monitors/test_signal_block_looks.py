"""Many signals whose dependence is due to be estimated at once: as those that are handled alone."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import ModelVersion
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors import signal_block
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_blocks import SignalBlocks, in_row
from stream_monitor.monitors.signal_set import make_signal_monitor
from stream_monitor.signals.matrix import SignalMatrix
from stream_monitor.stats import variance_ratios

WARMUP, COUNT = 100, 1900


def _values(seed: int, nulls: float) -> Floats:
    """Return signals that are independent or in runs, and whose level changes soon after their dependence is due.

    The warm-up is over after 100 values, and the estimates follow after 100, 200, 400 ... more.
    """
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(COUNT, 6))
    values[150:, 1] = np.repeat(rng.normal(size=350), 5)
    values[230:, 2] += 4.0
    values[900:, 3] = np.repeat(rng.normal(size=100), 10)
    values[520:, 4] += 4.0
    values[905:, 5] += 4.0
    values[rng.random(values.shape) < nulls] = np.nan
    return values


def _signals(detectors: tuple[str, ...], count: int) -> tuple[SignalMonitor, ...]:
    settings = MonitorSettings(specs=tuple(map(parse_spec, detectors)), warmup=WARMUP)
    key = ModelVersion("m", "1")
    return tuple(make_signal_monitor(key, f"feature:f{at}", "number", settings, 3e4) for at in range(count))


def _matrices(values: Floats, cuts: list[int]) -> list[SignalMatrix]:
    index = np.arange(len(values))
    parts = [(values[begin:end], index[begin:end]) for begin, end in pairwise(cuts)]
    return [SignalMatrix.of_finite(some, np.isfinite(some), at, 60.0 * at) for some, at in parts]


def _state(signals: tuple[SignalMonitor, ...]) -> str:
    return json.dumps([signal.state() for signal in signals], default=list)


def _order(found: tuple[int, Alarm]) -> tuple[int, int, str]:
    column, alarm = found
    return column, alarm.row, alarm.detection.detector


@pytest.mark.parametrize("size", [37, 300, 950])
@pytest.mark.parametrize("nulls", [0.0, 0.1])
@pytest.mark.parametrize("detectors", [("glr",), ("adwin", "page_hinkley", "glr")])
def test_the_results_are_those_of_signals_alone(detectors: tuple[str, ...], nulls: float, size: int) -> None:
    """Changes before and after an estimate in the same batch, in values some of which are fed in longer batches."""
    raised = 0
    for seed in range(3):
        alone, beside, blocks = _signals(detectors, 6), _signals(detectors, 6), SignalBlocks()
        for matrix in _matrices(_values(seed, nulls), [*range(0, COUNT, size), COUNT]):
            expected = [
                (at, in_row(alarm, matrix, at))
                for at, signal in enumerate(alone)
                for alarm in signal.update_with_rows(matrix.column(at))
            ]
            with patch.object(signal_block, "MANY_DUE", 1000):
                assert sorted(blocks.update(beside, matrix), key=_order) == sorted(expected, key=_order)
            raised += len(expected)
            assert seed or _state(beside) == _state(alone)
        assert _state(beside) == _state(alone)
    assert raised


def test_signals_that_are_due_together_are_not_handled_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An estimate that leaves the dependence as it is costs no update of a single signal."""
    monkeypatch.setattr(variance_ratios, "MIN_BELIEF", 1.0)
    signals, blocks = _signals(("glr",), 6), SignalBlocks()
    values = np.random.default_rng(3).normal(size=(COUNT, 6))
    first, *others = _matrices(values, [0, 700, 1200, 1900])
    blocks.update(signals, first)

    def never(*_: Any) -> None:
        raise AssertionError

    with patch.object(SignalMonitor, "update_with_rows", never):
        assert not [found for matrix in others for found in blocks.update(signals, matrix)]
