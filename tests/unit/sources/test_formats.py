"""Formats of files and their compression."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import zstandard

from stream_monitor.core.errors import ConfigError
from stream_monitor.sources.files import FileSource
from stream_monitor.sources.formats import format_of
from tests.files import read_all, read_values, write

ROWS: list[dict[str, Any]] = [{"id": n, "prediction": n % 2, "a": n / 2} for n in range(7)]


@pytest.mark.parametrize(
    "name", ["x.jsonl", "x.ndjson", "x.json", "x.JSONL", "x.jsonl.gz", "x.jsonl.zst", "x.jsonl.zstd"]
)
def test_jsonl(tmp_path: Path, name: str) -> None:
    assert read_values(write(tmp_path / name, ROWS, "jsonl")) == ROWS


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.csv.zst"])
def test_csv(tmp_path: Path, name: str) -> None:
    assert read_values(write(tmp_path / name, ROWS, "csv")) == [{k: str(v) for k, v in row.items()} for row in ROWS]


@pytest.mark.parametrize("name", ["x.parquet", "x.pq"])
def test_parquet(tmp_path: Path, name: str) -> None:
    assert read_values(write(tmp_path / name, ROWS, "parquet")) == ROWS


def test_the_content_says_whether_it_is_compressed(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(gzip.compress(json.dumps(ROWS[0]).encode()))
    assert read_values(path) == ROWS[:1]


def test_several_frames_of_zstd_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.zst"
    path.write_bytes(b"".join(zstandard.compress(json.dumps(row).encode() + b"\n") for row in ROWS))
    assert read_values(path) == ROWS


def test_csv_as_people_have_it(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes('\ufeffid,"a, b",c\r\n1,"x\ny", \r\n\r\n2,é\r\n'.encode())
    assert read_values(path) == [{"id": "1", "a, b": "x\ny", "c": None}, {"id": "2", "a, b": "é", "c": None}]


def test_a_row_with_too_many_cells_is_left_to_be_rejected(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,a\n1,2,3\n4,5\n")
    assert [record.value for record in read_all(FileSource([path]))] == [b"1,2,3", {"id": "4", "a": "5"}]


def test_blank_lines_of_jsonl_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('\n{"id": 1}\n\n  \n{"id": 2}')
    assert [value["id"] for value in read_values(path)] == [1, 2]


def test_types_of_parquet(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
    row = {"t": moment, "d": date(2026, 11, 23), "n": None, "x": Decimal("1.5"), "s": {"a": [1]}, "b": True}
    value = read_values(write(tmp_path / "x.parquet", [row], "parquet"))[0]
    assert value == {"t": moment.timestamp(), "d": "2026-11-23", "n": None, "x": 1.5, "s": {"a": [1]}, "b": True}


def test_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_text("id,a\n1,2\n")
    with pytest.raises(ConfigError, match=r"x\.parquet is not a Parquet file"):
        read_all(FileSource([path]))


def test_parquet_under_another_name(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", ROWS, "parquet")
    with pytest.raises(ConfigError, match="use --format parquet"):
        read_all(FileSource([path]))
    assert read_values(path, file_format="parquet") == ROWS


def test_format_of() -> None:
    assert [format_of(Path(name)) for name in ("a.b.csv.gz", "a.PARQUET", "a.ndjson.zst")] == [
        "csv",
        "parquet",
        "jsonl",
    ]
    assert format_of(Path("a.txt"), "csv") == "csv"
    for name in ("a.txt", "a", "a.gz"):
        with pytest.raises(ConfigError, match=r"--format: .* allowed: jsonl, csv, parquet"):
            format_of(Path(name))
