"""The spread of a signal."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.signals.columns import Column
from stream_monitor.signals.spread import Spread


@given(
    values=st.lists(st.floats(-1e308, 1e308), min_size=4, max_size=20),
    unit=st.sampled_from((1e-300, 1e-6, 1.0, 1e6)),
)
def test_the_spread_of_four_is_that_of_numpy(values: list[float], unit: float) -> None:
    column = np.array(values) * (unit if max(map(abs, values)) < 1e100 else 1.0)
    index = np.arange(len(column))
    spread = Spread().column(Column(column, index, index * 1.0))
    fours = column[: len(column) // 4 * 4].reshape(-1, 4)
    scale = np.maximum(np.abs(fours).max(axis=1, keepdims=True), 1e-300)
    # The largest float is the most that it says.
    with np.errstate(over="ignore"):
        expected = np.minimum(np.std(fours / scale, axis=1, ddof=1), np.finfo(np.float64).max / scale[:, 0])
    np.testing.assert_allclose(spread.values / scale[:, 0], expected, rtol=1e-9, atol=1e-9)
    assert spread.index.tolist() == list(range(3, len(fours) * 4, 4))
