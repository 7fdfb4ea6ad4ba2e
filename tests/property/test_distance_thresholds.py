"""Thresholds of distances against simulated windows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.chance_limits import PROBABILITY, _chi_square_quantile
from stream_monitor.stats.distances import (
    categorical_distances,
    numeric_distances,
)
from stream_monitor.stats.reference import CategoricalReference, NumericReference

Draw = Callable[[np.random.Generator, int], Any]

NUMBERS: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "uniform": lambda rng, n: rng.random(n),
    "exponential": lambda rng, n: rng.exponential(size=n),
    "lognormal": lambda rng, n: rng.lognormal(sigma=1.5, size=n),
    "t3": lambda rng, n: rng.standard_t(3, size=n),
    "cauchy": lambda rng, n: rng.standard_cauchy(size=n),
    "zeros": lambda rng, n: np.where(rng.random(n) < 0.8, 0.0, rng.exponential(size=n)),
    "rare": lambda rng, n: (rng.random(n) < 0.01).astype(float),
    "counts": lambda rng, n: rng.poisson(2, n).astype(float),
}
CATEGORIES = {
    "three": np.array([0.6, 0.3, 0.1]),
    "rare": np.array([0.995, 0.005]),
    "zipf": 1 / np.arange(1, 51),
    "long tail": 1 / np.arange(1, 1001),
    "all differ": np.ones(5000),
}


def _draw_categories(shares: Floats) -> Draw:
    def draw(rng: np.random.Generator, count: int) -> Counter[str]:
        counts = rng.multinomial(count, shares / shares.sum())
        return Counter({f"c{at}": int(counts[at]) for at in np.flatnonzero(counts)})

    return draw


def _alarms(draw: Draw, learn: Any, measure: Any, sizes: tuple[int, int], windows: int) -> Counter[str]:
    """Return the share of unchanged windows above each threshold; every ten windows have a new reference."""
    rng = np.random.default_rng(7)
    found: Counter[str] = Counter()
    for at in range(windows):
        if at % 10 == 0:
            reference = learn(draw(rng, sizes[0]))
        found.update(
            name for name, each in measure(reference, draw(rng, sizes[1])).items() if each.value > each.threshold
        )
    return found


@pytest.mark.parametrize("sizes", [(500, 100), (500, 1000), (20_000, 100), (20_000, 1000)])
@pytest.mark.parametrize("name", NUMBERS)
def test_unchanged_numbers_are_quiet(name: str, sizes: tuple[int, int]) -> None:
    """A probability of 0.1 % each: among 1,000 windows more than 7 have one of a thousandth of a percent."""
    found = _alarms(NUMBERS[name], NumericReference.learn, numeric_distances, sizes, 1000)
    assert max(found.values(), default=0) <= 7, found


@pytest.mark.parametrize("sizes", [(500, 100), (500, 1000), (20_000, 100), (20_000, 1000)])
@pytest.mark.parametrize("name", CATEGORIES)
def test_unchanged_categories_are_quiet(name: str, sizes: tuple[int, int]) -> None:
    draw = _draw_categories(CATEGORIES[name])
    found = _alarms(draw, CategoricalReference.of_counts, categorical_distances, sizes, 1000)
    assert max(found.values(), default=0) <= 7, found


def test_thresholds_are_no_larger_than_they_must_be() -> None:
    """In small windows chance decides, and of a thousandth about that many are above."""
    rng = np.random.default_rng(3)
    reference = NumericReference.learn(rng.normal(size=20_000))
    windows = [numeric_distances(reference, rng.normal(size=200)) for _ in range(4000)]
    for name in ("jensen_shannon", "kolmogorov_smirnov"):
        reached = np.quantile([window[name].value for window in windows], 0.999)
        assert math.isclose(reached, windows[0][name].threshold, rel_tol=0.12), name


@pytest.mark.parametrize("name", ["normal", "uniform", "exponential", "counts"])
def test_a_shift_by_a_deviation_is_found_by_all(name: str) -> None:
    rng = np.random.default_rng(0)
    reference = NumericReference.learn(NUMBERS[name](rng, 5000))
    window = NUMBERS[name](rng, 1000) + reference.std
    assert all(each.value > each.threshold for each in numeric_distances(reference, window).values())


def test_a_share_that_moves_by_a_fifth_is_found_by_all() -> None:
    reference = CategoricalReference.of_counts({"a": 3000, "b": 1500, "c": 500})
    found = categorical_distances(reference, {"a": 400, "b": 500, "c": 100})
    assert found["l_infinity"].value > found["l_infinity"].threshold
    found = categorical_distances(reference, {"a": 300, "b": 300, "c": 400})
    assert all(each.value > each.threshold for each in found.values())


def test_a_spread_that_doubles_is_found() -> None:
    rng = np.random.default_rng(0)
    found = numeric_distances(NumericReference.learn(rng.normal(size=5000)), 2 * rng.normal(size=1000))
    assert all(each.value > each.threshold for each in found.values())


def test_values_that_depend_on_each_other_are_fewer() -> None:
    reference, window = NumericReference.learn(np.arange(500.0)), np.arange(100.0)
    alone = numeric_distances(reference, window)
    slow = numeric_distances(reference, window, autocorrelation_time=16.0)
    assert {name: each.value for name, each in alone.items()} == {name: each.value for name, each in slow.items()}
    ks = "kolmogorov_smirnov"
    assert math.isclose(slow[ks].threshold, 4 * alone[ks].threshold)


@pytest.mark.parametrize("degrees", [1, 2, 5, 9, 30, 100])
def test_the_quantile_of_chi_square_is_scipys(degrees: int) -> None:
    found = _chi_square_quantile(degrees)
    assert math.isclose(found, stats.chi2.ppf(1 - PROBABILITY, degrees), rel_tol=0.035)


def test_the_quantile_of_kolmogorovs_distribution_is_scipys() -> None:
    found = numeric_distances(NumericReference.learn(np.arange(50.0)), np.arange(50.0))["kolmogorov_smirnov"]
    assert math.isclose(found.threshold / math.sqrt(2 / 50), stats.kstwobign.isf(PROBABILITY), rel_tol=1e-6)


def test_a_threshold_that_no_window_could_exceed_is_infinite() -> None:
    """Of values that depend on each other for long, or of one value only, nothing can be told."""
    rng = np.random.default_rng(3)
    window = rng.normal(size=1000)
    reference = NumericReference.learn(rng.normal(size=5000))
    for time in (1.0, 30.0, 100.0, 400.0, 2000.0):
        numbers = numeric_distances(reference, window, autocorrelation_time=time)
        far = numeric_distances(reference, np.full(1000, 1e9), autocorrelation_time=time)
        below = numeric_distances(reference, np.full(1000, -1e9), autocorrelation_time=time)
        for name, each in numbers.items():
            assert each.threshold < max(far[name].value, below[name].value) or each.threshold == np.inf, (name, time)
    assert {each.threshold for each in numbers.values()} == {np.inf}
    shares = CategoricalReference.of_counts({"a": 700, "b": 300})
    for time in (1.0, 100.0, 1000.0):
        found = categorical_distances(shares, {"a": 70, "b": 30}, autocorrelation_time=time)
        most = categorical_distances(shares, {"c": 100}, autocorrelation_time=time)
        for name, each in found.items():
            assert each.threshold < most[name].value or each.threshold == np.inf, (name, time)
    constant = numeric_distances(NumericReference.learn(np.full(500, 7.0)), np.full(100, 8.0))
    assert {name for name, each in constant.items() if each.threshold == np.inf} == {"psi", "jensen_shannon"}
