"""The recording rules that add up replicas: Prometheus accepts them, and the metrics that they read exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream_monitor.server.catalog import CATALOG
from tests.e2e.prometheus import find_binary

RULES = Path(__file__).parents[2] / "configs/prometheus"
FROM_PROMETHEUS = {"job", "instance", "le"}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((RULES / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def labels_by_series() -> dict[str, set[str]]:
    """Return the labels of each metric of a scrape."""
    return {
        metric.name + end: set(metric.label_names)
        for metric in CATALOG
        for end in (("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",))
    }


@pytest.mark.prometheus
@pytest.mark.parametrize(
    "command",
    [("check", "rules", "--lint=all", "--lint-fatal", "rules.yml"), ("test", "rules", "rules.test.yml")],
    ids=["check", "test"],
)
def test_promtool_accepts_the_rules_and_their_tests(command: tuple[str, ...]) -> None:
    promtool = find_binary("promtool")
    if not promtool:
        pytest.skip("there is no promtool; it comes with prometheus: apt-get install prometheus")
    done = subprocess.run([promtool, *command], cwd=RULES, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["record"])
def test_metrics_that_a_rule_reads_exist(rule: dict[str, Any]) -> None:
    """Metrics of the sidecar with labels that they have, and rules that come before this one."""
    expression, known = rule["expr"], labels_by_series()
    recorded = [each["record"] for each in rules()]
    earlier = re.findall(r"\w+:\w+:\w+", expression)
    assert set(earlier) <= set(recorded[: recorded.index(rule["record"])])
    metrics = re.findall(r"(?<![\w:])stream_monitor_\w+", expression)
    assert metrics or earlier
    assert set(metrics) <= known.keys()
    groups = re.findall(r"(?:by|on) \(([^)]*)\)", expression)
    assert all(set(group.split(", ")) <= set().union(*map(known.get, metrics)) | FROM_PROMETHEUS for group in groups)


def test_every_rule_has_a_test() -> None:
    tests = (RULES / "rules.test.yml").read_text()
    untested = [rule["record"] for rule in rules() if rule["record"] not in tests]
    # The way from one rule to two others that are tested.
    assert untested == ["model_version:stream_monitor_outcomes_correct:spread_increase1d"]
