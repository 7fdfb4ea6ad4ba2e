"""Fading sums."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.core.arrays import Floats
from stream_monitor.core.fading import MAX_LENGTH, fading_by


def _one_by_one(steps: Floats, factor: float) -> Floats:
    sums, last = [], 0.0
    for step in steps.tolist():
        last = factor * last + step
        sums.append(last)
    return np.array(sums)


@pytest.mark.parametrize("factor", [1.0, 0.99999, 0.9999, 0.99, 0.9, 0.5, 0.01, 1e-60, 1e-100, 5e-324])
def test_they_are_those_of_the_recurrence(factor: float) -> None:
    length = min(3 * fading_by(factor).length + 10, 200_000)
    steps = np.random.default_rng(1).normal(size=length)
    sums, _ = fading_by(factor).sums(steps[None, :], np.zeros(1), 0)
    expected = _one_by_one(steps, factor)
    assert np.abs(sums[0] - expected).max() <= 1e-10 * np.abs(expected).max()


@pytest.mark.parametrize("factor", [0.9999, 0.9, 0.5, 0.01])
def test_they_do_not_depend_on_the_batches(factor: float) -> None:
    rng = np.random.default_rng(2)
    fading = fading_by(factor)
    steps = rng.normal(size=(2, min(3 * fading.length + 10, 2 * MAX_LENGTH)))
    whole, at_end = fading.sums(steps, np.zeros(2), 0)
    cuts = np.sort(rng.integers(0, steps.shape[1], 20))
    parts, scaled, n = [], np.zeros(2), 0
    for part in np.split(steps, cuts, axis=1):
        sums, scaled = fading.sums(part, scaled, n)
        n += part.shape[1]
        parts.append(sums)
        if part.shape[1]:
            assert fading.values(scaled, n).tolist() == sums[:, -1].tolist()
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()
    assert scaled.tobytes() == at_end.tobytes()


def test_a_large_value_of_the_smallest_factor_is_finite() -> None:
    sums, _ = fading_by(5e-324).sums(np.array([[1e200, 1.0]]), np.zeros(1), 0)
    assert np.isfinite(sums).all()
