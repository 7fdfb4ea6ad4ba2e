"""Rows of files that are read as columns give the events that they give row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import TextRow
from stream_monitor.core.table import TableRows
from stream_monitor.core.timestamps import parse_timestamp
from stream_monitor.decoding.batch_decoder import BatchDecoder
from stream_monitor.decoding.codec import Codec
from stream_monitor.sources.files import FileSource
from stream_monitor.testing import FakeClock
from tests.decoded import decode_both_ways
from tests.examples import examples

calm = settings(
    max_examples=examples(300),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
NAMES = ("id", "ts", "model", "prediction", "score", "label", "groups", "a", "b", "c", "features", "")
MESSY = st.sampled_from(
    (
        "",
        " ",
        "x",
        "yes",
        "1",
        "-0",
        "1.50",
        " 2 ",
        "1e5",
        "1e999",
        "nan",
        "inf",
        "1_0",
        "١",
        "true",
        "a,b",
        'q"',
        "ü",
        "1\n2",
        "\n1",
        "x\r\ny",
        "18446744073709551616",
        "-9223372036854775809",
        "2026-11-23T12:00:00Z",
    )
)
NUMBERS = st.sampled_from(
    ("0", "1", "-0", "-0.0", "2.5", " 2 ", "1e5", "-.5", "9007199254740993", "-9223372036854775809", "1e-400", "")
)
USUAL = {
    "id": st.integers(0, 99).map(str),
    "ts": st.integers(0, 59).map(lambda second: f"2026-11-23T12:00:{second:02}Z"),
    "prediction": st.sampled_from(("yes", "no")),
    "a": st.floats(-9, 9).map(repr),
    "b": st.sampled_from(("1", "2", "", "-0")),
}
FIELDS = st.sampled_from(
    (
        {},
        {},
        {"id": "a", "feature:z": "b", "group:g": "c"},
        {"feature:c": "b", "group:g": "label", "ts": "@timestamp"},
        {"features": "c", "id": "@offset"},
        {"prediction": "c.d", "score": "a", "model": "@key", "version": "@header.v"},
        {"groups": "c", "group:g": "a"},
        {"groups": "@rest"},
    )
)
OPTIONS = st.fixed_dictionaries({"task": st.sampled_from(("classification", "regression")), "fields": FIELDS})


@st.composite
def _cells(draw: st.DrawFn) -> list[list[str]]:
    """Draw a header and rows, most cells of which are usual ones, and some rows too short or too long."""
    header = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=8, unique=draw(st.integers(0, 5)) > 0))
    header += ["id", "prediction"] if draw(st.integers(0, 5)) else []
    kinds = [draw(st.sampled_from((USUAL.get(name, NUMBERS), USUAL.get(name, NUMBERS), MESSY))) for name in header]
    rows = []
    for _ in range(draw(st.integers(0, 12))):
        row = [draw(MESSY if draw(st.integers(0, 29)) == 0 else kind) for kind in kinds]
        odd = draw(st.integers(0, 19))
        rows.append([*row, "extra"] if odd == 0 else row[:-1] if odd == 1 else row)
    return [header, *rows]


def _plain_rows(path: Path) -> list[Any]:
    """Return the rows of a CSV file, read one by one."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        delimiter = max(",;\t|", key=file.readline().count)
        file.seek(0)
        header, *rows = csv.reader(file, delimiter=delimiter)
    names = [name.strip() for name in header]
    return [
        ",".join(row).encode()
        if len(row) > len(names)
        else dict(zip(names, [cell.strip() or None for cell in row] + [None] * (len(names) - len(row)), strict=True))
        for row in rows
        if row
    ]


def _polls(path: Path, size: int) -> list[RecordBatch]:
    source = FileSource([path, path])
    source.batch_size = size
    batches = []
    while not source.exhausted:
        batches.append(source.poll(0))
    source.close()
    return batches


