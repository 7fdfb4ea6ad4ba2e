"""Bounds that hold at all times at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.confidence_sequences import boundary, mean_bounds


def _differences(rng: np.random.Generator, better: float, worse: float, count: int) -> Floats:
    """Return differences of paired outcomes: 1 with the first probability, -1 with the second, else 0."""
    u = rng.random(count)
    return np.where(u < better, 1.0, np.where(u < better + worse, -1.0, 0.0))


def _sums(values: Floats) -> tuple[Floats, Floats, Floats]:
    return np.arange(1.0, len(values) + 1), np.cumsum(values), np.cumsum(values * values)


@pytest.mark.parametrize("share", [0.01, 0.1, 1.0])
def test_equal_versions_rarely_get_a_verdict_however_often_one_looks(share: float) -> None:
    """Level 5 %; with 200 runs, at most 20 wrong ones have a probability of 0.995 or more at that level."""
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(200):
        _, sums, squares = _sums(_differences(rng, share / 2, share / 2, 5_000))
        wrong += bool((np.abs(sums) >= boundary(squares)).any())
    assert wrong <= 20


def test_the_mean_is_within_the_bounds_at_all_times() -> None:
    rng = np.random.default_rng(2)
    missed = 0
    for _ in range(100):
        lower, upper = mean_bounds(*_sums(_differences(rng, 0.3, 0.1, 2_000)))
        missed += bool(((lower > 0.2) | (upper < 0.2)).any())
    assert missed <= 10


def test_three_points_are_decided_within_three_times_the_outcomes_of_a_fixed_test() -> None:
    """Paired by id, correctness differs on one event in ten; a test of fixed size and 90 % power needs 1,157."""
    rng = np.random.default_rng(3)
    decided = []
    for _ in range(100):
        _, sums, squares = _sums(_differences(rng, 0.065, 0.035, 3 * 1_157))
        decided.append(bool((sums >= boundary(squares)).any()))
    assert np.mean(decided) >= 0.9


@given(st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=200), st.floats(0.01, 0.2))
def test_a_sum_reaches_the_boundary_where_zero_is_excluded(values: list[float], alpha: float) -> None:
    counts, sums, squares = _sums(np.array(values * 5))
    lower, upper = mean_bounds(counts, sums, squares, alpha)
    needed = boundary(squares, alpha)
    clear = np.abs(np.abs(sums) - needed) > 1e-9
    assert ((sums >= needed) == (lower >= 0.0))[clear].all()
    assert ((-sums >= needed) == (upper <= 0.0))[clear].all()
    assert (lower >= -1.0).all()
    assert (upper <= 1.0).all()


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=1, max_size=300))
def test_what_is_excluded_is_so_by_the_capital_of_bets(values: list[float]) -> None:
    """The definition: the average of the capitals of several fractions reaches 2 / alpha at each excluded mean."""
    differences = np.array(values * 3)
    lower = float(mean_bounds(*_sums(differences)).lower[-1])
    if lower > -1.0 + 1e-6:  # -1 is a double root
        fractions, weights = 0.5 ** np.arange(1, 13), 1.0 / np.arange(2, 14)
        gains = np.log1p(fractions[:, None] * (differences - lower) / (1.0 + lower)).sum(axis=1)
        assert np.average(np.exp(gains), weights=weights) >= 40.0 * (1 - 1e-9)


def test_before_the_first_value_nothing_is_excluded() -> None:
    lower, upper = mean_bounds(np.zeros(1), np.zeros(1), np.zeros(1))
    assert (lower[0], upper[0]) == (-1.0, 1.0)
