"""Columns as sequences of Python objects."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.sequences import concat, concat_encoded, encode, take

WORDS = st.lists(st.sampled_from("abcd"))


def test_rows_are_taken_by_position_or_slice() -> None:
    assert take("abcd", slice(1, 3)) == "bc"
    assert take("abcd", np.array([3, 0, 3])) == ["d", "a", "d"]


@given(st.lists(st.none() | WORDS))
def test_columns_that_are_not_there_are_filled(columns: list[list[str] | None]) -> None:
    sizes = [2 if column is None else len(column) for column in columns]
    joined = concat(columns, sizes, "-")
    plain = [each for column in columns for each in (["-", "-"] if column is None else column)]
    assert joined == plain if any(columns) else joined is None


@given(st.lists(WORDS))
def test_encoded_columns_are_decoded_to_what_they_were(columns: list[list[str]]) -> None:
    parts = [encode(column) for column in columns]
    for (keys, which), column in zip(parts, columns, strict=True):
        assert [keys[code] for code in which.tolist()] == column
    keys, which = concat_encoded(parts)
    whole = [each for column in columns for each in column]
    assert [keys[code] for code in which.tolist()] == whole
    assert list(keys) == list(dict.fromkeys(whole))
