"""Alerts as log lines."""

from __future__ import annotations

import logging

import pytest

from stream_monitor.actions import parse_sink
from stream_monitor.core.events import Detection
from stream_monitor.testing import FakeClock

DETECTIONS = [Detection(at, 1.0, "m", "1", "error", "adwin", 0.1, 0.2) for at in range(100)]


@pytest.mark.parametrize(("text", "limit"), [("log", 60), ("log:per_minute=7", 7)])
def test_lines_are_limited_in_each_minute(caplog: pytest.LogCaptureFixture, text: str, limit: int) -> None:
    clock = FakeClock()
    sink = parse_sink(text).make(clock)
    for detection in DETECTIONS:
        sink.send(detection)
    assert len(caplog.records) == limit
    clock.advance(60)
    sink.send(DETECTIONS[0])
    assert len(caplog.records) == limit + 1


def test_a_line_is_a_warning_with_all_fields(caplog: pytest.LogCaptureFixture) -> None:
    parse_sink("log").make(FakeClock()).send(DETECTIONS[0])
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("drift in error of m/1: up from 0.1 to 0.2")
    fields = record.fields  # type: ignore[attr-defined]
    assert (fields["event"], fields["id"], fields["signal"]) == ("drift", DETECTIONS[0].id, "error")


def test_a_skew_is_an_event_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    parse_sink("log").make(FakeClock()).send(DETECTIONS[0]._replace(kind="skew"))
    (record,) = caplog.records
    assert "skew in error of m/1: differs from the training data since the start: up from" in record.getMessage()
    assert record.fields["event"] == record.fields["kind"] == "skew"  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5"])
def test_a_rate_is_at_least_one_line(value: str) -> None:
    with pytest.raises(ValueError, match=r"log\.per_minute: "):
        parse_sink(f"log:per_minute={value}")
