"""`compose.yaml`, Prometheus's configuration and the dashboard, checked without a Docker engine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream_monitor.cli.commands import load_command
from stream_monitor.config.loading import variable
from stream_monitor.config.settings import RunConfig
from stream_monitor.server.catalog import CATALOG
from stream_monitor.server.metric import Metric

REPOSITORY = Path(__file__).parents[3]
DOCKER = REPOSITORY / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DASHBOARD: dict[str, Any] = json.loads((DOCKER / "grafana/dashboards/stream-monitor.json").read_text())

# compose.yaml


def test_every_image_is_pinned_or_built_here() -> None:
    """A version, and more of it than the major one."""
    images = {service["image"] for service in SERVICES.values() if "build" not in service}
    assert [image for image in images if not re.fullmatch(r"[\w./-]+:v?\d+\.\d+[\w.-]*", image)] == []


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_the_loopback_interface_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_waits_for_what_can_be_waited_for(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "test" in SERVICES[other].get("healthcheck", {}) or "build" in SERVICES[other]
        else:
            assert SERVICES[other]["restart"] == "no", "it would never be seen to end"


@pytest.mark.parametrize("name", SERVICES)
def test_every_mounted_file_and_volume_exists(name: str) -> None:
    for mount in SERVICES[name].get("volumes", []):
        source = mount.split(":")[0]
        assert (DOCKER / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


def test_every_variable_is_a_setting_of_the_sidecar() -> None:
    settings = {variable(name): name for name in RunConfig.model_fields}
    environment = SERVICES["stream-monitor"]["environment"]
    assert environment.keys() <= settings.keys()
    RunConfig.model_validate({settings[name]: value for name, value in environment.items()})


@pytest.mark.parametrize("name", ["stream-monitor", "producer"])
def test_every_command_and_flag_exists(name: str) -> None:
    command, *words = SERVICES[name]["command"]
    flags = {flag for parameter in load_command(command).params for flag in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= flags
    load_command(command).make_context(command, words, resilient_parsing=False)


def test_the_topics_that_are_read_are_made() -> None:
    environment = SERVICES["stream-monitor"]["environment"]
    (script,) = SERVICES["kafka-topics"]["command"]
    made = re.search(r"for topic in ([\w ]+);", script)
    assert made
    assert made[1].split() == [environment["STREAM_MONITOR_TOPIC"], environment["STREAM_MONITOR_LABEL_TOPIC"]]


# Prometheus and Grafana


def test_prometheus_scrapes_the_sidecar() -> None:
    scrape = yaml.safe_load((REPOSITORY / "configs/prometheus.yml").read_text())["scrape_configs"][0]
    port = SERVICES["stream-monitor"]["environment"]["STREAM_MONITOR_LISTEN"].rpartition(":")[2]
    assert scrape["static_configs"] == [{"targets": [f"stream-monitor:{port}"]}]
    assert f'job="{scrape["job_name"]}"' in " ".join(_expressions())


def test_grafana_finds_its_data_source_and_its_dashboard() -> None:
    provisioning = DOCKER / "grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/stream-monitor.yaml").read_text())["providers"]
    mounts = dict(mount.split(":")[:2] for mount in SERVICES["grafana"]["volumes"])
    assert source["url"] == "http://prometheus:9090"
    assert source["uid"] == _variables()["datasource"]["current"]["value"]
    assert provider["options"]["path"] == mounts["./grafana/dashboards"]


def _series(metric: Metric) -> list[str]:
    ends = ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
    return [metric.name + end for end in ends]


METRICS = {name: metric for metric in CATALOG for name in _series(metric)}
FROM_PROMETHEUS = {"instance", "job", "le"}


def _variables() -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in DASHBOARD["templating"]["list"]}


def _targets() -> list[dict[str, Any]]:
    return [target for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]


def _expressions() -> list[str]:
    return [each["expr"] for each in (*_targets(), *DASHBOARD["annotations"]["list"])]


def _metrics_in(text: str) -> set[str]:
    return set(re.findall(r"\bstream_monitor_\w+", text))


def test_every_metric_that_is_read_exists() -> None:
    configs = [path.read_text() for path in REPOSITORY.glob("configs/prometheus*.yml")]
    queries = [each["query"]["query"] for each in _variables().values() if each["type"] == "query"]
    assert _metrics_in("\n".join([*_expressions(), *queries, *configs])) <= METRICS.keys()


@pytest.mark.parametrize("expression", sorted(set(_expressions())))
def test_every_label_that_is_read_exists(expression: str) -> None:
    for name, matchers in re.findall(r"(\w+)\{([^}]*)\}", expression):
        allowed = {*METRICS[name].label_names, *FROM_PROMETHEUS} if name in METRICS else FROM_PROMETHEUS
        assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= allowed
    known = {label for name in _metrics_in(expression) for label in METRICS[name].label_names}
    assert _grouped_by(expression) <= known | FROM_PROMETHEUS


def _grouped_by(expression: str) -> set[str]:
    return {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(", ")}


@pytest.mark.parametrize("target", _targets(), ids=lambda target: target["legendFormat"])
def test_every_legend_has_its_labels(target: dict[str, Any]) -> None:
    labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    assert labels <= _grouped_by(target["expr"]) | {"instance"}


def test_every_variable_of_the_dashboard_is_defined() -> None:
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD)))
    assert used <= {*_variables(), "__rate_interval", "__range", "__all"}


def test_the_dashboard_keeps_its_address_and_has_each_panel_once() -> None:
    panels = [panel["id"] for panel in DASHBOARD["panels"]]
    assert DASHBOARD["uid"] == "stream-monitor"
    assert len(panels) == len(set(panels))


def test_the_dashboard_answers_what_changed() -> None:
    told = ("detections_total", "last_detection_timestamp_seconds", "mean_before", "mean_after", "effect_size")
    wanted = [*(f"drift_{name}" for name in (*told, "active", "episodes_total")), "reference_distance"]
    assert {f"stream_monitor_{name}" for name in wanted} <= _metrics_in("\n".join(_expressions()))


def test_the_dashboard_answers_the_other_mistakes() -> None:
    wanted = {
        *("performance_estimated_ratio", "performance_estimation_error", "predictions_invalid_total"),
        *("feature_violations_total", "version_traffic_ratio", "version_difference", "rollback_recommended"),
        *("fairness_gap", "group_performance_ratio", "evaluation_sets_written_total", "skill_ratio"),
        *("baseline_difference", "payoff_per_outcome"),
    }
    assert {f"stream_monitor_{name}" for name in wanted} <= _metrics_in("\n".join(_expressions()))


def test_no_panel_lies_on_another() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]


@pytest.mark.prometheus
def test_promtool_accepts_the_configuration_and_every_expression(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool isn't installed: on Debian, apt-get install prometheus")
    rules = [{"record": "panel", "expr": _without_variables(each)} for each in sorted(set(_expressions()))]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    for check in (["config", REPOSITORY / "configs/prometheus.yml"], ["rules", file]):
        done = subprocess.run([promtool, "check", *check], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def _without_variables(expression: str) -> str:
    return re.sub(r"\$__(rate_interval|range)\b", "5m", expression)
