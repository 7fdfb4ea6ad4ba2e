"""``replay --profile`` of data that differ from the training data in the first row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from stream_monitor.cli import cli
from tests.unit.cli.replaying import replay_json, run_replay

COUNT = 3000


def _write(path: Path, seed: int, year: int, currency: str, shift: float = 0.0) -> Path:
    rng = np.random.default_rng(seed)
    rows = zip(rng.integers(0, 2, COUNT).tolist(), np.round(rng.normal(size=COUNT) + shift, 3).tolist(), strict=True)
    lines = [f"{at},{pred},{year},{currency},{amount}" for at, (pred, amount) in enumerate(rows)]
    path.write_text("\n".join(["id,prediction,year,currency,amount", *lines]) + "\n")
    return path


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """Return the profile of the training data."""
    train = _write(tmp_path / "train.csv", 1, 2015, "EUR")
    result = CliRunner().invoke(cli, ["profile", str(train), "-o", str(tmp_path / "p.json")])
    assert result.exit_code == 0, result.output
    return tmp_path / "p.json"


def _by_signal(found: dict[str, Any]) -> dict[str, Any]:
    return {each["signal"]: each for each in found["reference"]}


def test_constants_that_differ_in_every_row_are_told_at_the_head(tmp_path: Path, profile: Path) -> None:
    production = _write(tmp_path / "prod.csv", 2, 2016, "USD")
    head = run_replay(production, "--profile", profile).output.splitlines()[:4]
    assert head[0] == "Against the training data, default/default: 2 of 7 signals are shifted, 2 since the start"
    assert "'EUR' 100% -> 0%, 'USD' 0% -> 100%" in head[2]
    assert "mean 2,015 -> 2,016; above 2015 0% -> 100%" in head[3]
    found = replay_json(tmp_path, production, "--profile", profile)
    verdicts = _by_signal(found)
    assert {name for name, each in verdicts.items() if each["verdict"] == "shifted"} == {
        "feature:currency",
        "feature:year",
    }
    assert {each["kind"] for each in found["detections"]} == {"skew"}
    (episode,) = found["episodes"]
    assert episode["kind"] == "skew" and episode["signals_total"] == 2
    assert verdicts["feature:amount"]["verdict"] == "same"


def test_a_shift_since_the_first_row(tmp_path: Path, profile: Path) -> None:
    found = replay_json(tmp_path, _write(tmp_path / "prod.csv", 2, 2015, "EUR", 1.0), "--profile", profile)
    amount = _by_signal(found)["feature:amount"]
    assert (amount["verdict"], amount["kind"], amount["measure"]) == ("shifted", "skew", "kolmogorov_smirnov")
    assert amount["value"] > amount["threshold"]
    assert [each["signal"] for each in found["detections"]] == ["feature:amount"]


def test_the_same_data(tmp_path: Path, profile: Path) -> None:
    production = _write(tmp_path / "prod.csv", 2, 2015, "EUR")
    head = run_replay(production, "--profile", profile).output.splitlines()[0]
    assert head == "Against the training data, default/default: 0 of 7 signals are shifted"
    assert {each["verdict"] for each in replay_json(tmp_path, production, "--profile", profile)["reference"]} == {
        "same"
    }


def test_the_report_tells_it_at_its_head(tmp_path: Path, profile: Path) -> None:
    production, report = _write(tmp_path / "prod.csv", 2, 2016, "USD"), tmp_path / "report.html"
    assert run_replay(production, "--profile", profile, "--report", report).exit_code == 0
    html = report.read_text()
    assert html.index("<h2>Against the training data</h2>") < html.index("<h2>What changed?</h2>")
    assert html.count('data-verdict="shifted"') == 2
    assert "First noticed prediction" in html and "<code>feature:amount</code>" in html
    assert html.count("<article class=episode id=episode-") == 1
    assert "Differs from the training data since the start: " in html


def test_labels_and_features_that_never_come(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = [
        {"id": at, "prediction": 1, "label": int(rng.random() < 0.2), "features": {"x": rng.random(), "old": 1.0}}
        for at in range(COUNT)
    ]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for row in rows:
        row["label"], row["features"] = int(rng.random() < 0.5), {"x": rng.random()}
    (tmp_path / "prod.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = CliRunner().invoke(cli, ["profile", str(tmp_path / "train.jsonl"), "-o", str(tmp_path / "p.json")])
    assert made.exit_code == 0, made.output
    found = replay_json(tmp_path, tmp_path / "prod.jsonl", "--profile", tmp_path / "p.json")
    verdicts = _by_signal(found)
    assert {name for name, each in verdicts.items() if each["verdict"] == "shifted"} == {"label", "missing:old"}
    assert verdicts["missing:old"]["after"] == 1.0
    label = verdicts["label"]["parts"][0]
    assert label["before"] == pytest.approx(0.8, abs=0.03) and label["after"] == pytest.approx(0.5, abs=0.03)
    assert [each["signal"] for each in found["detections"]] == ["label"]


def test_without_a_profile_there_is_nothing_to_compare(tmp_path: Path) -> None:
    production = _write(tmp_path / "prod.csv", 2, 2015, "EUR")
    assert replay_json(tmp_path, production)["reference"] == []
    assert run_replay(production).output.startswith("0 drifts detected")
