"""Intervals of ranges: known values, and coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.range_intervals import (
    Estimate,
    Shares,
    largest,
    range_of_means,
    range_of_shares,
    ratio_of_shares,
)

RUNS = 1500
#: True shares of groups, and their sizes.
SHARES: list[tuple[list[float], list[int]]] = [
    ([0.5, 0.5], [300, 300]),
    ([0.9, 0.7], [400, 120]),
    ([0.05, 0.2], [200, 500]),
    ([0.97, 0.85], [150, 150]),
    ([0.3, 0.3, 0.3, 0.3], [200, 300, 400, 500]),
]


def _drawn(shares: list[float], sizes: list[int], seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.binomial(n, p, RUNS) for p, n in zip(shares, sizes, strict=True)]).astype(float)


def _coverage(estimates: list[Estimate], truth: float) -> float:
    return float(np.mean([each.lower <= truth <= each.upper for each in estimates]))


@pytest.mark.parametrize(("shares", "sizes"), SHARES)
def test_the_coverage_of_a_range_of_shares(shares: list[float], sizes: list[int]) -> None:
    found = [range_of_shares(Shares(row, np.array(sizes, float))) for row in _drawn(shares, sizes, 1)]
    assert 0.93 <= _coverage(found, max(shares) - min(shares)) <= 0.97


@pytest.mark.parametrize(("shares", "sizes"), SHARES)
def test_the_coverage_of_a_ratio_of_shares(shares: list[float], sizes: list[int]) -> None:
    found = [ratio_of_shares(Shares(row, np.array(sizes, float))) for row in _drawn(shares, sizes, 2)]
    assert 0.93 <= _coverage(found, min(shares) / max(shares)) <= 0.97


@pytest.mark.parametrize(
    ("first", "second"), [([0.8, 0.8], [0.2, 0.2]), ([0.9, 0.6], [0.2, 0.2]), ([0.8, 0.8], [0.1, 0.3])]
)
def test_the_coverage_of_the_larger_of_two_ranges(first: list[float], second: list[float]) -> None:
    sizes = [200, 300]
    rows = zip(_drawn(first, sizes, 3), _drawn(second, sizes, 4), strict=True)
    totals = np.array(sizes, float)
    found = [largest([range_of_shares(Shares(row, totals), 2) for row in pair]) for pair in rows]
    assert 0.93 <= _coverage(found, max(abs(first[0] - first[1]), abs(second[0] - second[1]))) <= 0.97


@pytest.mark.parametrize(
    ("means", "sizes"), [([0.0, 0.0], [100, 400]), ([1.0, 3.0], [100, 100]), ([0.0] * 4, [200] * 4)]
)
def test_the_coverage_of_a_range_of_means(means: list[float], sizes: list[int]) -> None:
    rng = np.random.default_rng(5)
    drawn = [
        rng.exponential(1.0 + at, (RUNS, n)) - (1.0 + at) + m
        for at, (m, n) in enumerate(zip(means, sizes, strict=True))
    ]
    each = np.column_stack([one.mean(axis=1) for one in drawn])
    variances = np.column_stack([one.var(axis=1, ddof=1) / one.shape[1] for one in drawn])
    found = [range_of_means(row, variance) for row, variance in zip(each, variances, strict=True)]
    assert 0.93 <= _coverage(found, max(means) - min(means)) <= 0.97


def test_shares_at_the_edge_have_limits() -> None:
    none, whole = (
        Shares(np.array([0.0, 0.0]), np.array([50.0, 60.0])),
        Shares(np.array([0.0, 50.0]), np.array([50.0, 50.0])),
    )
    assert range_of_shares(none).value == 0.0
    assert 0.05 < range_of_shares(none).upper < 0.1
    assert range_of_shares(whole)[0] == 1.0
    assert np.isnan(ratio_of_shares(none).value)
    value, lower, upper = ratio_of_shares(whole)
    assert (value, lower) == (0.0, 0.0)
    assert 0.05 < upper < 0.15


def test_the_order_of_the_groups_does_not_matter() -> None:
    shares = Shares(np.array([5.0, 90.0, 30.0]), np.array([50.0, 100.0, 90.0]))
    turned = Shares(shares.counts[::-1], shares.totals[::-1])
    assert range_of_shares(shares) == range_of_shares(turned)
    assert ratio_of_shares(shares) == ratio_of_shares(turned)
