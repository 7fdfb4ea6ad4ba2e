"""Evaluation sets in a directory: whole files, a manifest, and a directory that can't be written."""

from __future__ import annotations

import builtins
import logging
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from stream_monitor.actions import evaluation_files
from stream_monitor.actions.evaluation_export import RETRY, EvaluationExport
from stream_monitor.actions.evaluation_files import EvaluationFiles, file_name
from stream_monitor.actions.evaluation_manifest import change_manifest, read_manifest, write_whole
from stream_monitor.core.errors import ConfigError, SinkError
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import ModelVersion, Outcome, Prediction
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.performance.evaluation import EvaluationSample, WindowKey
from stream_monitor.performance.evaluation_set import EvaluationRow, EvaluationSet, EvaluationSettings
from stream_monitor.state.key_value_store import MemoryStore
from stream_monitor.testing import FakeClock


def _set(number: int = 0, model: str = "churn") -> EvaluationSet:
    features: list[dict[str, Any]] = [{"age": 41.0, "country": "DE", "x": True}, {"age": None, "x": [1]}]
    rows = [
        EvaluationRow(3600.0 * number + at, f"r-{at}", model, "3", "yes", None, each, y_true, 0.1, True)
        for at, (each, y_true) in enumerate(zip(features, ["yes", "no"], strict=True))
    ]
    return EvaluationSet(WindowKey(model, number), 3600.0 * number, 3600.0 * (number + 1), rows, 0.1, 0.9)


def test_a_set_is_a_parquet_file_and_stands_in_the_manifest(tmp_path: Path) -> None:
    files = EvaluationFiles(tmp_path / "sets")
    files.write(_set())
    name = "churn-19700101T000000000Z.parquet"
    table = pyarrow.parquet.read_table(tmp_path / "sets" / name).to_pydict()
    assert table["id"] == ["r-0", "r-1"] and table["label"] == ["yes", "no"] and table["version"] == ["3", "3"]
    assert table["features.age"] == [41.0, None] and table["features.country"] == ["DE", None]
    assert table["features.x"] == ["True", "[1]"]
    assert read_manifest(tmp_path / "sets") == {
        "sets": [
            {
                "file": name,
                "model": "churn",
                "start": 0.0,
                "end": 3600.0,
                "rows": 2,
                "time_range": [0.0, 1.0],
                "classes": {"no": 1, "yes": 1},
                "versions": {"3": 2},
                "label_coverage": 0.9,
                "sampling_share": 0.1,
            }
        ],
        "looks": [],
    }


def test_a_regression_has_no_classes(tmp_path: Path) -> None:
    EvaluationFiles(tmp_path, "regression").write(_set())
    assert read_manifest(tmp_path)["sets"][0]["classes"] is None


def test_a_set_that_is_written_again_is_the_same_file(tmp_path: Path) -> None:
    files = EvaluationFiles(tmp_path)
    files.write(_set())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    files.write(_set())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_oldest_sets_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation_files, "MAX_SETS", 2)
    files = EvaluationFiles(tmp_path)
    change_manifest(tmp_path, lambda manifest: manifest["looks"].append({"candidate": "a"}))
    for number in (3, 1, 2):
        files.write(_set(number))
    left = [file_name(_set(number)) for number in (2, 3)]
    assert sorted(path.name for path in tmp_path.glob("*.parquet")) == left
    manifest = read_manifest(tmp_path)
    assert [each["file"] for each in manifest["sets"]] == left and manifest["looks"] == [{"candidate": "a"}]


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    write_whole(path, b"old")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["a"] and path.read_bytes() == b"old"


@pytest.mark.parametrize(("content", "message"), [(b"{", "is not JSON"), (b"[]", "has no sets and looks")])
def test_a_file_that_is_no_manifest_is_left_as_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(SinkError, match=message):
        EvaluationFiles(tmp_path).write(_set())
    assert (tmp_path / "manifest.json").read_bytes() == content


def test_names_of_models_that_are_no_names_of_files() -> None:
    assert file_name(_set(model="../a b")) == "..%2Fa%20b-19700101T000000000Z.parquet"
    long, other = (file_name(_set(model="ä" * 300 + end)) for end in "ab")
    assert len(long) < 160 and long != other


def test_without_pyarrow_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **options: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"stream-monitor\[parquet\]"):
        EvaluationFiles(tmp_path)


def test_a_set_that_cannot_be_written_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sample = EvaluationSample(EvaluationSettings(1.0, 60.0, 1000.0), MemoryStore())
    key = ModelVersion("churn", "3")
    predictions = [Prediction(f"r-{at}", float(at * 10), key, "yes", {}) for at in range(20)]
    outcomes = [Outcome(key, at, float(at * 10), "yes", "no", 1.0) for at in range(20)]
    sample.update(PredictionBatch.of(range(20), predictions), 0, OutcomeBatch.of(outcomes, [20] * 20))
    clock, directory = FakeClock(), tmp_path / "sets"
    directory.write_text("in the way")
    export = EvaluationExport(sample, EvaluationFiles(directory), clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            if export.is_due:
                export.send()
    (line,) = caplog.messages
    assert "--evaluation-dir: can't write churn-19700101T000000000Z.parquet into" in line and "File exists" in line
    assert (sample.counts.failures, sample.counts.written, len(sample.closed())) == (1, 0, 3)
    directory.unlink()
    clock.advance(RETRY)
    assert export.is_due
    export.send()
    assert (sample.counts.written, len(sample.closed()), export.is_due) == (3, 0, False)
    assert [each["rows"] for each in read_manifest(directory)["sets"]] == [6, 6, 6]
