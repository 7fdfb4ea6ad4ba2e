"""A latched alarm ends when the signal is back, or after the set time."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.events import Detection
from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors.alarm_latch import CHECK_INTERVAL, AlarmLatch
from stream_monitor.monitors.signal_reference import SignalReference
from stream_monitor.signals.columns import Column
from stream_monitor.testing import make_prediction
from tests.harness import run
from tests.unit.monitors.watching import watch


def _latch(rearm_after: float, values: Any, rows: list[int], size: int) -> list[float | None]:
    """Return ``active_since`` after each part of values that come one a second; restored from JSON between them."""
    reference = SignalReference("number", 500, None, None)
    reference.learn(values, len(values))
    latch, found = AlarmLatch(rearm_after, reference), []
    for begin in range(0, len(values), size):
        index = np.arange(begin, min(begin + size, len(values)))
        one = Detection(0, 0.0, "m", "1", "feature:x", "glr", 0.0, 5.0)
        alarms = [Alarm(row - begin, one) for row in rows if begin <= row < begin + size]
        column = Column(values[index], index, index.astype(float))
        latch.update(column, values[: begin + size], begin, alarms, 1.0)
        again = AlarmLatch(rearm_after, reference)
        again.restore(json.loads(json.dumps(latch.state())))
        latch = again
        found.append(latch.active_since)
    return found


VALUES = np.random.default_rng(1).normal(np.repeat([0.0, 5.0], [2000, 6000]))


@pytest.mark.parametrize("rearm_after", [300.0, 1700.0])
def test_an_alarm_is_over_after_the_time_that_was_set(rearm_after: float) -> None:
    """It is checked every `CHECK_INTERVAL` values; the signal stays where it is."""
    since = _latch(rearm_after, VALUES, [2020], 100)
    over = next(at for at in range(2100, 8000, 100) if at % CHECK_INTERVAL == 0 and at - 1 - 2020 >= rearm_after)
    assert [since[at // 100 - 1] for at in (2000, 2100, over - 100, over, 8000)] == [None, 2020, 2020, None, None]


def test_a_lasting_change_is_active_until_then() -> None:
    assert _latch(86_400.0, VALUES, [2020, 2500], 100)[-1] == 2500.0


def test_an_alarm_is_over_where_the_signal_is_back() -> None:
    values = np.random.default_rng(2).normal(np.repeat([0.0, 5.0, 0.0], [2000, 1000, 5000]))
    since = _latch(86_400.0, values, [2020], 500)
    assert since[6] == 2020.0 and since[-1] is None


@pytest.mark.parametrize("size", [1, 77, 8000])
@pytest.mark.parametrize("rows", [[2020], [2020, 2020, 2100], [2499], [2499, 2500, 7999], [0]])
@pytest.mark.parametrize("rearm_after", [0.0, 300.0, 1e9])
def test_it_does_not_depend_on_batches(rearm_after: float, rows: list[int], size: int) -> None:
    assert _latch(rearm_after, VALUES, rows, size)[-1] == _latch(rearm_after, VALUES, rows, 500)[-1]


@pytest.mark.parametrize(("rearm_after", "is_active"), [(86_400.0, True), (1800.0, False)])
def test_a_model_is_armed_again_as_the_settings_say(rearm_after: float, is_active: bool) -> None:
    rng = np.random.default_rng(3)
    column = rng.normal(np.repeat([0.0, 4.0], [2000, 3000]))
    events = [make_prediction(at, features={"a": value}) for at, value in enumerate(column.tolist())]
    pipeline, found = run(events, detectors=["glr"], rearm_after=rearm_after)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    last = max(one.ts or 0.0 for one in found if one.signal == "feature:a")
    assert events[-1]["ts"] - last > 2400
    assert (monitor.signals["feature:a"].active_since == last) is is_active


def test_an_alarm_is_active_until_the_signal_is_back() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=9000)
    values[3000:5000] += 2.0
    signal, found = watch(values[:5000])
    assert found and signal.active_since is not None
    signal, _ = watch(values)
    assert signal.active_since is None


@pytest.mark.parametrize("shares", [(0.1, 0.15), (0.02, 0.05), (0.5, 0.42)])
def test_an_alarm_of_a_share_is_active_as_long_as_the_fault_lasts(shares: tuple[float, float]) -> None:
    """It is active although no distance is above its threshold."""
    rng = np.random.default_rng(8)
    # Each hundred has its share, so that no thousand is nearer to the other by chance.
    usual, wrong = (rng.permuted(np.tile(np.arange(100) < 100 * share, (100, 1)), axis=1).ravel() for share in shares)
    signal, found = watch(np.concatenate((usual, wrong)), "share")
    assert found and min(one.index for one in found) >= 10_000 and signal.active_since == found[-1].ts
    assert all(each.value <= each.threshold for each in signal.comparison().distances().values())
    restored, _ = watch([], "share")
    restored.restore(json.loads(json.dumps(signal.state(), default=list)))
    for one in (signal, restored):
        index = np.arange(20_000, 30_000)
        back = one.update(Column(usual.astype(float), index, index.astype(float)))
        assert back[0].after == pytest.approx(shares[0], abs=0.03)
        assert one.active_since is None
