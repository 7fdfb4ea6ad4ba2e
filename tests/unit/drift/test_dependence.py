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
from stream_monitor.drift.dependence import Dependence, dependence_of, is_new, lag1_of
from stream_monitor.drift.dependence_check import DependenceCheck
from stream_monitor.monitors.signal import SignalContext, SignalMonitor
from stream_monitor.signals.columns import Column
from stream_monitor.stats.variance_ratios import VarianceRatios
from tests.streams import cut

WARMUP = 500
NOISE = np.random.default_rng(2).normal(size=40_000)


def _autoregression(phi: float, count: int, seed: int = 1) -> Floats:
    found: Floats = lfilter([1.0], [1.0, -phi], np.random.default_rng(seed).normal(size=count))
    return found


def _known(time: float) -> Dependence:
    return dependence_of(VarianceRatios(lag1_of(time)))


def _fed(values: Floats, known: Dependence, cuts: tuple[float, ...] = ()) -> list[Dependence]:
    """Return the results of a check that is fed in parts and restored from JSON between them."""
    check, found = DependenceCheck(WARMUP, True), []
    for part in cut(values, list(cuts)):
        again = DependenceCheck(WARMUP, True)
        again.restore(json.loads(json.dumps(check.state())))
        check = again
        while len(part):
            count = min(check.room, len(part))
            new = check.update(known, part[:count], count, in_batches=True)
            if new:
                known = new
                found.append(new)
            part = part[count:]
    return found


@pytest.mark.parametrize("cuts", [(), (0.1, 0.5, 0.9)])
def test_a_weak_dependence_is_found_once_there_are_thousands(cuts: tuple[float, ...]) -> None:
    weak = _autoregression(0.15, WARMUP * 8)
    found = _fed(weak, Dependence(), cuts)[-1]
    assert found[:4] == pytest.approx((1.15 / 0.85, 1, 1.0, 1.15 / 0.85), rel=0.1) and found.ratios == ()
    assert _fed(NOISE, Dependence())[-1] == Dependence()


def test_a_dependence_that_is_known_is_not_found_again() -> None:
    values = _autoregression(0.5, WARMUP * 16)
    *_, known = _fed(values, Dependence())
    assert known.autocorrelation_time == pytest.approx(3.0, rel=0.1)
    assert _fed(values, known)[-1:] in ([], [known])
    assert is_new(known, VarianceRatios(lag1_of(1.02 * known.autocorrelation_time)), in_batches=True) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [((), [1, 2, 4, 8, 16, 32, 64]), ((5.0, 8.1), [1, 2, 4, 8, 9, 10, 12, 16, 24, 40, 72])],
)
def test_the_schedule_is_one_of_doublings_and_ends(changes: tuple[float, ...], expected: list[int]) -> None:
    check, places = DependenceCheck(WARMUP, True), []
    while check.room < sys.maxsize:
        for change in changes:
            if check.seen <= change * WARMUP < check.seen + check.room:
                check.interrupt()
        check.update(Dependence(), NOISE[: check.room], check.room, in_batches=True)
        places.append(check.seen / WARMUP)
    assert places == expected


def test_two_levels_are_no_dependence() -> None:
    check = DependenceCheck(WARMUP, True)
    for level in (0.0, 3.0):
        check.interrupt()
        for begin, end in ((0, 500), (500, 1000), (1000, 2000), (2000, 3000)):
            values = NOISE[begin:end] + level
            known = check.update(Dependence(), values, len(values), in_batches=True)
    check.interrupt()
    assert check.start(NOISE[:500], 0.0) == VarianceRatios(0.0)
    assert known is None


