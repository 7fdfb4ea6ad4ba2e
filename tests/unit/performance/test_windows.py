"""The sums of each window against sums over a list, and the count of the decayed one against its weights."""

from __future__ import annotations

import json

import numpy as np
import pytest

from stream_monitor.core.arrays import Floats
from stream_monitor.performance.windows import Windows

NAMES, WINDOW, DECAY = ("n", "x"), 5, 0.9


def _windows(rows: Floats, *cuts: int) -> Windows:
    """Return the windows with these rows, added in parts and restored from JSON between them."""
    windows = Windows(NAMES, WINDOW, DECAY)
    for part in np.split(rows, cuts, axis=1):
        again = Windows(NAMES, WINDOW, DECAY)
        again.restore(json.loads(json.dumps(windows.state(), default=str)))
        windows = again
        if part.shape[1]:
            windows.add(part)
    return windows


@pytest.mark.parametrize("count", [1, 4, 5, 30])
def test_sums_and_counts_are_those_of_a_list(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    weights = DECAY ** np.arange(count)[::-1]
    for cuts in ((), (1,), (2, 3, 20)):
        windows = _windows(np.stack((np.ones(count), values)), *(at for at in cuts if at < count))
        rolling = values[-WINDOW:]
        expected = {
            "cumulative": (count, values.sum()),
            "rolling": (len(rolling), rolling.sum()),
            "decayed": (weights.sum(), (weights * values).sum()),
        }
        found = windows.sums()
        assert list(found) == list(expected)
        for window, sums in expected.items():
            assert found[window] == pytest.approx(dict(zip(NAMES, sums, strict=True)))  # type: ignore[index]
        assert windows.cumulative == found["cumulative"]
        effective = weights.sum() ** 2 / (weights**2).sum()
        assert windows.counts() == pytest.approx({"cumulative": count, "rolling": len(rolling), "decayed": effective})


def test_before_the_first_outcome_there_is_nothing() -> None:
    windows = Windows(NAMES, WINDOW, DECAY)
    assert (windows.sums(), windows.counts(), windows.cumulative) == ({}, {}, {"n": 0.0, "x": 0.0})
