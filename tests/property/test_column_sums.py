"""Sums of columns against sums that are added one after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import column_sums
from tests.examples import examples


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.one_of(st.integers(1, 40), st.integers(1, 20_000)),
    columns=st.one_of(st.integers(1, 9), st.integers(1, 300)),
)
@settings(max_examples=examples(100), deadline=None)
def test_columns_are_added_in_order(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(min(rows, 400_000 // columns + 1), columns)) * 10.0 ** rng.integers(-9, 9, columns)
    expected = np.zeros(columns)
    for row in values:
        expected = expected + row
    assert column_sums(values).tobytes() == expected.tobytes()
