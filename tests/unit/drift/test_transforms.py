"""Transforms of categories: those with their own row."""

from __future__ import annotations

import numpy as np

from stream_monitor.drift.transforms import TOP, CategoryTransform


def test_the_most_frequent_categories_have_rows_and_of_equals_the_lower_code() -> None:
    """The rarest code is the lowest, so that the order of codes is not that of counts."""
    counts = {code: 2 + code // 2 for code in range(1, TOP + 4)}
    codes = np.array([code for code in (0, *counts) for _ in range(counts.get(code, 1))], dtype=float)
    transform = CategoryTransform.learn(np.random.default_rng(1).permutation(codes))
    order = sorted(counts, key=lambda code: (-counts[code], code))
    assert transform.rows(np.array(order[:TOP], dtype=float)).tolist() == list(range(TOP))
    assert transform.rows(np.array([*order[TOP:], 0], dtype=float)).tolist() == [TOP] * 4
    assert transform.rows(np.array([TOP + 4.0, 1e6])).tolist() == [transform.unseen] * 2
