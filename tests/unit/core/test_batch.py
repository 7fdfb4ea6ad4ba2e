"""Batches of records: joined, selected and cut as lists of records are."""

from __future__ import annotations

from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import Record

RECORDS = st.lists(
    st.builds(
        Record,
        topic=st.sampled_from("ab"),
        partition=st.integers(0, 1),
        offset=st.integers(0, 2**62),
        value=st.sampled_from([None, b"", b"x", {"id": 1}]),
        timestamp=st.none() | st.integers(0, 2**62),
        key=st.sampled_from([None, b"", b"k"]),
        headers=st.sampled_from([(), (("h", b"v"),)]),
    ),
    max_size=5,
)


@given(RECORDS)
def test_a_batch_has_the_records_that_it_was_made_of(records: list[Record]) -> None:
    batch = RecordBatch.of(records)
    assert list(batch) == records
    assert len(batch) == len(records)


@given(st.lists(RECORDS, max_size=4))
def test_batches_are_joined_like_lists(parts: list[list[Record]]) -> None:
    joined = RecordBatch.concat(list(map(RecordBatch.of, parts)))
    assert list(joined) == list(chain.from_iterable(parts))
    assert len(set(joined.partitions)) == len(joined.partitions)


@given(RECORDS, st.data())
def test_rows_are_selected_in_the_order_asked_for(records: list[Record], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(records) - 1))) if records else []
    chosen = RecordBatch.of(records).take(np.array(rows, np.int64))
    assert list(chosen) == [records[row] for row in rows]


@given(RECORDS, st.integers(0, 6), st.integers(0, 6))
def test_a_slice_is_that_of_a_list(records: list[Record], start: int, stop: int) -> None:
    assert list(RecordBatch.of(records)[start:stop]) == records[start:stop]


def test_columns_that_nobody_has_are_not_made() -> None:
    plain = RecordBatch.of([Record("a", 0, b"x")])
    keyed = RecordBatch.of([Record("a", 1, b"x", key=b"k", headers=[("h", b"v")])])
    both = RecordBatch.concat([plain, plain])
    assert (both.keys, both.headers) == (None, None)
    both = RecordBatch.concat([plain, keyed, plain])
    assert (both.keys, both.headers) == ([None, b"k", None], [(), [("h", b"v")], ()])
