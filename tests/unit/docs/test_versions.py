"""docs/versions.md: its command runs, and the metrics, alerts and tests that it names are there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from stream_monitor.cli import cli
from stream_monitor.server.catalog import CATALOG
from stream_monitor.testing import make_prediction

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/versions.md").read_text()
ALERTS = yaml.safe_load((ROOT / "configs/prometheus/version-alerts.yml").read_text())["groups"][0]["rules"]
METRICS = {metric.name for metric in CATALOG}


def test_the_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [make_prediction(at, version=str(4 if at % 10 == 0 else 3), label="yes") for at in range(500)]
    (tmp_path / "predictions.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in events))
    monkeypatch.chdir(tmp_path)
    (line,) = re.findall(r"^stream-monitor (replay .*)$", PAGE, re.M)
    result = CliRunner().invoke(cli, shlex.split(line))
    assert result.exit_code == 0, result.output
    assert "3: champion, 450 predictions" in result.output


def test_the_metrics_alerts_and_tests_are_there() -> None:
    assert set(re.findall(r"`(stream_monitor_\w+)", PAGE)) <= METRICS
    assert set(re.findall(r"`(StreamMonitor\w+)`", PAGE)) == {rule["alert"] for rule in ALERTS}
    assert all((ROOT / name).exists() for name in re.findall(r"`(tests/[\w/]+\.py)`", PAGE))


def test_alerts_are_on_metrics_that_exist() -> None:
    for rule in ALERTS:
        assert set(re.findall(r"stream_monitor_\w+", rule["expr"])) <= METRICS
