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

DOCS = Path(__file__).parents[2] / "docs"
#: The page that names all alerts of a file.
PAGES = {"alerts": DOCS / "seven-mistakes.md", "version-alerts": DOCS / "versions.md"}


def alerts() -> list[tuple[str, dict[str, Any]]]:
    """Return the alerts, each with the name of its file."""
    files = {name: yaml.safe_load((RULES / f"{name}.yml").read_text())["groups"] for name in PAGES}
    return [(name, rule) for name, groups in files.items() for group in groups for rule in group["rules"]]


@pytest.mark.prometheus
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("command", [("check", "rules", "--lint=all", "--lint-fatal"), ("test", "rules")])
def test_promtool_accepts_the_alerts_and_their_tests(command: tuple[str, ...], name: str) -> None:
    promtool = find_binary("promtool")
    if not promtool:
        pytest.skip("there is no promtool; it comes with prometheus: apt-get install prometheus")
    file = f"{name}.yml" if command[0] == "check" else f"{name}.test.yml"
    done = subprocess.run([promtool, *command, file], cwd=RULES, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "alert"), alerts(), ids=lambda each: each["alert"] if isinstance(each, dict) else ""
)
def test_an_alert_reads_metrics_that_exist_and_is_tested_and_told(name: str, alert: dict[str, Any]) -> None:
    metrics = re.findall(r"stream_monitor_\w+", alert["expr"])
    assert metrics
    assert set(metrics) <= labels_by_series().keys()
    assert alert["alert"] in (RULES / f"{name}.test.yml").read_text()
    assert alert["alert"] in PAGES[name].read_text()