@given(_cells(), OPTIONS, st.integers(1, 30))
@calm
def test_csv(tmp_path: Path, cells: list[list[str]], options: dict[str, Any], size: int) -> None:
    path, text = tmp_path / "x.csv", io.StringIO()
    csv.writer(text).writerows(cells)
    path.write_text(text.getvalue(), encoding="utf-8")
    batches = _polls(path, size)
    assert all(len(batch) == size for batch in batches[:-1])
    values = [value for batch in batches for value in batch.values]
    assert values == 2 * _plain_rows(path)
    assert all(type(value) in (TextRow, bytes) for value in values)
    decode_both_ways(batches, lambda name: name == "b", **options)


TYPES: dict[str, st.SearchStrategy[Any]] = {
    "float64": st.floats(),
    "float32": st.floats(width=32),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "bool_": st.booleans(),
    "string": st.sampled_from(("yes", "no", "1", "nan", "", "ü")),
    "timestamp": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),
}


def _column(kind: str, values: Sequence[Any]) -> Any:
    return pa.array(values, pa.timestamp("us") if kind == "timestamp" else getattr(pa, kind)())


@st.composite
def _tables(draw: st.DrawFn) -> Any:
    """Draw a table: columns of any type, and usual ones."""
    count, columns = draw(st.integers(0, 8)), {}
    names = draw(st.lists(st.sampled_from(NAMES), max_size=8, unique=True))
    for name in dict.fromkeys(("id", "prediction", *names)):
        kind = {"id": "int64", "ts": "timestamp", "prediction": "string", "groups": "string"}.get(name)
        kind = kind if kind and draw(st.integers(0, 3)) else draw(st.sampled_from(sorted(TYPES)))
        cell = draw(st.sampled_from((TYPES[kind], TYPES[kind], st.none() | TYPES[kind])))
        columns[name] = _column(kind, draw(st.lists(cell, min_size=count, max_size=count)))
    if draw(st.integers(0, 4)) == 0:
        structs = st.none() | st.fixed_dictionaries({"d": st.sampled_from(("yes", None)), "e": st.integers(0, 9)})
        columns["c"] = pa.array(draw(st.lists(structs, min_size=count, max_size=count)))
    table = pa.table(columns)
    twice = draw(st.sampled_from((None, None, None, *columns)))
    return table if twice is None else table.append_column(twice, table.column(draw(st.sampled_from(list(columns)))))


@given(_tables(), OPTIONS, st.integers(1, 12))
@calm
def test_parquet(tmp_path: Path, table: Any, options: dict[str, Any], size: int) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(table, path)
    batches = _polls(path, size)
    rows = [
        {name: parse_timestamp(value) if isinstance(value, datetime) else value for name, value in row.items()}
        for row in table.to_pylist()
    ]
    assert repr([value for batch in batches for value in batch.values]) == repr(2 * rows)
    decode_both_ways(batches, lambda name: name == "b", **options)


@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_usual_tables_are_read_by_columns(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, count = tmp_path / name, 10
    table = {"id": [f"r-{at}" for at in range(count)], "y": ["yes"] * count, "a": [0.5] * count, "c": ["DE"] * count}
    table["groups"] = ["f"] * count
    if name == "x.csv":
        path.write_text(
            "\n".join(map(",".join, zip(*[[key, *map(str, some)] for key, some in table.items()], strict=True)))
        )
    else:
        pq.write_table(pa.table(table), path)
    batches = _polls(path, 7)
    decode_both_ways(batches, fields={"prediction": "y"})
    monkeypatch.setattr(TableRows, "__getitem__", lambda *_: pytest.fail("a row was made"))
    monkeypatch.setattr(TableRows, "__iter__", lambda *_: pytest.fail("rows were made"))
    decoder = BatchDecoder(Codec(FakeClock(), fields={"prediction": "y"}))
    assert sum(len(decoder.decode(batch).predictions) for batch in batches) == 2 * count
