"""Haar variances: their sums, over cuts and restarts, and for many series side by side."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.stats.haar_variances import LEVELS, Columns, HaarVariances, advance
from tests.examples import examples


def test_the_sums_are_those_of_squared_differences_of_neighbouring_blocks() -> None:
    values = np.random.default_rng(1).normal(size=1001)
    haar = HaarVariances()
    haar.add(values)
    for level in range(6):
        size = 2**level
        blocks = values[: len(values) // (2 * size) * 2 * size].reshape(-1, 2, size).sum(axis=2)
        np.testing.assert_allclose(haar.sums[level], ((blocks[:, 1] - blocks[:, 0]) ** 2).sum())
        assert haar.counts[level] == len(blocks)


def test_a_detail_beyond_the_limit_counts_as_that() -> None:
    haar = HaarVariances()
    haar.limits = np.full(LEVELS, 3.0)
    haar.add(np.array([0.0, 1.0, 0.0, 4.0]))
    assert haar.sums[:2].tolist() == [1.0 + 9.0, 9.0]
    assert haar.drifts[:2].tolist() == [1.0 + 3.0, 3.0]


@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.integers(0, 300), max_size=8), columns=st.integers(1, 4))
@settings(max_examples=examples(100), deadline=None)
def test_cuts_restarts_and_neighbours_change_no_bit(seed: int, cuts: list[int], columns: int) -> None:
    values = np.random.default_rng(seed).normal(size=(sum(cuts), columns))
    known = Columns(*np.zeros((3, LEVELS, columns)), np.full((LEVELS, columns), 2.0))
    advance(0, known, values)
    for column in range(columns):
        haar, begin = HaarVariances(), 0
        haar.limits = known.limits[:, column]
        for size in cuts:
            haar.add(values[begin : begin + size, column])
            begin += size
            again = HaarVariances()
            again.restore(json.loads(json.dumps(haar.state())))
            again.limits, haar = haar.limits, again
        assert haar.count == len(values)
        assert haar.sums.tolist() == known.sums[:, column].tolist()
        assert haar.drifts.tolist() == known.drifts[:, column].tolist()
        assert haar.held.tolist() == known.held[:, column].tolist()
