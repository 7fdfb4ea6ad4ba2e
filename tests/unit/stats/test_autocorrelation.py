"""Autocorrelations against a naive loop, and the integrated time against what theory says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.dependence import MAX_BATCH, dependence_of, lag1_of
from stream_monitor.stats.autocorrelation import autocorrelation_time, autocorrelations
from stream_monitor.stats.variance_ratios import VarianceRatios

SERIES = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), min_size=1, max_size=40).map(np.array)


def _autoregression(r: float, count: int, seed: int = 0) -> Floats:
    """Return a stationary AR(1), whose integrated time is (1 + r) / (1 - r)."""
    steps = np.random.default_rng(seed).normal(size=count)
    series = np.empty(count)
    series[0] = steps[0] / math.sqrt(1 - r * r)
    for at in range(1, count):
        series[at] = r * series[at - 1] + steps[at]
    return series


def _naive(values: Floats) -> list[float]:
    centred = values - values.mean()
    total = float((centred**2).sum())
    if values.min() == values.max():
        return [1.0] + [0.0] * (len(values) - 1)
    return [float((centred[lag:] * centred[: len(values) - lag]).sum()) / total for lag in range(len(values))]


@given(st.floats(min_value=0.0) | st.floats(1e4, 1e7))
def test_any_time_has_its_blocks(time: float) -> None:
    found = dependence_of(VarianceRatios(lag1_of(time)))
    assert 1 <= found.batch <= MAX_BATCH
    assert 1.0 <= found.residual < math.inf


@given(SERIES)
@settings(max_examples=200, deadline=None)
def test_autocorrelations_are_those_of_a_naive_loop(values: Floats) -> None:
    assert np.allclose(autocorrelations(values), _naive(values), atol=1e-7)


@given(SERIES, st.sampled_from((1e-300, 1e-6, 1e300)), st.sampled_from((0.0, 1e3)))
@settings(max_examples=100, deadline=None)
def test_neither_the_unit_nor_the_level_matters(values: Floats, factor: float, level: float) -> None:
    if np.ptp(values) < 1e-3:
        return
    assert np.allclose(autocorrelations((values + level) * factor), autocorrelations(values), atol=1e-6)


@pytest.mark.parametrize("r", [0.0, 0.3, 0.8, 0.95])
def test_the_time_of_an_autoregression(r: float) -> None:
    times = [autocorrelation_time(_autoregression(r, 40_000, seed)) for seed in range(5)]
    assert math.isclose(np.mean(times), (1 + r) / (1 - r), rel_tol=0.12)


def test_values_that_undo_each_other_are_worth_more_than_one_each() -> None:
    assert 0.2 < autocorrelation_time(_autoregression(-0.5, 40_000)) < 0.45  # (1 - 0.5) / (1 + 0.5) = 1/3


def test_the_time_is_what_the_variance_of_a_mean_grows_by() -> None:
    means = [_autoregression(0.8, 2000, seed).mean() for seed in range(400)]
    variance = 1 / (1 - 0.8**2)
    assert math.isclose(np.var(means) * 2000 / variance, 9.0, rel_tol=0.25)


@given(SERIES)
@settings(max_examples=200, deadline=None)
def test_the_time_is_from_a_part_of_a_value_to_all_of_them(values: Floats) -> None:
    assert 1 / len(values) <= autocorrelation_time(values) <= max(len(values), 1)


@pytest.mark.parametrize("values", [[], [3.0], [3.0, 3.0, 3.0], [0.1] * 7])
def test_where_nothing_varies_every_value_counts(values: list[float]) -> None:
    assert autocorrelation_time(np.array(values)) == 1.0


@pytest.mark.parametrize("values", [[1e308, -1e308] * 50, [5e-324, 0.0] * 50, [1e308] * 50 + [-1e308] * 50])
def test_extreme_values(values: list[float]) -> None:
    assert math.isfinite(autocorrelation_time(np.array(values)))
