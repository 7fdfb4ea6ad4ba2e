"""Tables of odd cells, read as columns against row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stream_monitor.core.batch import RecordBatch
from stream_monitor.sources.files import FileSource
from tests.decoded import decode_both_ways


def _batch(tmp_path: Path, text: str) -> RecordBatch:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    return FileSource([path]).poll(0)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("id,prediction,groups\n1,yes,f\n2,no,\n", {}),
        ("id,prediction,groups,sex\n1,yes,x,f\n2,no,,m\n3,no,,\n", {"group:sex": "sex"}),
        ("id,prediction,a\n1,yes,-0\n2,no,-0.0\n", {}),
        ("id,prediction,a,a\n1,yes,1,2\n2,no,3,x\n", {}),
        ("id,prediction,score\n1,yes,nan\n2,no,inf\n3,no,high\n4,no,\n5,no,1\n", {}),
        ('id,prediction,a\n1,yes,"1\n2"\n2,no,"\n3"\n', {}),
        ("id,prediction,a\n1,yes\n2,no,5,6\n,,\n", {}),
        ("id,prediction,ts,a\n1,yes,2026-11-23T12:00:00Z,-9223372036854775809\n2,no,soon,1e-400\n", {}),
        ("id,prediction,a,b\n1,yes,1,x\n2,no,2,\n", {"feature:b": "a"}),
    ],
    ids=["groups", "group", "minus-zero", "twice", "score", "line-break", "lengths", "times", "feature"],
)
def test_odd_cells(tmp_path: Path, text: str, fields: dict[str, Any]) -> None:
    decode_both_ways([_batch(tmp_path, text)], fields=fields)


@pytest.mark.parametrize("score", ["nan", "NaN", "inf", "-inf", " ", ""])
def test_a_score_that_is_no_number_yet_is_missing(tmp_path: Path, score: str) -> None:
    """Parquet and Python's JSON have such scores, too: the row is read."""
    batch = _batch(tmp_path, f"id,prediction,score\n1,yes,{score}\n")
    event = decode_both_ways([batch]).decode(batch).predictions.event(0)
    assert (event.id, event.score) == ("1", None)
