"""Files whose predictions and labels spell values differently."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from stream_monitor.cli import cli

START = datetime(2026, 1, 1, tzinfo=UTC)


def _replay(tmp_path: Path, *arguments: Path | str) -> dict[str, Any]:
    out = tmp_path / "out.json"
    result = CliRunner().invoke(cli, ["replay", *map(str, arguments), "--json", str(out)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = orjson.loads(out.read_bytes())
    return found


def _lines(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("spelled", [("True", "False"), ("true", "false"), ("TRUE", "FALSE")])
def test_booleans_are_one_class_in_csv_and_json(tmp_path: Path, spelled: tuple[str, str]) -> None:
    rows = [f"{n},{spelled[n % 2]}" for n in range(100)]
    predictions = _lines(tmp_path / "p.csv", ["id,prediction", *rows])
    labels = _lines(tmp_path / "l.jsonl", [json.dumps({"id": str(n), "label": n % 2 == 0}) for n in range(100)])
    assert _replay(tmp_path, predictions, "--labels", labels)["performance"]["accuracy"] == 1.0


def test_a_label_that_is_nan_is_not_there_yet(tmp_path: Path) -> None:
    path = _lines(
        tmp_path / "p.csv", ["id,prediction,label", *(f"{n},1,{('1', 'NaN', '')[n % 3]}" for n in range(90))]
    )
    found = _replay(tmp_path, path)
    assert (found["events"], found["labels"], found["rejected"]) == (90, 30, {})
    body = [json.dumps({"id": n, "prediction": 1, "label": float("nan")}) for n in range(9)]
    found = _replay(tmp_path, _lines(tmp_path / "p.jsonl", body))
    assert (found["events"], found["labels"], found["rejected"]) == (9, 0, {})


@pytest.mark.parametrize("kind", ["untimed", "shuffled"])
def test_timed_labels_meet_predictions_in_any_order(tmp_path: Path, kind: str) -> None:
    """Over four months, where a label waits no longer than the 30 days of --label-ttl in a live stream."""
    times = [START + timedelta(hours=n) for n in range(3000)]
    rows = [f"{n},1,{'' if kind == 'untimed' else at.isoformat()}" for n, at in enumerate(times)]
    random.Random(1).shuffle(rows)
    predictions = _lines(tmp_path / "p.csv", ["id,prediction,ts", *rows])
    labels = [f"{n},1,{(at + timedelta(days=1)).isoformat()}" for n, at in enumerate(times)]
    found = _replay(tmp_path, predictions, "--labels", _lines(tmp_path / "l.csv", ["id,label,ts", *labels]))
    assert (found["outcomes"], found["expired"]) == (3000, 0)


def test_parquet_with_nanoseconds(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    times = [1_795_435_200_000_000_007 + n * 60_000_000_000 for n in range(1000)]
    table = pa.table(
        {
            "id": [float(n) for n in range(1000)],
            "prediction": [1] * 1000,
            "ts": pa.array(times, pa.timestamp("ns")),
            "took": pa.array(times, pa.duration("ns")),
            "score": [float(n >= 500) for n in range(1000)],
        }
    )
    parquet.write_table(table, tmp_path / "p.parquet")
    found = _replay(tmp_path, tmp_path / "p.parquet", "--warmup", "0", "--detector", "score=adwin")
    assert found["events"] == 1000
    (detection,) = found["detections"]
    seconds = 1_795_435_200 + 60 * detection["index"]
    assert datetime.fromisoformat(detection["ts"]) == datetime.fromtimestamp(seconds, UTC)


def test_a_mapped_column_with_a_dot_is_no_feature(tmp_path: Path) -> None:
    path = _lines(tmp_path / "p.csv", ["request.id,prediction,groups", *(f"{n},1,a" for n in range(3000))])
    found = _replay(tmp_path, path, "--field", "id=request.id", "--detector", "adwin", "--warmup", "0")
    assert (found["events"], found["detections"]) == (3000, [])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_headers_as_people_write_them(tmp_path: Path, delimiter: str) -> None:
    rows = [delimiter.join(("id", " prediction", "x")), *(delimiter.join((str(n), "1", "2.5")) for n in range(10))]
    assert _replay(tmp_path, _lines(tmp_path / "p.csv", rows))["events"] == 10


def test_jsonl_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b'{"id": 1, "prediction": 1}\n' * 1)
    assert _replay(tmp_path, path)["events"] == 1