def test_what_was_learned_survives_a_change_and_fades() -> None:
    """A detector starts again with what all values before have shown, not with what its short warm-up shows."""
    slow = (lfilter([0.2], [1.0, -0.98], NOISE[:20_000]) + np.random.default_rng(3).normal(size=20_000)) / 1.4
    check = DependenceCheck(WARMUP, True)
    for begin in (0, 500):
        check.update(Dependence(), slow[begin : begin + 500], 500, in_batches=True)
    short = DependenceCheck(WARMUP, True).start(slow[2000:2500], 0.3)
    long = check.start(slow[2000:2500], 0.3)
    assert max(long.ratios) > 20.0 and long != short
    restored = DependenceCheck(WARMUP, True)
    restored.restore(json.loads(json.dumps(check.state())))
    assert restored.start(slow[2000:2500], 0.3) == long
    for _ in range(4):
        check.interrupt()
        while check.room < sys.maxsize:
            check.update(Dependence(), NOISE[: check.room], check.room, in_batches=True)
    assert check.start(NOISE[:500], 0.0) == VarianceRatios(0.0)


@pytest.mark.parametrize("turns", [True, False])
def test_means_longer_than_the_time_between_two_changes_are_compared_if_they_turn(turns: bool) -> None:
    """After a change in the direction of the last one, which may be a part of a drift, the values are forgotten."""
    check, is_up = DependenceCheck(WARMUP, True), True
    for begin in range(0, 20_000, 600):
        check.end(NOISE[begin : begin + 600], is_up=is_up)
        check.reset()
        is_up ^= turns
    longest = sum(count >= 8 for count in check.scores.counts)
    assert longest == (11 if turns else 0)
    again = DependenceCheck(WARMUP, True)
    again.restore(json.loads(json.dumps(check.state())))
    for each in (check, again):
        each.end(NOISE[:600], is_up=is_up)
    assert again.state() == check.state()


@pytest.mark.parametrize(("warmup", "is_enabled"), [(0, True), (WARMUP, False)])
def test_without_a_warm_up_or_batch_means_there_is_no_check(warmup: int, is_enabled: bool) -> None:
    assert DependenceCheck(warmup, is_enabled).room == sys.maxsize
    assert DependenceCheck(warmup, is_enabled).start(NOISE[:500], 0.2) == VarianceRatios(0.2)


def test_batches_are_replaced_only_by_much_better_ones() -> None:
    known = _known(19.0)
    assert known.batch == 38 and known.residual == pytest.approx(19.0 / 14.6, rel=0.03)
    for time, batch in ((23.0, 38), (25.0, 50), (12.0, 38), (9.0, 18)):
        new = is_new(known, VarianceRatios(lag1_of(time)), in_batches=True)
        assert new and new.batch == batch
        assert new.autocorrelation_time == pytest.approx(time)
    categories = is_new(Dependence(), VarianceRatios(lag1_of(19.0)), in_batches=False)
    assert categories and categories[:4] == pytest.approx((19.0, 1, 1.0, 19.0))


def test_the_ratios_of_batches_begin_at_their_length() -> None:
    ratios = tuple(float(min(2**level, 64)) for level in range(25))
    found = dependence_of(VarianceRatios(lag1_of(4.0), ratios, 16.0))
    assert found.batch == 8 and found.autocorrelation_time == pytest.approx(64.0) and found.residual == 8.0
    assert found.ratios[:5] == pytest.approx((1.0, 2.0, 4.0, 8.0, 8.0))
    weak = tuple(min(1.2**level, 1.9) for level in range(25))
    assert dependence_of(VarianceRatios(0.1, weak))[1:4] == pytest.approx((1, 1.0, 1.9))


@pytest.mark.parametrize(("phi", "batch"), [(0.0, 1), (0.13, 1), (0.5, 6)])
def test_a_running_detector_takes_up_what_is_found(phi: float, batch: int) -> None:
    """The warm-up had independent values, so the autocorrelation of 0.5 is found later."""
    rng = np.random.default_rng(4)
    values = np.concatenate((rng.normal(size=WARMUP), _autoregression(phi, 16 * WARMUP)))
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
