"""Detections in the log."""

from __future__ import annotations

import logging

import pytest

from stream_monitor.actions.log import LogSink
from stream_monitor.core.events import Detection
from stream_monitor.testing import FakeClock

DETECTION = Detection(7, 1_795_435_200.0, "m", "1", "feature:a", "adwin", 1.0, 2.0)


def test_detections_in_the_log_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    sink = LogSink(clock, per_minute=5)
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            sink.send(DETECTION)
        clock.advance(60)
        sink.send(DETECTION)
    assert len(caplog.records) == 6
