"""What `replay` says of what it could not watch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from stream_monitor.cli import cli
from tests.unit.test_files import write

COUNT = 3000
MINUTE = 60.0


def _rows(count: int = COUNT, **columns: Any) -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    columns["age"] = rng.normal(40.0, 10.0, count).tolist()
    return [
        {"id": n, "ts": 1.7e9 + n * MINUTE, "prediction": "yes", **{name: each[n] for name, each in columns.items()}}
        for n in range(count)
    ]


def _notes(tmp_path: Path, rows: list[dict[str, Any]], *flags: str) -> list[str]:
    path, found = write(tmp_path / "x.parquet", rows, "parquet"), tmp_path / "found.json"
    result = CliRunner().invoke(cli, ["replay", str(path), "--json", str(found), *flags])
    assert result.exit_code == 0, result.output
    notes: list[str] = json.loads(found.read_bytes())["versions"][0]["notes"]
    assert all(f"note: {note}" in result.output for note in notes)
    return notes


def test_of_what_is_well_nothing_is_said(tmp_path: Path) -> None:
    assert _notes(tmp_path, _rows()) == []


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([5.0] * COUNT, "one value only at first in x"),
        ([None] * COUNT, "never a value in x"),
        ([f"user {n}" for n in range(COUNT)], "over 1,000 categories, as an id has them, in x"),
    ],
    ids=["constant", "always missing", "an id"],
)
def test_a_feature_that_tells_little(tmp_path: Path, column: list[Any], expected: str) -> None:
    (note,) = _notes(tmp_path, _rows(x=column))
    assert note.startswith(expected)


def test_values_of_another_type_are_counted(tmp_path: Path) -> None:
    rows = _rows(x=["1.5"] * COUNT)
    path = tmp_path / "x.jsonl"
    for n, row in enumerate(rows):
        row["features"] = {"x": 1.0 + n % 7 if n < 2900 else "text"}
        del row["x"], row["age"]
    path.write_text("\n".join(map(json.dumps, rows)))
    result = CliRunner().invoke(cli, ["replay", str(path)])
    assert "note: x is taken for numeric: 100 of its values are not" in result.output


def test_a_season_longer_than_the_data(tmp_path: Path) -> None:
    (note,) = _notes(tmp_path, _rows(), "--seasonality", "7d")
    assert note.startswith("no whole --seasonality of 168h has passed yet")
    assert "feature:age" in note
    assert _notes(tmp_path, _rows(), "--seasonality", "24h") == []


def test_fewer_predictions_than_a_warm_up(tmp_path: Path) -> None:
    (note,) = _notes(tmp_path, _rows(499))
    assert note == "499 predictions are fewer than --warmup 500: nothing could be found"
    assert _notes(tmp_path, _rows(501)) == []
