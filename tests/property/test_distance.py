"""Distances against scipy's."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.bins import Bins, categorical_bins, numeric_bins
from stream_monitor.stats.distances import (
    CONVENTIONAL,
    PSEUDO_COUNT,
    Distance,
    categorical_distances,
    numeric_distances,
)
from stream_monitor.stats.reference import CategoricalReference, NumericReference
from tests.examples import examples

#: Up to 129 different values a reference is exact.
EXACT = st.lists(st.floats(-100, 100).map(lambda x: round(x, 2)), min_size=1, max_size=120).map(np.array)
TIED = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=120).map(np.array)
SAMPLES = st.one_of(EXACT, TIED)
ANY = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60).map(np.array)
COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 400), min_size=1)


def _values(found: Mapping[str, Distance]) -> dict[str, float]:
    return {name: each.value for name, each in found.items()}


# Against scipy


@given(SAMPLES, SAMPLES)
@settings(max_examples=examples(300), deadline=None)
def test_kolmogorov_smirnov_is_scipys(sample: Floats, window: Floats) -> None:
    found = numeric_distances(NumericReference.learn(sample), window)["kolmogorov_smirnov"].value
    with np.errstate(divide="ignore"):  # of its probability, which nobody asked for
        expected = stats.ks_2samp(sample, window, method="asymp").statistic
    assert math.isclose(found, expected, abs_tol=1e-9)


@given(SAMPLES, SAMPLES)
@settings(max_examples=examples(300), deadline=None)
def test_wasserstein_is_scipys_in_standard_deviations(sample: Floats, window: Floats) -> None:
    reference = NumericReference.learn(sample)
    found = numeric_distances(reference, window)["wasserstein"].value
    expected = stats.wasserstein_distance(reference.standardise(sample), reference.standardise(window))
    assert math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=examples(50), deadline=None)
def test_of_many_different_values_both_are_nearly_scipys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sample, window = rng.gamma(2, size=5000), rng.gamma(2 + rng.random(), size=700)
    found = _values(numeric_distances(NumericReference.learn(sample), window))
    assert abs(found["kolmogorov_smirnov"] - stats.ks_2samp(sample, window, method="asymp").statistic) < 0.01
    expected = stats.wasserstein_distance(sample, window) / sample.std()
    assert math.isclose(found["wasserstein"], expected, abs_tol=0.005)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=examples(30), deadline=None)
def test_the_area_is_that_of_a_fine_grid(seed: int) -> None:
    """Tested where both functions cross between two knots, too."""
    rng = np.random.default_rng(seed)
    reference, window = NumericReference.learn(rng.normal(size=3000)), rng.normal(size=5)
    x = np.linspace(-6, 6, 200_001)
    gap = np.abs(reference.shares(x)[1] - np.searchsorted(np.sort(window), x, side="right") / len(window))
    found = numeric_distances(reference, window)["wasserstein"].value
    assert math.isclose(found, gap.sum() * (x[1] - x[0]) / reference.std, rel_tol=1e-3)


def _smoothed(bins: Bins) -> tuple[Floats, Floats]:
    p, q = bins.counts + PSEUDO_COUNT, bins.shares * bins.counts.sum() + PSEUDO_COUNT
    return p / p.sum(), q / q.sum()


def _check_divergences(bins: Bins, found: Mapping[str, float]) -> None:
    p, q = _smoothed(bins)
    assert math.isclose(found["psi"], stats.entropy(p, q) + stats.entropy(q, p), abs_tol=1e-9)
    m = (p + q) / 2
    divergence = (stats.entropy(p, m, base=2) + stats.entropy(q, m, base=2)) / 2
    assert math.isclose(found["jensen_shannon"], divergence, abs_tol=1e-9)


@given(SAMPLES, SAMPLES)
@settings(max_examples=examples(200), deadline=None)
def test_divergences_of_numbers_are_scipys(sample: Floats, window: Floats) -> None:
    reference = NumericReference.learn(sample)
    bins = numeric_bins(reference, np.sort(window))
    assert math.isclose(bins.shares.sum(), 1) and bins.counts.sum() == len(window)
    _check_divergences(bins, _values(numeric_distances(reference, window)))


@given(COUNTS, COUNTS)
@settings(max_examples=examples(200), deadline=None)
def test_distances_of_categories_are_scipys(sample: Mapping[str, int], window: Mapping[str, int]) -> None:
    reference = CategoricalReference.of_counts(sample)
    bins, found = categorical_bins(reference, window), _values(categorical_distances(reference, window))
    assert math.isclose(bins.shares.sum(), 1) and bins.counts.sum() == sum(window.values())
    _check_divergences(bins, found)
    p, q = bins.counts / bins.counts.sum(), bins.shares
    table = 1000.0 * np.array((p, q))[:, (p > 0) | (q > 0)]
    if table.shape[1] > 1:
        chi_square = stats.chi2_contingency(table, correction=False).statistic
        assert math.isclose(found["cramers_v"], math.sqrt(chi_square / table.sum()), abs_tol=1e-9)
    assert math.isclose(found["l_infinity"], np.abs(p - q).max(), abs_tol=1e-12)


def test_bins_of_numbers_are_counted_as_numpy_does() -> None:
    rng = np.random.default_rng(0)
    sample, window = rng.normal(size=1000), rng.normal(size=300)
    reference = NumericReference.learn(sample)
    edges = np.concatenate(([-np.inf], np.nextafter(reference.cuts[0], np.inf), [np.inf]))
    bins = numeric_bins(reference, np.sort(window))
    assert bins.counts.tolist() == np.histogram(window, edges)[0].tolist()
    assert np.allclose(bins.shares, np.histogram(sample, edges)[0] / 1000, atol=0.011)
    assert np.allclose(bins.shares, 0.1, atol=0.002)


# What holds for all


@given(SAMPLES, st.integers(1, 4))
@settings(max_examples=examples(100), deadline=None)
def test_a_window_like_the_reference_has_no_distance(sample: Floats, times: int) -> None:
    found = _values(numeric_distances(NumericReference.learn(sample), np.tile(sample, times)))
    assert all(math.isclose(value, 0, abs_tol=1e-9) for value in found.values())


@given(COUNTS)
@settings(max_examples=examples(100), deadline=None)
def test_counts_like_the_references_have_no_distance(counts: Mapping[str, int]) -> None:
    if 5 in counts.values():
        return  # what came so often is expected a little more seldom
    found = _values(categorical_distances(CategoricalReference.of_counts(counts), counts))
    assert all(math.isclose(value, 0, abs_tol=1e-9) for value in found.values())


@given(ANY, ANY)
@settings(max_examples=examples(300), deadline=None)
def test_distances_of_any_floats_are_numbers_in_their_range(sample: Floats, window: Floats) -> None:
    found = numeric_distances(NumericReference.learn(sample), window)
    limits = {"psi": math.inf, "jensen_shannon": 1.0, "kolmogorov_smirnov": 1.0, "wasserstein": 25.0}
    assert set(found) == set(limits)
    for name, each in found.items():
        assert 0 <= each.value <= limits[name] + 1e-9 and math.isfinite(each.value)
        assert each.threshold >= CONVENTIONAL[name]


@given(SAMPLES, SAMPLES, st.sampled_from((1e-6, 1e6)), st.sampled_from((0.0, 7.0)))
@settings(max_examples=examples(100), deadline=None)
def test_the_unit_does_not_matter(sample: Floats, window: Floats, factor: float, level: float) -> None:
    ours = numeric_distances(NumericReference.learn(sample), window)
    sample, window = np.round((sample + level) * 100) * factor, np.round((window + level) * 100) * factor
    theirs = numeric_distances(NumericReference.learn(sample), window)
    for name, each in ours.items():
        assert np.allclose(each, theirs[name], rtol=1e-6, atol=1e-6), name


def test_nothing_has_no_distance() -> None:
    assert numeric_distances(NumericReference.learn(np.arange(3.0)), np.empty(0)) == {}
    assert categorical_distances(CategoricalReference.learn(["a"]), {}) == {}
    assert categorical_distances(CategoricalReference.learn([]), {"a": 1}) == {}


def test_a_constant_that_changes() -> None:
    found = numeric_distances(NumericReference.learn(np.full(500, 7.0)), np.repeat([7.0, 8.0], (900, 100)))
    assert math.isclose(found["kolmogorov_smirnov"].value, 0.1)
    assert math.isclose(found["wasserstein"].value, 1.0)  # a tenth of the values, ten deviations away
    assert found["psi"].value == 0.0  # it has one bin
    found = categorical_distances(CategoricalReference.learn(["a"] * 500), {"a": 700, "b": 300})
    assert all(each.value > each.threshold for each in found.values())


def test_one_wild_value_alarms_nobody() -> None:
    rng = np.random.default_rng(0)
    window = np.append(rng.normal(size=999), 1e300)
    found = numeric_distances(NumericReference.learn(rng.normal(size=5000)), window)
    assert all(each.value < each.threshold for each in found.values())
