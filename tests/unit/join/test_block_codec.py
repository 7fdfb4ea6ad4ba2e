"""Blocks of rows: what is encoded comes back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.events import ModelVersion
from stream_monitor.join import block_codec
from stream_monitor.join.rows import ENTRY, LABELLED, WAITING, Rows

INTEGERS, TIMES = st.integers(0, 2**63 - 1), st.floats()
NAMES = st.text(st.characters(codec="utf-8"), max_size=3)
TARGETS = st.sampled_from(["yes", "", "é", 0, 1, 1.5, -0.0, 0.0, True, False, 1.0, None])
ROWS = st.fixed_dictionaries(
    {
        "state": st.sampled_from((WAITING, LABELLED, ENTRY)),
        "number": INTEGERS,
        "order": INTEGERS,
        "index": INTEGERS,
        "ts": TIMES,
        "label_ts": TIMES,
        "epoch": st.integers(0, 2**31 - 1),
        "key": st.builds(ModelVersion, NAMES, NAMES) | st.none(),
        "target": TARGETS,
        "subgroup": st.none() | NAMES,
        "scope": st.none() | st.tuples(st.none() | NAMES, st.none() | NAMES),
    }
)
NUMBERS = ("state", "number", "order", "index", "ts", "label_ts", "epoch")


@given(st.dictionaries(NAMES, ROWS, max_size=12), st.integers(1, 5))
def test_rows_come_back_in_blocks(columns: dict[str, dict[str, object]], size: int) -> None:
    rows = Rows()
    for identity, row in columns.items():
        rows.put(rows.add_one(identity), row)
    at = np.array(list(rows.by_id.values()), np.int64)
    stored = list(block_codec.encode(rows, at, size))
    assert len(stored) == -(-len(columns) // size)
    block, starts = block_codec.decode(stored)
    assert starts.tolist() == list(range(0, len(columns), size))
    assert block.ids == list(columns)
    others = zip(block.keys, block.targets, block.scopes, block.subgroups, strict=True)
    expected = [(row["key"], row["target"], row["scope"], row["subgroup"]) for row in columns.values()]
    assert repr(list(others)) == repr(expected)
    for name in NUMBERS:
        assert repr(block.numbers[name].tolist()) == repr([row[name] for row in columns.values()])


def test_some_rows_of_a_block_are_taken_in_their_order() -> None:
    rows = Rows()
    for number in range(4):
        row = {"state": WAITING, "number": number, "key": ModelVersion("m", "1"), "target": number, "scope": None}
        rows.put(rows.add_one(f"r-{number}"), row)
    block, _ = block_codec.decode(list(block_codec.encode(rows, rows.find(["r-0", "r-1", "r-2", "r-3"]), 4)))
    some = block.take(np.array([2, 0]))
    assert (some.ids, some.targets, some.numbers["number"].tolist()) == (["r-2", "r-0"], [2, 0], [2, 0])


@pytest.mark.parametrize("count", [1, 32])
def test_a_row_takes_about_a_hundred_bytes(count: int) -> None:
    rows = Rows()
    for number in range(count):
        row = {"state": WAITING, "key": ModelVersion("churn", "3"), "target": "yes", "scope": None}
        rows.put(rows.add_one(f"{number:036d}"), row)
    (stored,) = block_codec.encode(rows, np.array(list(rows.by_id.values())), 32)
    assert len(stored) <= 30 + 92 * count
