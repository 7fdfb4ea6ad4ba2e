"""The newest values of many columns are those of each column alone, and what was read does not change."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.monitors.recent_values import RecentValues


@pytest.mark.parametrize("ragged", [False, True])
def test_columns_are_those_that_were_added(ragged: bool) -> None:
    rng = np.random.default_rng(7)
    keep = np.array([5, 3, 8])
    recent, plain = RecentValues(keep.tolist()), [np.empty(0) for _ in keep]
    seen = []
    for _ in range(200):
        values = rng.normal(size=(rng.integers(1, 12), 3))
        counts = rng.integers(0, len(values) + 1, size=3) if ragged else np.full(3, len(values))
        recent.add(values, counts if ragged else None)
        plain = [np.append(known, values[:n, at]) for at, (known, n) in enumerate(zip(plain, counts, strict=True))]
        if rng.random() < 0.1:
            plain[1] = rng.normal(size=rng.integers(0, 4))
            recent.load(1, plain[1])
        for column, known in enumerate(plain):
            newest = known[-keep[column] :].tolist()
            assert recent.of(column).tolist() == recent.view(column).tolist() == newest
            seen.append((recent.view(column), newest))
    assert all(view.tolist() == newest for view, newest in seen)
