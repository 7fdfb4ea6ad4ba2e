"""Test data as files of every format that is read, and what a source reads of them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from stream_monitor.core.records import Record
from stream_monitor.sources.files import FileSource


def write(path: Path, rows: Sequence[Mapping[str, Any]], form: str) -> Path:
    """Write rows to a file of this format, compressed as the end of its name says."""
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
        return path
    if form == "jsonl":
        body = "".join(json.dumps(row) + "\n" for row in rows)
    else:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        body = text.getvalue()
    path.write_bytes(_compress(body.encode(), path.suffix))
    return path


def read_all(source: FileSource) -> list[Record]:
    """Return all records of a source, which is closed."""
    records: list[Record] = []
    while not source.exhausted:
        records += source.poll(0)
    source.close()
    return records


def read_values(path: Path, **options: Any) -> list[Any]:
    """Return the values of all records of a file, with JSON lines parsed."""
    return [
        record.value if isinstance(record.value, dict) else json.loads(record.value or b"")
        for record in read_all(FileSource([path], **options))
    ]


def _compress(body: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(body)
    return zstandard.compress(body) if suffix in (".zst", ".zstd") else body
