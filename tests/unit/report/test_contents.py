"""``replay --report`` of all kinds of data: none, little, much, without labels, with several versions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stream_monitor.core.events import Detection
from tests.cli_runs import one_line
from tests.files import write
from tests.unit.report.parsed_page import recorded, rendered, report, report_of, report_rows


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,prediction\n")
    page, _ = report_of(tmp_path, tmp_path / "x.csv", code=1)
    for words in ("Nothing: no drift", "No prediction has met its label", "not known", "No signal has a detection"):
        assert words in page.text


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_one_prediction(tmp_path: Path, timed: bool, task: str) -> None:
    page, found = report(tmp_path, report_rows(1, timed=timed), "--task", task)
    assert page.values("class", "tiles")[0] == found["events"] == 1
    assert "Constant" in page.text


def test_without_labels(tmp_path: Path) -> None:
    page, found = report(tmp_path, report_rows(labelled=False))
    assert found["outcomes"] == 0
    assert "No prediction has met its label" in page.text
    assert page.alarms("feature:f0")


def test_a_regression(tmp_path: Path) -> None:
    rows = [{**row, "prediction": row["f0"], "label": row["f0"] + row["f1"] / 10} for row in report_rows(2000)]
    page, found = report(tmp_path, rows, "--task", "regression")
    drawn = [found["data-performance"] for _, found, _ in page.elements if "data-performance" in found]
    assert drawn == list(found["performance"]) == ["mae", "rmse", "r2"]


def test_versions_are_told_apart(tmp_path: Path) -> None:
    rows = [{**row, "version": "v1" if row["id"] % 2 else "v2"} for row in report_rows()]
    page, found = report(tmp_path, rows)
    assert [v["version"] for v in found["versions"]] == ["v2", "v1"]
    drawn = [found["data-performance"] for _, found, _ in page.elements if "data-performance" in found]
    # The mean of the recalls is the balanced accuracy, which is drawn once.
    assert drawn == ["accuracy", "balanced_accuracy", "macro_precision", "macro_f1", "kappa"] * 2
    assert "default / v1" in page.text


def test_charts_are_in_the_order_of_evidence(tmp_path: Path) -> None:
    """A large change of 8 values comes after a smaller one that lasts, as it does in the episodes."""
    rng = np.random.default_rng(6)
    noise = rng.normal(size=(4000, 2))
    noise[1500:1508, 0] += 12.0
    noise[2500:, 1] += 1.0
    page, found = report(
        tmp_path, [{"id": n, "prediction": 1, "burst": a, "lasting": b} for n, (a, b) in enumerate(noise.tolist())]
    )
    effects: dict[str, float] = {}
    for one in found["detections"]:
        effects[one["signal"]] = max(effects.get(one["signal"], 0.0), one["effect"])
    assert effects["feature:burst"] > effects["feature:lasting"]
    drawn = [found["data-signal"] for _, found, _ in page.elements if "data-signal" in found]
    assert drawn[0] == "feature:lasting"
    lanes = [words for words, _ in page.texts if words.strip() in ("feature:burst", "feature:lasting")]
    assert lanes[0].strip() == "feature:lasting"


def test_categories_have_a_line_each(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = [
        {"id": n, "prediction": 1, "country": str(rng.choice(["DE", "FR", "IT"], p=p))}
        for n in range(3000)
        for p in [(0.6, 0.3, 0.1) if n < 1500 else (0.2, 0.3, 0.5)]
    ]
    page, found = report(tmp_path, rows)
    assert {d["signal"] for d in found["detections"]} == {"feature:country"}
    lines = [found["class"] for tag, found, _ in page.elements if tag == "path" and found.get("class", "")[:1] == "c"]
    assert {"c0", "c1", "c2"} <= set(lines)
    assert "share of each category" in page.text
    assert {"DE", "FR", "IT"} <= {data for data, _ in page.texts}


def test_many_signals_stay_small(tmp_path: Path) -> None:
    """Signals without a detection are collapsed, and constant ones only named."""
    rng = np.random.default_rng(3)
    table = rng.normal(size=(1500, 200)).round(4)
    rows = [
        {"id": n, "prediction": 1, **{f"f{at}": value for at, value in enumerate(row)}}
        for n, row in enumerate(table.tolist())
    ]
    page, found = report(tmp_path, rows)
    assert len(page.html) < 2_000_000
    assert sum(tag == "details" for tag, *_ in page.elements) == 1
    drawn = sum("data-signal" in found for _, found, _ in page.elements)
    assert drawn == len({d["signal"] for d in found["detections"]})
    assert "missing:f199 (0)" in page.text
    assert all(f"feature:f{at}" in page.text for at in range(200))


def test_what_is_left_out_is_said() -> None:
    detections = [
        Detection(at % 1000, 1e9 + at % 1000 * 60, "m", "1", f"feature:{at % 70}", f"d{at}", 0.0, 1.0)
        for at in range(3000)
    ]
    page = rendered(detections, recorded([f"feature:{at}" for at in range(70)]))
    for words in (
        "And 1,000 more, which --json has",
        "The 60 most evident episodes; 2,940 more",
        "The 60 with the most evident changes; 10 more",
        "And 40 more signals with less evident changes",
    ):
        assert words in page.text


def test_the_flags_are_told_as_they_were_typed(tmp_path: Path) -> None:
    page, _ = report(tmp_path, report_rows(10), "--label-ttl", "36h", "--field", "score=f0", "--warmup", "100")
    for flag in ("--label-ttl 36h", "--field score=f0", "--warmup 100"):
        assert flag in page.text


# Errors


@pytest.mark.parametrize("name", ["--report", "--json"])
def test_what_cannot_be_written_is_told_before_the_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = write(tmp_path / "x.csv", report_rows(3), "csv")
    assert f"{name}: can't write /nowhere/out" in one_line(
        monkeypatch, capsys, ["replay", str(path), name, "/nowhere/out"]
    )
    before = path.read_bytes()
    line = one_line(monkeypatch, capsys, ["replay", str(path), name, str(tmp_path / "." / "x.csv")])
    assert "name another file" in line
    assert path.read_bytes() == before


def test_two_outputs_cannot_be_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write(tmp_path / "x.csv", report_rows(3), "csv"), str(tmp_path / "out")
    assert "name another file" in one_line(monkeypatch, capsys, ["replay", str(path), "--json", out, "--report", out])
