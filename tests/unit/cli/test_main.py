"""The small commands, log lines, and what is told on the way."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner

from stream_monitor import __version__
from stream_monitor.actions.log import LogSink
from stream_monitor.cli import cli
from stream_monitor.config.settings import RunConfig
from stream_monitor.core.events import Detection
from stream_monitor.core.log_format import JsonFormatter, TextFormatter
from stream_monitor.core.ratelimit import RateLimit
from stream_monitor.detectors import KINDS
from stream_monitor.detectors.describe import FROM_BUDGET, describe
from stream_monitor.detectors.spec import SIGNAL_PREFIXES, SIGNALS, parse_spec
from stream_monitor.drift.budget import unbudgeted
from stream_monitor.testing import FakeClock

DETECTION = Detection(7, 1_795_435_200.0, "m", "1", "feature:a", "adwin", 1.0, 2.0)


def test_detectors_lists_parameters_ranges_and_defaults() -> None:
    result = CliRunner().invoke(cli, ["detectors"])
    assert result.exit_code == 0
    for kind, config in KINDS.items():
        assert kind in result.stdout
        for parameter in describe(config):
            line = next(line for line in result.stdout.splitlines() if line.startswith(f"  {parameter.name} "))
            assert line
            text = result.stdout
            assert parameter.allowed in text
            assert f"default {parameter.default}" in text
            assert parameter.description in text


def test_detectors_tells_whose_thresholds_follow_from_the_budget() -> None:
    text = CliRunner().invoke(cli, ["detectors"]).stdout
    blocks = {block.split()[0]: block for block in text.strip().split("\n\n")}
    for kind, config in KINDS.items():
        told = [line.split()[0] for line in blocks[kind].splitlines() if FROM_BUDGET in line]
        assert told == ([config.budgeted] if config.budgeted else [])
        assert ("--expected-run-length does not reach it" in blocks[kind]) == (kind in unbudgeted([parse_spec(kind)]))
    assert all(f" {prefix}NAME" in text.splitlines()[-1] for prefix in SIGNAL_PREFIXES)
    assert all(f" {name}" in text.splitlines()[-1] for name in SIGNALS)


def test_every_range_is_told() -> None:
    told = {p.name: (p.default, p.allowed) for p in describe(KINDS["page_hinkley"])}
    assert told == {
        "min_instances": ("30", "int >= 1"),
        "delta": ("0.005", "float >= 0"),
        "threshold": (FROM_BUDGET, "float > 0"),
        "alpha": ("0.9999", "float > 0, <= 1"),
        "mode": ("both", "up|down|both"),
    }


def test_check_config_prints_a_file_that_run_would_take(tmp_path_factory: pytest.TempPathFactory) -> None:
    given = [
        "--bootstrap-servers",
        "h:1",
        "--topic",
        "t",
        "--group-id",
        "g",
        "--field",
        "id=uid",
        "--detector",
        "adwin",
    ]
    result = CliRunner().invoke(cli, ["check-config", *given])
    assert result.exit_code == 0, result.output
    assert "The configuration is valid." in result.stderr
    assert set(yaml.safe_load(result.stdout)) == set(RunConfig.model_fields)


def test_the_version_and_the_help() -> None:
    assert __version__ in CliRunner().invoke(cli, ["--version"]).stdout
    for command in (None, *cli.commands):
        result = CliRunner().invoke(cli, [*([command] if command else []), "-h"])
        assert result.exit_code == 0
        assert "Usage:" in result.stdout


def test_the_commands_of_this_issue() -> None:
    assert set(cli.commands) == {"run", "replay", "demo", "detectors", "check-config", "profile", "tune"}


def test_as_a_module_it_is_the_same_program() -> None:
    command = [sys.executable, "-m", "stream_monitor", "run", "--start", "middle"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1


# Log lines


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


def test_detections_in_the_log_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    sink = LogSink(clock, per_minute=5)
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            sink.send(DETECTION)
        clock.advance(60)
        sink.send(DETECTION)
    assert len(caplog.records) == 6


def test_a_rate_limit_begins_anew_each_minute() -> None:
    clock = FakeClock()
    limit = RateLimit(clock, per_minute=2)
    allowed = []
    for _ in range(3):
        allowed.append([limit.allow() for _ in range(3)])
        clock.advance(60)
    assert allowed == [[True, True, False]] * 3
