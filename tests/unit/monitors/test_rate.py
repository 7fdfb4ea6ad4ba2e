"""The run length of a model in predictions."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from stream_monitor.app.wiring import DEFAULT_RUN_LENGTH
from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import ModelVersion, Prediction
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.monitors.rate import MIN_RUN, PredictionRate
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.testing import make_prediction
from tests.event_columns import columns_of
from tests.harness import run

KEY = ModelVersion("m", "1")
DAY = 86_400.0


def _rate(warmup: int = 5, **settings: Any) -> PredictionRate:
    return PredictionRate(KEY, MonitorSettings(warmup=warmup, **{"run_seconds": DAY, **settings}))


def _times(*times: float | None) -> Floats:
    return np.array(times, np.float64)


def test_a_run_length_in_predictions_stays() -> None:
    rate = _rate(run_seconds=None, run_length=5e4)
    assert rate.remaining(0) == sys.maxsize
    assert not rate.update(_times(0.0, 1.0, 2.0, 3.0, 4.0), 5)
    assert rate.run_length == 5e4


@pytest.mark.parametrize("cut", range(1, 5))
def test_the_rate_is_measured_when_the_warm_up_is_complete(cut: int) -> None:
    rate = _rate()
    batch = _times(100.0, 101.0, 102.0, 103.0, 108.0)
    assert (rate.remaining(0), rate.remaining(cut)) == (5, 5 - cut)
    assert not rate.update(batch[:cut], cut)
    assert rate.update(batch[cut:], 5)
    assert rate.run_length == DAY * 4 / 8.0
    assert rate.remaining(5) == rate.remaining(6) == sys.maxsize
    assert not rate.update(_times(1e9), 6)


def test_a_slow_stream_has_the_shortest_run_length() -> None:
    rate = _rate()
    assert rate.update(_times(0.0, None, None, None, 1e9), 5)
    assert rate.run_length == MIN_RUN


def test_two_predictions_are_enough_without_a_warm_up() -> None:
    rate = _rate(warmup=0)
    assert rate.remaining(0) == 2
    assert rate.update(_times(0.0, 1.0), 2)
    assert rate.run_length == DAY


@pytest.mark.parametrize("times", [(0.0, 0.0), (5.0, 1.0), (None, None), (1.0, None)])
def test_times_that_tell_no_rate_are_logged(
    times: tuple[float | None, ...], caplog: pytest.LogCaptureFixture
) -> None:
    rate = _rate(warmup=2, run_length=7e5)
    assert not rate.update(_times(*times), 2)
    assert rate.run_length == 7e5
    assert "m/1: the times of its first 2 predictions give no rate" in caplog.text
    assert "7e+05 predictions" in caplog.text


def test_a_restored_rate_goes_on_with_the_first_time() -> None:
    first, second = _rate(), _rate()
    batch = _times(100.0, 101.0, 102.0, 103.0, 108.0)
    first.update(batch[:2], 2)
    second.restore(first.state())
    assert second.update(batch[2:], 5)
    third = _rate()
    third.restore(second.state())
    assert third.run_length == second.run_length == DAY / 2


def test_an_infinite_run_length_is_restored_from_the_settings() -> None:
    rate = _rate(run_seconds=None, run_length=math.inf)
    state = rate.state()
    assert state == [None, None]
    rate.restore(state)
    assert rate.run_length == math.inf


def test_a_run_length_that_is_now_given_in_predictions_holds() -> None:
    rate = _rate(run_seconds=None, run_length=2e4)
    rate.restore([5e5, 1.0])
    assert rate.run_length == 2e4


def test_a_budget_in_time_follows_the_rate() -> None:
    events = [make_prediction(at, ts=1_795_435_200.0 + at / 10, features={"a": at % 7}) for at in range(600)]
    pipeline, _ = run(events, detectors=["glr"], run_seconds=86_400.0)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    assert monitor._rate.run_length == pytest.approx(864_000.0, rel=0.01)


@pytest.mark.parametrize("times", [(0.0,), (9e8, *range(600)), (None,)], ids=["equal", "from the future", "none"])
@pytest.mark.parametrize("batch", [1, 77, 600])
def test_times_that_tell_no_rate_leave_the_run_length_in_events(
    times: Sequence[float | None], batch: int, caplog: pytest.LogCaptureFixture
) -> None:
    monitor = ModelMonitor(KEY, MonitorSettings(run_seconds=86_400.0), lambda *_: None)
    found = [(at, Prediction(str(at), ts, KEY, "yes", {})) for at, ts in zip(range(600), itertools.cycle(times))]
    for start in range(0, 600, batch):
        monitor.update(*columns_of(found[start : start + batch]))
    assert monitor._rate.run_length == DEFAULT_RUN_LENGTH
    (told,) = caplog.messages
    assert told.startswith("m/1: the times of its first 500 predictions give no rate")
    assert "1e+06 predictions" in told
