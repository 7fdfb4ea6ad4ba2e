"""The false alarms of a signal, as a multiple of the promised ones."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import numpy as np
import pytest

from stream_monitor.core.events import ModelVersion
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_set import make_signal_monitor
from stream_monitor.signals.columns import Column
from tests.states import state_json

COUNT, RUN_LENGTH, BATCH = 20_000, 1e6, 1700


def _monitor(run_length: float = RUN_LENGTH) -> SignalMonitor:
    return make_signal_monitor(ModelVersion("m", "1"), "feature:f", "number", MonitorSettings(), run_length)


def _feed(signal: SignalMonitor, values: np.ndarray, batch: int = BATCH, begin: int = 0) -> SignalMonitor:
    for at in range(0, len(values), batch):
        index = np.arange(begin + at, begin + min(at + batch, len(values)))
        signal.update(Column(values[at : at + batch], index, index * 1.0))
    return signal


def _streams(seed: int) -> Mapping[str, np.ndarray]:
    rng, at = np.random.default_rng(seed), np.arange(COUNT)
    values = rng.standard_normal(COUNT)
    slow = np.zeros(COUNT)
    for n in range(1, COUNT):
        slow[n] = 0.9 * slow[n - 1] + values[n]
    variance, garch = 1.0, np.empty(COUNT)
    for n in at:
        garch[n] = math.sqrt(variance) * values[n]
        variance = 0.02 + 0.1 * garch[n] ** 2 + 0.88 * variance
    return {
        "independent": values,
        "skewed": np.exp(values),
        "AR 0.9": slow,
        "step": values + (at > 12_000),
        "there and back": values + ((at > 12_000) & (at < 15_000)),
        "trend": values + 2.0 * at / COUNT,
        "bursts": values * np.where(at < 600, 1.0, np.where(at // 60 % 2, 2.0, 0.3)),
        "garch": garch,
        "clusters": values + np.repeat(rng.standard_normal(COUNT // 500), 500),
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["independent", "skewed", "AR 0.9", "step", "there and back", "trend"])
def test_nothing_is_told_where_the_promise_holds(kind: str, seed: int) -> None:
    assert _feed(_monitor(), _streams(seed)[kind]).parts.false_alarms == (1.0, "")


@pytest.mark.parametrize(("kind", "cause", "least"), [("bursts", "variance", 2.5), ("clusters", "level", 100.0)])
def test_it_is_told_where_the_promise_does_not_hold(kind: str, cause: str, least: float) -> None:
    ratio, why = _feed(_monitor(), _streams(1)[kind]).parts.false_alarms
    assert ratio > least
    assert why == cause


def test_nothing_is_told_of_bursts_that_are_allowed_for() -> None:
    ratios = [_feed(_monitor(), _streams(seed)["garch"]).parts.false_alarms.ratio for seed in range(6)]
    assert max(ratios) < 3.0


def test_without_a_promise_nothing_can_be_kept() -> None:
    signal = _feed(_monitor(math.inf), _streams(1)["clusters"][:3000])
    assert math.isnan(signal.parts.false_alarms.ratio)


@pytest.mark.parametrize("kind", ["bursts", "clusters"])
def test_the_ratio_depends_neither_on_cuts_nor_on_restarts(kind: str) -> None:
    values = _streams(2)[kind]
    whole = _feed(_monitor(), values)
    first = _feed(_monitor(), values[:7777], 333)
    second = _monitor()
    second.restore(json.loads(state_json(first.state())))
    for at in range(7777, COUNT, 1000):
        index = np.arange(at, min(at + 1000, COUNT))
        second.update(Column(values[index], index, index * 1.0))
    assert second.parts.false_alarms == whole.parts.false_alarms
    assert state_json(second.state()) == state_json(whole.state())
