"""The source of files: batches, and the order of labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stream_monitor.decoding.codec import Codec
from stream_monitor.sources.files import BATCH_SIZE, LABELS, PREDICTIONS, FileSource
from stream_monitor.testing import FakeClock
from tests.files import read_all, read_values, write

ROWS: list[dict[str, Any]] = [{"id": n, "prediction": n % 2, "a": n / 2} for n in range(7)]


def test_more_than_a_batch(tmp_path: Path) -> None:
    for count in (BATCH_SIZE - 1, BATCH_SIZE, BATCH_SIZE + 1, 3 * BATCH_SIZE):
        path = write(tmp_path / "x.jsonl", [{"id": n} for n in range(count)], "jsonl")
        assert [value["id"] for value in read_values(path)] == list(range(count))


def test_an_empty_file(tmp_path: Path) -> None:
    for name in ("x.jsonl", "x.csv"):
        (tmp_path / name).write_bytes(b"")
        assert read_all(FileSource([tmp_path / name])) == []


def _order(tmp_path: Path, rows: list[dict[str, Any]], labels: list[dict[str, Any]], **options: Any) -> list[Any]:
    source = FileSource(
        [write(tmp_path / "x.jsonl", rows, "jsonl")],
        write(tmp_path / "labels.jsonl", labels, "jsonl"),
        read_time=Codec(FakeClock(), label_topics=[LABELS], **options).read_time,
    )
    return [(record.topic[0], record.value["id"]) for record in read_all(source)]


def test_labels_without_times_come_first(tmp_path: Path) -> None:
    found = _order(tmp_path, [{"id": 1, "ts": 1}, {"id": 2, "ts": 2}], [{"id": 2, "label": 0}, {"id": 1, "label": 0}])
    assert found == [("l", 2), ("l", 1), ("p", 1), ("p", 2)]


def test_labels_with_times_come_before_what_is_later(tmp_path: Path) -> None:
    rows = [{"id": n, "ts": 10.0 * n} for n in (1, 2, 3)]
    labels = [{"id": 2, "ts": 25}, {"id": 1, "ts": 20}, {"id": 3, "ts": 99}, {"id": 4, "ts": 5}]
    assert _order(tmp_path, rows, labels) == [
        ("l", 4),
        ("p", 1),
        ("p", 2),
        ("l", 1),
        ("l", 2),
        ("p", 3),
        ("l", 3),
    ]


def test_times_are_found_where_they_are_mapped(tmp_path: Path) -> None:
    rows = [{"id": n, "meta": {"at": 10.0 * n}} for n in (1, 2)]
    labels = [{"id": 1, "when": "1970-01-01 00:00:15"}]
    found = _order(tmp_path, rows, labels, fields={"ts": "meta.at"}, label_fields={"ts": "when"})
    assert found == [("p", 1), ("l", 1), ("p", 2)]


def test_predictions_without_times_get_their_labels_first(tmp_path: Path) -> None:
    assert _order(tmp_path, [{"id": 1}], [{"id": 1, "ts": 99}]) == [("l", 1), ("p", 1)]


def test_a_label_file_has_its_own_format(tmp_path: Path) -> None:
    rows, labels = write(tmp_path / "x.jsonl", ROWS, "jsonl"), write(tmp_path / "l.csv", ROWS, "csv")
    assert [r.topic for r in read_all(FileSource([rows], labels))] == [LABELS] * 7 + [PREDICTIONS] * 7


def test_progress_is_told_in_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", ROWS, "jsonl")
    source = FileSource([path])
    assert (source.total_bytes, source.bytes_read) == (path.stat().st_size, 0)
    source.poll(0)
    assert source.bytes_read == source.total_bytes
