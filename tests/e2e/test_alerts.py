"""The alerts: Prometheus accepts them, the metrics that they read exist, and the page names all of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.prometheus import find_binary
from tests.e2e.test_rules import RULES, labels_by_series

PAGE = Path(__file__).parents[2] / "docs/seven-mistakes.md"


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((RULES / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.mark.prometheus
@pytest.mark.parametrize(
    "command",
    [("check", "rules", "--lint=all", "--lint-fatal", "alerts.yml"), ("test", "rules", "alerts.test.yml")],
    ids=["check", "test"],
)
def test_promtool_accepts_the_alerts_and_their_tests(command: tuple[str, ...]) -> None:
    promtool = find_binary("promtool")
    if not promtool:
        pytest.skip("there is no promtool; it comes with prometheus: apt-get install prometheus")
    done = subprocess.run([promtool, *command], cwd=RULES, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_reads_metrics_that_exist_and_is_tested_and_told(alert: dict[str, Any]) -> None:
    metrics = re.findall(r"stream_monitor_\w+", alert["expr"])
    assert metrics
    assert set(metrics) <= labels_by_series().keys()
    assert alert["alert"] in (RULES / "alerts.test.yml").read_text()
    assert alert["alert"] in PAGE.read_text()
