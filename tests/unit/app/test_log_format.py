"""Formats of log lines."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from stream_monitor.actions.log import LogSink
from stream_monitor.app.log_format import JsonFormatter, TextFormatter
from stream_monitor.core.events import Detection
from stream_monitor.testing import FakeClock

DETECTION = Detection(7, 1_795_435_200.0, "m", "1", "feature:a", "adwin", 1.0, 2.0)


def _logged(form: logging.Formatter, caplog: pytest.LogCaptureFixture) -> str:
    with caplog.at_level(logging.WARNING):
        LogSink(FakeClock()).send(DETECTION)
    return form.format(caplog.records[0])


def test_a_detection_as_text(caplog: pytest.LogCaptureFixture) -> None:
    line = _logged(TextFormatter(), caplog)
    assert line.endswith(
        "WARNING drift in feature:a of m/1: up from 1 to 2; noticed at 2026-11-23 12:00:00 UTC, prediction 7; "
        "found by adwin"
    )


def test_a_detection_as_json(caplog: pytest.LogCaptureFixture) -> None:
    line = json.loads(_logged(JsonFormatter(), caplog))
    assert line["level"] == "warning"
    assert line["event"] == "drift"
    assert {**DETECTION._asdict(), "ts": "2026-11-23T12:00:00.000Z"}.items() <= line.items()


def test_an_exception_as_json() -> None:
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "it %s", ("broke",), None)
    try:
        raise ValueError("why")
    except ValueError:
        record.exc_info = sys.exc_info()
    line = json.loads(JsonFormatter().format(record))
    assert line["message"] == "it broke"
    assert "ValueError: why" in line["exception"]
