"""The page on the seven mistakes: its commands run, and the metrics and tests that it names exist."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from stream_monitor.cli import cli
from stream_monitor.server.catalog import CATALOG
from tests.files import write
from tests.unit.cli.test_compare import write_candidate, write_sets

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/seven-mistakes.md").read_text()


def _predictions(count: int = 1500) -> list[dict[str, Any]]:
    """Return predictions that are wrong about one sex three times as often."""
    rng = np.random.default_rng(1)
    rows = []
    for at in range(count):
        sex, label = str(rng.choice(["f", "m"])), str(rng.choice(["yes", "no"]))
        is_wrong = rng.random() < (0.3 if sex == "f" else 0.1)
        y_pred = {"yes": "no", "no": "yes"}[label] if is_wrong else label
        given = {"features": {"age": float(rng.integers(18, 80))}, "groups": {"sex": sex}}
        rows.append({"id": f"r-{at}", "ts": 1.8e9 + at, "prediction": y_pred, "label": label, **given})
    return rows


def test_the_command_on_groups_shows_the_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (command,) = re.findall(r"^stream-monitor (replay .*--group.*)$", PAGE, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "predictions.jsonl", _predictions(), "jsonl")
    result = CliRunner().invoke(cli, shlex.split(command))
    assert result.exit_code == 0, result.output
    assert "group sex (groups.sex, positive class yes)" in result.output
    found = json.loads((tmp_path / "found.json").read_bytes())
    values = found["fairness"]["sex"]
    assert set(found["fairness"]) == {"sex", "age"}
    assert sum(each["count"] for each in values.values()) == 1500
    assert values["m"]["accuracy"] - values["f"]["accuracy"] == found["gaps"]["sex"]["accuracy_gap"]["value"]
    assert found["gaps"]["sex"]["accuracy_gap"]["lower"] > 0.1
    assert found["gaps"]["age"]["accuracy_gap"]["lower"] == 0.0
    assert found["versions"][0]["fairness"]["sex"]["rolling"]["gaps"]["accuracy_gap"]["highest"] == "m"


def test_the_command_on_estimates_shows_accuracy_before_labels_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (command,) = re.findall(r"^stream-monitor (replay scored.*)$", PAGE, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    rows: list[dict[str, Any]] = []
    for at in range(6000):
        p = float(rng.beta(0.5, 0.5) if at < 4000 else rng.uniform(0.35, 0.65))
        row = {"id": f"r-{at}", "ts": 1.8e9 + at, "prediction": "yes" if p > 0.5 else "no", "score": p}
        rows.append(row | ({"label": "yes" if rng.random() < p else "no"} if at < 4000 else {}))
    write(tmp_path / "scored.jsonl", rows, "jsonl")
    result = CliRunner().invoke(cli, shlex.split(command))
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith("  estimated accuracy")]
    found = json.loads((tmp_path / "estimated.json").read_bytes())
    rolling = found["versions"][0]["estimated"]["accuracy"]["rolling"]
    assert f"rolling {rolling['value']:.4f}" in line
    assert abs(rolling["value"] - 0.575) < 0.03
    assert rolling["lower"] < 0.575 < rolling["upper"] < found["performance"]["accuracy"]
    assert found["estimated"]["count"] == 6000
    assert abs(found["estimated"]["error"]) < 0.02
    assert found["estimated"]["why_not"] == ""


def test_the_command_on_inputs_says_what_mends_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (command,) = re.findall(r"^stream-monitor (replay inputs.*)$", PAGE, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contract.yaml").write_text("contract: 1\nfeatures:\n  age: {type: number, maximum: 99}\n")
    rows = [{"id": f"r-{at}", "prediction": "yes", "features": {"age": "41" if at == 7 else 41}} for at in range(100)]
    write(tmp_path / "inputs.jsonl", rows, "jsonl")
    result = CliRunner().invoke(cli, shlex.split(command))
    assert result.exit_code == 0, result.output
    (found,) = json.loads((tmp_path / "violations.json").read_bytes())["violations"]
    assert (found["feature"], found["rule"], found["count"]) == ("age", "type", 1)
    assert "send 41 without quotes" in result.output


def test_the_command_on_test_sets_has_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (command,) = re.findall(r"^stream-monitor (compare .*)$", PAGE, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    write_sets(tmp_path / "sets", 5)
    write_candidate(tmp_path / "candidate.csv", 0.9)
    result = CliRunner().invoke(cli, shlex.split(command))
    assert result.exit_code == 0, result.output
    assert "Verdict: the candidate is better than the champion" in result.output


def test_the_command_on_versions_has_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (command,) = re.findall(r"^stream-monitor (replay versions.*)$", PAGE, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    rows = [
        {
            "id": f"r-{at}",
            "version": str(3 + at % 2),
            "prediction": 1,
            "label": int(rng.random() < 0.5 + at % 2 * 0.4),
        }
        for at in range(2000)
    ]
    write(tmp_path / "versions.jsonl", rows, "jsonl")
    result = CliRunner().invoke(cli, shlex.split(command))
    assert result.exit_code == 0, result.output
    assert "better than 3: accuracy +0." in result.output


def test_the_command_on_retraining_asks_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (command,) = re.findall(r"^stream-monitor (replay .*--retrain-on.*)$", PAGE, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "predictions.jsonl", _predictions(), "jsonl")
    result = CliRunner().invoke(cli, shlex.split(command))
    assert result.exit_code == 0, result.output
    assert "1 retrain request\n" in result.output
    (request,) = json.loads((tmp_path / "requests.json").read_bytes())["retrain"]
    assert [reason["policy"] for reason in request["reasons"]] == ["performance:below=0.85"]
    assert request["performance"][0]["interval"][1] < 0.85
    assert request["index"] <= 999


def test_metrics_and_files_that_the_page_names_exist() -> None:
    metrics = set(re.findall(r"stream_monitor_\w+", PAGE))
    assert metrics
    assert metrics <= {metric.name for metric in CATALOG}
    assert all((ROOT / name).is_file() for name in re.findall(r"`(tests/[\w/]+\.py)`", PAGE))


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (
            ["--group", "race=groups.race", "--positive", "yes"],
            "group race: no prediction has groups.race; check --group",
        ),
        (
            ["--group", "sex=groups.sex", "--positive", "ja"],
            "the positive class 'ja' was never predicted nor a label",
        ),
        (["--group", "sex=groups.sex"], "without --positive, groups are compared by accuracy only"),
        (["--group", "age=features.age", "--positive", "yes"], "group age: more than 20 values"),
        (["--group", "sex=groups.sex", "--positive", "yes", "--group-min-count", "9000"], "2 of 2 values have fewer"),
    ],
)
def test_groups_that_tell_nothing_are_one_line_each(tmp_path: Path, flags: list[str], told: str) -> None:
    path = write(tmp_path / "p.jsonl", _predictions(), "jsonl")
    result = CliRunner(env={"COLUMNS": "200"}).invoke(cli, ["replay", str(path), "--detector", "error=glr", *flags])
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.output.splitlines() if told in line]
    assert line.startswith("  note: ")


def test_the_command_on_baselines_shows_a_model_that_is_worth_its_price(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (command,) = re.findall(r"^stream-monitor (replay .*--payoff.*)$", PAGE, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "predictions.jsonl", _predictions(), "jsonl")
    result = CliRunner().invoke(cli, shlex.split(command))
    assert result.exit_code == 0, result.output
    found = {each["baseline"]: each for each in json.loads((tmp_path / "found.json").read_bytes())["baselines"]}
    assert found.keys() == {"majority_class", "last_label"}
    for name, each in found.items():
        assert each["verdict"] == "better" and each["difference"]["lower"] > 0.2
        assert each["model_payoff"]["cumulative"] > each["payoff"]["cumulative"] + 1.0
        (line,) = [line for line in result.output.splitlines() if line.startswith(f"  {name}")]
        assert line.endswith("the model beats it")


def test_a_class_of_a_payoff_that_never_came_is_told_in_one_line(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", _predictions(600), "jsonl")
    result = CliRunner(env={"COLUMNS": "200"}).invoke(cli, ["replay", str(path), "--payoff", "ja,yes=1"])
    told = "  note: --payoff: 'ja' was never predicted nor a label; classes seen are no, yes"
    assert [line for line in result.output.splitlines() if "'ja'" in line] == [told], result.output
