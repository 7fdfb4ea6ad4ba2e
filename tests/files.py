"""Test data as files of every format that is read."""

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


def _compress(body: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(body)
    return zstandard.compress(body) if suffix in (".zst", ".zstd") else body
