"""Entries as rows: what fits into a row comes back from it."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from stream_monitor.join.entry import Entry
from stream_monitor.join.row_codec import entry_of, row_of
from stream_monitor.join.rows import Rows
from tests.unit.join.test_entry_codec import DONE, ENTRIES, WAITING, fields

SINGLE = st.one_of(
    st.builds(lambda waiting: Entry([waiting], [], None), WAITING), st.builds(lambda done: Entry([], [], done), DONE)
)


@given(st.one_of(ENTRIES, SINGLE))
def test_an_entry_that_fits_into_a_row_comes_back(entry: Entry) -> None:
    row = row_of(entry)
    assume(row is not None)
    assert row is not None
    rows = Rows()
    rows.put(rows.add_one("a"), row)
    assert fields(entry_of(rows, rows.by_id["a"])) == fields(entry)


@given(ENTRIES)
def test_only_a_single_prediction_fits_into_a_row(entry: Entry) -> None:
    labelled = entry.done.labelled if entry.done else []
    if row_of(entry) is not None:
        assert len(entry.waiting) + len(labelled) == 1
        assert not entry.early
    elif len(entry.waiting) == 1 and not entry.early:
        assert labelled


@given(WAITING)
def test_any_single_waiting_prediction_fits(waiting: object) -> None:
    assert row_of(Entry([waiting], [], None)) is not None  # type: ignore[list-item]
