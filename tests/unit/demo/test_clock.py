"""The clock of the demo."""

from __future__ import annotations

import time

import pytest

from stream_monitor.demo.clock import DAY, DemoClock
from stream_monitor.demo.scenario import LENGTH


def test_a_fast_day_has_24_hours_and_begins_at_midnight() -> None:
    clock = DemoClock(is_fast=True)
    assert clock.at(0, 0) % DAY == 0
    assert clock.at(0, LENGTH) - clock.at(0, 0) == pytest.approx(DAY)
    assert clock.at(3, 0) == pytest.approx(clock.at(2, LENGTH))
    assert clock.at(200, 0) < time.time()


def test_a_slow_day_goes_with_the_real_time() -> None:
    clock = DemoClock(is_fast=False)
    clock.start()
    assert clock.now() == pytest.approx(time.time(), abs=1.0)
    assert clock.at(0, 0) == pytest.approx(time.time(), abs=1.0)
