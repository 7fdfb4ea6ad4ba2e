"""Settings of the Kafka source, as flags, environment and file have them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from stream_monitor.cli import cli
from tests.cli_runs import one_line

GIVEN = ["check-config", "--bootstrap-servers", "a:1", "--topic", "t", "--group-id", "g"]


def shown(*flags: str) -> dict[str, object]:
    result = CliRunner().invoke(cli, [*GIVEN, *flags])
    assert result.exit_code == 0, result.output
    found: dict[str, object] = yaml.safe_load(result.stdout)
    return found


def test_a_switch_is_a_flag_without_a_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown()["allow_unaligned_labels"] is False
    assert shown("--allow-unaligned-labels")["allow_unaligned_labels"] is True
    file = tmp_path / "config.yaml"
    file.write_text("allow_unaligned_labels: true\n")
    assert shown("--config", str(file))["allow_unaligned_labels"] is True
    monkeypatch.setenv("STREAM_MONITOR_ALLOW_UNALIGNED_LABELS", "true")
    assert shown()["allow_unaligned_labels"] is True


def test_defaults() -> None:
    config = shown()
    assert (config["restore_window"], config["group_instance_id"]) == ("86400s", None)
    assert config["max_latency"] == "250ms"
    assert shown("--max-latency", "0ms")["max_latency"] == "0s"
    assert shown("--restore-window", "0s")["restore_window"] == "0s"


@pytest.mark.parametrize("name", ["pod-0", "a.b_C-1", "...", "x" * 249])
def test_names_that_kafka_takes(name: str) -> None:
    assert shown("--group-instance-id", name)["group_instance_id"] == name


@pytest.mark.parametrize("name", [".", "..", "pod 0", "pod/0", "x" * 250])
def test_names_that_kafka_does_not_take(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = one_line(monkeypatch, capsys, [*GIVEN, "--group-instance-id", name])
    assert line == "Error: --group-instance-id: must be a name of letters, digits, '.', '_' and '-', 249 at most"
