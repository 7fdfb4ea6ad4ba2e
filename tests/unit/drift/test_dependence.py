"""The dependence of neighbouring values: batch lengths, and the estimate while a detector runs."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pytest
from scipy.signal import lfilter

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import ModelVersion
from stream_monitor.detectors import KINDS
from stream_monitor.drift.batch_means import BatchMeans
from stream_monitor.drift.dependence import CHECKS, Dependence, DependenceCheck, Lag1Estimator, dependence
from stream_monitor.monitors.signal import SignalContext, SignalMonitor
from stream_monitor.signals.columns import Column
from tests.streams import cut

WARMUP = 500


def _autoregression(phi: float, count: int, seed: int = 1) -> Floats:
    found: Floats = lfilter([1.0], [1.0, -phi], np.random.default_rng(seed).normal(size=count))
    return found


def _fed(values: Floats, known: Dependence, cuts: tuple[float, ...] = ()) -> list[Dependence]:
    """Return the results of a check that is fed in parts and restored from JSON between them."""
    check, found = DependenceCheck(WARMUP, True), []
    for part in cut(values, list(cuts)):
        again = DependenceCheck(WARMUP, True)
        again.restore(json.loads(json.dumps(check.state())))
        check = again
        while len(part):
            count = min(check.room, len(part))
            new = check.update(known, part[:count], count)
            if new:
                known = new
                found.append(new)
            part = part[count:]
    return found


@pytest.mark.parametrize("cuts", [(), (0.1, 0.5, 0.9)])
def test_a_weak_dependence_is_found_once_there_are_thousands(cuts: tuple[float, ...]) -> None:
    weak = _autoregression(0.15, WARMUP * CHECKS[0])
    assert _fed(weak[:-1], Dependence()) == []
    (found,) = _fed(weak, Dependence(), cuts)
    assert found.autocorrelation_time == pytest.approx(1.15 / 0.85, rel=0.1)
    assert found.batch == 1
    assert _fed(np.random.default_rng(2).normal(size=40_000), Dependence()) == []


def test_a_dependence_that_is_known_is_not_found_again() -> None:
    assert _fed(_autoregression(0.15, 40_000), dependence(1.4)) == []


@pytest.mark.parametrize("cuts", [(), (0.0, 0.3, 0.31)])
def test_the_sums_are_those_of_values_squares_and_neighbours(cuts: tuple[float, ...]) -> None:
    """Without a neighbour, the first value is taken for its own."""
    values, estimator = _autoregression(0.6, 200) + 1.0, Lag1Estimator()
    for part in cut(values, list(cuts)):
        if len(part):
            estimator.add(part)
    before = np.concatenate((values[:1], values[:-1]))
    sums = [np.sum(values), np.sum(values**2), np.sum(values * before)]
    assert estimator.state() == pytest.approx([200, values[-1], *sums])
    lag1 = (sums[2] / 200 - (sums[0] / 200) ** 2) / (sums[1] / 200 - (sums[0] / 200) ** 2)
    assert estimator.residual == pytest.approx((1 + lag1) / (1 - lag1))


def test_a_constant_has_no_dependence_that_could_be_estimated() -> None:
    estimator = Lag1Estimator()
    estimator.add(np.full(100, 0.5))
    assert estimator.residual == 1.0


def test_two_levels_are_no_dependence() -> None:
    check = DependenceCheck(WARMUP, True)
    low, high = np.random.default_rng(3).normal([[0.0], [3.0]], size=(2, WARMUP * CHECKS[0] // 2))
    assert check.update(Dependence(), low, len(low)) is None
    check.interrupt()
    assert check.update(Dependence(), high, len(high)) is None


@pytest.mark.parametrize(("warmup", "is_enabled"), [(0, True), (WARMUP, False)])
def test_without_a_warm_up_or_batch_means_there_is_no_check(warmup: int, is_enabled: bool) -> None:
    assert DependenceCheck(warmup, is_enabled).room == sys.maxsize


@pytest.mark.parametrize(("phi", "batch"), [(0.0, 1), (0.13, 1), (0.5, 6)])
def test_a_running_detector_takes_up_what_is_found(phi: float, batch: int) -> None:
    """The warm-up had independent values, so the autocorrelation of 0.5 is found later."""
    rng = np.random.default_rng(4)
    values = np.concatenate((rng.normal(size=WARMUP), _autoregression(phi, 2 * WARMUP * CHECKS[0])))
    signal = _monitor()
    _update(signal, values, 0)
    learned = signal.detectors.autocorrelation_time
    assert learned == pytest.approx((1 + phi) / (1 - phi), rel=0.15)
    assert signal.detectors.batch_length in range(batch - (batch > 1), batch + 2)
    again = _monitor()
    again.restore(json.loads(json.dumps(signal.state(), default=list)))
    more = _autoregression(phi, 5000, seed=9) + np.repeat([0.0, 2.0], 2500)
    assert _update(again, more, len(values)) == _update(signal, more, len(values)) != []
    assert json.dumps(again.state(), default=list) == json.dumps(signal.state(), default=list)


def _monitor() -> SignalMonitor:
    configs = {"page_hinkley": KINDS["page_hinkley"](threshold=1e6), "glr": KINDS["glr"](threshold=30.0)}
    return SignalMonitor(ModelVersion("m", "1"), "feature:x", "number", configs, SignalContext(warmup=WARMUP))


def _update(signal: SignalMonitor, values: Floats, begin: int) -> list[Any]:
    index = np.arange(begin, begin + len(values))
    return signal.update(Column(values, index, index.astype(float)))


def test_batch_means_are_those_of_numpy_at_the_last_value_of_each() -> None:
    values, index = np.random.default_rng(5).normal(size=100), np.arange(100) * 3
    batches = BatchMeans(7)
    column = Column(values, index, index * 1.0)
    parts = [batches.add(column.cut(at).until(10)) for at in range(0, 100, 10)]
    found = Column.join([part for part, _ in parts])
    np.testing.assert_allclose(found.values, values[:98].reshape(14, 7).mean(axis=1))
    assert found.index.tolist() == index[6::7].tolist()
    assert [first for part, first in parts if len(part.values)][:3] == [6, 3, 0]
