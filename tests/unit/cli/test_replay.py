"""``stream-monitor replay``: what it finds in files of all formats."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_monitor.detectors.adwin import AdwinConfig
from stream_monitor.detectors.page_hinkley import PageHinkleyConfig
from tests.files import write
from tests.oracle import scored_indices
from tests.streams import river_indices
from tests.unit.cli.replaying import MAPPED, START, replay_json, shifted, table

FORMATS = ("jsonl", "jsonl.gz", "jsonl.zst", "csv", "csv.gz", "csv.zst", "parquet")


@pytest.mark.parametrize("form", FORMATS)
def test_all_formats_give_rivers_indices(tmp_path: Path, form: str) -> None:
    """An independent oracle: normal scores of the first 500 values, then river, value by value."""
    path = write(tmp_path / f"x.{form}", table(), form.partition(".")[0])
    rest = () if form[0] in "cp" else ("--field", "features=@rest")
    wanted = ("--detector", "feature:*=adwin:delta=0.002", "--detector", "feature:*=page_hinkley:threshold=50")
    found = replay_json(tmp_path, path, *MAPPED, *rest, *wanted)
    for at, name in enumerate(("age", "debt")):
        for kind, config in (("adwin", AdwinConfig()), ("page_hinkley", PageHinkleyConfig())):
            ours = [
                d["index"] for d in found["detections"] if (d["signal"], d["detector"]) == (f"feature:{name}", kind)
            ]
            assert ours == scored_indices(config, shifted(at))
            assert kind != "adwin" or ours


def test_the_result_has_the_keys_of_the_issue(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", table(), "csv")
    named = ("--model", "churn", "--version", "3")
    found = replay_json(tmp_path, path, *MAPPED, *named, "--detector", "feature:age=adwin:delta=0.002")
    assert {"events", "labels", "outcomes", "rejected", "detections", "performance"} <= set(found)
    assert (found["events"], found["labels"], found["outcomes"], found["rejected"]) == (3000, 3000, 3000, {})
    assert found["performance"]["accuracy"] == 1.0
    (detection,) = found["detections"]
    keys = ["index", "ts", "model", "version", "signal", "detector", "before", "after"]
    assert list(detection)[:8] == keys
    assert {name: detection[name] for name in keys} | {"before": 0, "after": 0} == {
        "index": detection["index"],
        "ts": (START + timedelta(minutes=detection["index"]))
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        "model": "churn",
        "version": "3",
        "signal": "feature:age",
        "detector": "adwin",
        "before": 0,
        "after": 0,
    }
    assert abs(detection["before"] - 20) < 1
    assert abs(detection["after"] - 35) < 3


def _with_labels(tmp_path: Path, labels: list[dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    rows = [{name: row[name] for name in ("uid", "at", "pred")} for row in table(1000)]
    return replay_json(
        tmp_path,
        write(tmp_path / "x.csv", rows, "csv"),
        "--labels",
        write(tmp_path / "y.csv", labels, "csv"),
        *("--field", "id=uid", "--field", "prediction=pred", "--field", "ts=at"),
        *("--label-field", "id=case", "--label-field", "label=outcome"),
        *("--detector", "error=adwin:delta=0.002"),
        *arguments,
    )


ERRORS = np.repeat([0.0, 1.0], 500)


@pytest.mark.parametrize("shuffled", [False, True])
def test_labels_without_times_meet_each_prediction_at_once(tmp_path: Path, shuffled: bool) -> None:
    labels = [{"case": n, "outcome": int(n < 500)} for n in range(1000)]
    if shuffled:
        np.random.default_rng(1).shuffle(labels)  # type: ignore[arg-type]
    found = _with_labels(tmp_path, labels)
    assert (found["labels"], found["outcomes"], found["performance"]["accuracy"]) == (1000, 1000, 0.5)
    assert [d["index"] for d in found["detections"]] == river_indices(AdwinConfig(), ERRORS)


@pytest.mark.parametrize("days", [-0.001, 0.1, 5, 1000])
def test_labels_with_times_before_or_after_their_predictions(tmp_path: Path, days: float) -> None:
    times = [(START + timedelta(minutes=n, days=days)).isoformat(" ") for n in range(1000)]
    labels = [{"case": n, "when": at, "outcome": int(n < 500)} for n, at in enumerate(times)]
    found = _with_labels(tmp_path, labels, "--label-field", "ts=when", "--label-ttl", "2000d")
    assert (found["outcomes"], found["performance"]["accuracy"]) == (1000, 0.5)
    detections = [(d["index"], d["ts"][:16]) for d in found["detections"]]
    assert detections == [
        (at, (START + timedelta(minutes=at)).isoformat()[:16]) for at in river_indices(AdwinConfig(), ERRORS)
    ]


def test_the_index_of_an_error_is_that_of_the_prediction(tmp_path: Path) -> None:
    """Labels in another order than predictions: newest first, all at the end."""
    labels = [
        {"case": n, "ts": f"2027-01-01T00:{(999 - n) // 60:02}:{(999 - n) % 60:02}Z", "outcome": int(n >= 500)}
        for n in range(1000)
    ]
    found = _with_labels(tmp_path, labels, "--label-field", "ts=ts", "--label-ttl", "2000d")
    assert [d["index"] for d in found["detections"]] == [999 - at for at in river_indices(AdwinConfig(), ERRORS)]


@pytest.mark.parametrize("kind", ["1", "1.0", '"1"', " 1 ", "1e0"])
def test_in_csv_one_label_however_it_is_written(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"id,prediction,label\n1,1,{kind}\n2,{kind},1\n3,0,{kind}\n")
    assert replay_json(tmp_path, path)["performance"]["accuracy"] == pytest.approx(2 / 3)


def test_an_empty_cell_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,prediction,a\n" + "".join(f"{n},1,{n % 7 if n < 1000 else ''}\n" for n in range(1500)))
    found = replay_json(tmp_path, path, "--detector", "missing:*=adwin:delta=0.002")
    assert [(d["signal"], round(d["before"]), round(d["after"])) for d in found["detections"]] == [
        ("missing:a", 0, 1)
    ]


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_times_as_people_have_them(tmp_path: Path, unit: int, form: str) -> None:
    seconds = int(START.timestamp())
    rows = [
        {"id": n, "prediction": 1, "ts": (seconds + 60 * n) * unit, "score": float(n >= 1000)} for n in range(2000)
    ]
    found = replay_json(
        tmp_path, write(tmp_path / f"x.{form}", rows, form), "--detector", "score=adwin:delta=0.002", "--warmup", "0"
    )
    (index,) = river_indices(AdwinConfig(), np.array([row["score"] for row in rows]))
    expected = (START + timedelta(minutes=index)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert [(d["index"], d["ts"]) for d in found["detections"]] == [(index, expected)]


def test_several_files_are_one_stream(tmp_path: Path) -> None:
    rows = table()
    parts = [write(tmp_path / f"{n}.csv", rows[n * 1000 : (n + 1) * 1000], "csv") for n in range(3)]
    whole = write(tmp_path / "whole.csv", rows, "csv")
    assert replay_json(tmp_path, *parts, *MAPPED) == replay_json(tmp_path, whole, *MAPPED)


def test_a_regression(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    y_true, noise = rng.normal(100, 10, 2000), rng.normal(size=2000)
    y_pred = y_true + noise
    rows = [
        {"id": n, "prediction": p, "label": t}
        for n, (p, t) in enumerate(zip(y_pred.tolist(), y_true.tolist(), strict=True))
    ]
    found = replay_json(tmp_path, write(tmp_path / "x.csv", rows, "csv"), "--task", "regression")
    assert found["performance"] == {
        "mae": pytest.approx(np.abs(noise).mean()),
        "rmse": pytest.approx(np.sqrt((noise**2).mean())),
        "r2": pytest.approx(1 - (noise**2).sum() / ((y_true - y_true.mean()) ** 2).sum()),
    }


def test_rejects_are_told_by_reason(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"id": 1, "prediction": 1}\nnot json\n{"id": 2}\n[1]\n')
    found = replay_json(tmp_path, path)
    assert found["events"] == 1
    assert found["rejected"] == {"not_json": 1, "missing_prediction": 1, "not_object": 1}


def test_rows_with_too_many_cells_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,prediction\n1,1\n2,1,9\n")
    assert sum(replay_json(tmp_path, path)["rejected"].values()) == 1
