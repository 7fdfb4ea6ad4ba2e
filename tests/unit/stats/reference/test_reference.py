"""References of numbers and of categories, against the sample they were learned from."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.moments import Moments
from stream_monitor.stats.reference import CategoricalReference, NumericReference, category_name
from stream_monitor.stats.reference.categorical import MAX_CATEGORIES, MAX_CATEGORY_LENGTH
from stream_monitor.stats.reference.numeric import BINS, MAX_KNOTS, OWN_BIN, TAIL

FINITE = st.floats(allow_nan=False, allow_infinity=False)
ANY = st.lists(FINITE, min_size=1, max_size=60).map(np.array)
FEW_VALUES = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=300).map(np.array)
SEEDS = st.integers(0, 2**32 - 1)


def _many(seed: int, count: int = 3000) -> Floats:
    """Draw atoms and a continuous part, of random sizes."""
    rng = np.random.default_rng(seed)
    atoms = np.where(rng.random(count) < rng.random(), rng.normal(size=count), rng.integers(-2, 3, count))
    return np.asarray(atoms * 10.0 ** rng.integers(-5, 5))


def _shares(sample: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Return the empirical distribution function, by counting."""
    return (sample < x[:, None]).mean(axis=1), (sample <= x[:, None]).mean(axis=1)


# Moments


@given(ANY, st.integers(0, 60))
@settings(max_examples=300, deadline=None)
def test_moments_are_numpys_however_they_are_cut(values: Floats, cut: int) -> None:
    moments = Moments()
    moments.add(values[:cut])
    moments.add(values[cut:])
    scale = max(np.abs(values).max(), 1e-300)
    assert (moments.count, moments.minimum, moments.maximum) == (len(values), values.min(), values.max())
    assert math.isclose(moments.mean / scale, (values / scale).mean(), rel_tol=1e-12, abs_tol=1e-12)
    assert math.isclose(moments.std / scale, (values / scale).std(), rel_tol=1e-6, abs_tol=1e-12)


def test_a_large_level_costs_no_digits() -> None:
    values = 1e9 + np.random.default_rng(0).normal(size=100_000)
    moments = Moments()
    for part in np.array_split(values, 100):
        moments.add(part)
    assert math.isclose(moments.std, (values - 1e9).std(), rel_tol=1e-9)


def test_moments_of_nothing_and_of_a_constant() -> None:
    moments = Moments()
    assert math.isnan(moments.mean) and math.isnan(moments.std)
    moments.add(np.full(3, 0.1))
    assert (moments.mean, moments.std) == (0.1, 0.0)


# Numbers


@given(FEW_VALUES)
@settings(max_examples=200, deadline=None)
def test_few_different_values_are_all_kept(values: Floats) -> None:
    reference = NumericReference.learn(values)
    x = np.arange(-7.0, 7.5, 0.5)
    assert np.allclose(reference.shares(x), _shares(values, x), atol=1e-12)
    assert reference.distinct == len(set(values.tolist()))


def test_between_two_atoms_nothing_is_spread() -> None:
    reference = NumericReference.learn(np.array([0.0, 0.0, 0.0, 1.0]))
    assert reference.shares(np.array([-0.1, 0.0, 0.5, 0.99, 1.0, 2.0]))[1].tolist() == [0, 0.75, 0.75, 0.75, 1, 1]


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_many_values_are_told_at_knots(seed: int) -> None:
    values = _many(seed)
    reference = NumericReference.learn(values)
    assert len(reference.values) <= MAX_KNOTS
    assert np.all(np.diff(reference.values) > 0)
    below, upto = _shares(values, reference.values)
    assert np.allclose(reference.below, below) and np.allclose(reference.upto, upto)
    x = np.concatenate((values[:100], values[:100] * 1.001, [values.min() - 1, values.max() + 1]))
    assert np.abs(reference.shares(x)[1] - _shares(values, x)[1]).max() < 0.011
    assert np.abs(reference.shares(x)[0] - _shares(values, x)[0]).max() < 0.011
    distinct, counts = np.unique(values, return_counts=True)
    assert set(distinct[counts > 0.01 * len(values)]) <= set(reference.values)
    assert {*distinct[:TAIL], *distinct[-TAIL:]} <= set(reference.values)


@pytest.mark.parametrize("count", [129, 130, 199, 226, 450, 900, 1130, 5000])
def test_every_atom_above_a_hundredth_is_a_knot(count: int) -> None:
    rng = np.random.default_rng(count)
    size = count // 100 + 1
    for start in range(0, count - size, max(count // 40, 1)):
        values = np.sort(rng.normal(size=count))
        values[start : start + size] = values[start]
        assert values[start] in NumericReference.learn(values).values


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_quantiles_undo_shares(seed: int) -> None:
    reference = NumericReference.learn(_many(seed))
    shares = np.linspace(0.001, 1.0, 77)
    x = reference.quantile(shares)
    below, upto = reference.shares(x)
    assert np.all(np.diff(x) >= 0)
    assert np.all(below <= shares + 1e-9) and np.all(shares <= upto + 1e-9)


@given(ANY, ANY)
@settings(max_examples=300, deadline=None)
def test_extreme_numbers_have_shares_too(values: Floats, x: Floats) -> None:
    """Every float there is; a warning would be an error here."""
    reference = NumericReference.learn(values)
    below, upto = reference.shares(x)
    assert np.all((below >= 0) & (below <= upto) & (upto <= 1))
    assert np.all(np.diff(reference.shares(np.sort(x))[1]) >= -1e-12)
    assert np.isfinite(reference.standardise(x)).all()
    assert np.isfinite(reference.quantile(np.linspace(0, 1, 9))).all()


@given(SEEDS, st.sampled_from((1e-300, 1e-6, 1e6, 1e300)))
@settings(max_examples=50, deadline=None)
def test_the_unit_does_not_matter(seed: int, factor: float) -> None:
    values = _many(seed, 500)
    ours, theirs = NumericReference.learn(values), NumericReference.learn(values * factor)
    assert np.allclose(ours.shares(values)[1], theirs.shares(values * factor)[1], atol=1e-9)
    assert np.allclose(ours.standardise(values), theirs.standardise(values * factor), atol=1e-9)


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_bins_of_a_tenth(seed: int) -> None:
    reference = NumericReference.learn(_many(seed))
    cuts, _, shares = reference.cuts
    sizes = np.diff(shares, prepend=0, append=1)
    assert np.all(sizes > 0) and np.all(np.diff(cuts) >= 0)
    # A tenth ends behind the value that it ends in.
    assert sizes.max() <= max(0.1 + OWN_BIN, (reference.upto - reference.below).max()) + 1e-9
    assert len(sizes) <= BINS + 2 / OWN_BIN


def test_a_value_with_much_mass_is_a_bin_of_its_own() -> None:
    rng = np.random.default_rng(0)
    reference = NumericReference.learn(np.concatenate((rng.uniform(-1, 1, 4000), np.zeros(6000))))
    cuts, goes_left, _ = reference.cuts
    zero = cuts == 0.0
    assert sorted(goes_left[zero].tolist()) == [False, True]


def test_a_wild_value_is_no_farther_than_ten_deviations_or_the_references_own() -> None:
    normal = NumericReference.learn(np.random.default_rng(0).normal(size=1000))
    assert normal.standardise(np.array([1e300, -1e300])).tolist() == [10.0, -10.0]
    far = NumericReference.learn(np.concatenate((np.random.default_rng(0).normal(size=1000), [500.0])))
    assert far.reach > 10 and far.standardise(np.array([1e300]))[0] == far.reach
    constant = NumericReference.learn(np.full(5, 7.0))
    assert constant.standardise(np.array([7.0, 8.0, -1e308])).tolist() == [0.0, 10.0, -10.0]


def test_nothing_is_no_reference() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        NumericReference.learn(np.empty(0))


@given(ANY)
@settings(max_examples=100, deadline=None)
def test_numbers_survive_json(values: Floats) -> None:
    reference = NumericReference.learn(values)
    state = json.loads(json.dumps(reference.state()))
    again = NumericReference.restored(state)
    assert again.state() == reference.state()
    assert again.shares(values)[1].tolist() == reference.shares(values)[1].tolist()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a key too few": ({"mean": None}, "must be numbers"),
    "text": ({"values": ["1", "2", "3"]}, "must be numbers"),
    "no number": ({"std": "1"}, "must be numbers"),
    "a count of 1.5": ({"count": 1.5}, "whole numbers"),
    "a negative count": ({"distinct": -1}, "whole numbers"),
    "a spread below 0": ({"std": -1.0}, "negative"),
    "falling values": ({"values": [3.0, 2.0, 1.0]}, "rise"),
    "falling shares": ({"below": [0.5, 0.1, 0.9]}, "rise"),
    "a share above 1": ({"upto": [0.3, 0.6, 1.5]}, "from 0 to 1"),
    "lists of other lengths": ({"below": [0.0]}, "one length"),
    "values out of range": ({"minimum": 1.5}, "minimum to maximum"),
    "more sampled than there were": ({"sampled": 99}, "count at least sampled"),
    "no knots": ({"values": [], "below": [], "upto": []}, "one length"),
    "an unknown key": ({"median": 2.0}, "keys count, sampled"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_state_that_makes_no_sense(wrong: str) -> None:
    state = NumericReference.learn(np.array([1.0, 2.0, 3.0])).state()
    change, expected = WRONG[wrong]
    with pytest.raises(ValueError, match=expected):
        NumericReference.restored({**state, **change})


def test_a_state_that_is_no_object() -> None:
    for kind in (NumericReference, CategoricalReference):
        for state in (None, [], "x", {}):
            with pytest.raises(ValueError, match="must be an object with the keys"):
                kind.restored(state)  # type: ignore[arg-type]


# Categories


@given(st.lists(st.sampled_from("abcde"), max_size=50))
@settings(max_examples=100, deadline=None)
def test_categories_are_counted(texts: list[str]) -> None:
    reference = CategoricalReference.learn(texts)
    assert dict(zip(reference.categories, reference.counts, strict=True)) == Counter(texts)
    assert list(reference.counts) == sorted(reference.counts, reverse=True)
    assert (reference.count, reference.rest, reference.is_complete) == (len(texts), 0, True)
    again = CategoricalReference.restored(json.loads(json.dumps(reference.state())))
    assert again == reference


def test_more_categories_than_are_kept() -> None:
    texts = [f"c{n}" for n in range(MAX_CATEGORIES + 50) for _ in range(1 + (n == 7))]
    reference = CategoricalReference.learn(texts)
    assert reference.categories[0] == "c7" and len(reference.categories) == MAX_CATEGORIES
    assert (reference.rest, reference.is_complete) == (50, False)
    assert reference.count == len(texts) == sum(reference.counts) + reference.rest


def test_a_long_category_is_told_by_its_beginning() -> None:
    reference = CategoricalReference.learn(["x" * 1000, "x" * 2000])
    assert reference.categories == ("x" * MAX_CATEGORY_LENGTH,)


def test_what_is_expected_of_rare_categories() -> None:
    reference = CategoricalReference.learn(["a"] * 90 + ["b"] * 5 + ["c"] * 3 + ["d"] * 2)
    assert reference.frequent == ("a", "b")
    # Both give half of what the ones at the limit of five have.
    assert reference.shares == (0.875, 0.025, 0.1)
    plain = CategoricalReference.learn(["a"] * 60 + ["b"] * 40)
    assert plain.shares == (0.6, 0.4, 0.0)


def test_shares_are_those_of_new_values_on_average() -> None:
    """A hundred equal categories in 500 values: those that seem frequent are so by chance."""
    rng = np.random.default_rng(0)
    gaps = []
    for _ in range(200):
        counts = Counter(rng.integers(0, 100, 500).tolist())
        reference = CategoricalReference.of_counts({str(name): times for name, times in counts.items()})
        gaps.append(reference.shares[-1] - (1 - len(reference.frequent) / 100))
    assert abs(np.mean(gaps)) < 0.005 < np.std(gaps)


@pytest.mark.parametrize(
    "change",
    [
        {"categories": "ab"},
        {"categories": [1, 2]},
        {"categories": ["a", "a"]},
        {"counts": [1]},
        {"counts": [1.0, 2.0]},
        {"count": 99},
        {"rest": -1},
    ],
)
def test_categories_that_make_no_sense(change: dict[str, Any]) -> None:
    state = CategoricalReference.learn(["a", "b", "b"]).state()
    with pytest.raises(ValueError, match=r"list of text|differ|whole numbers|add up"):
        CategoricalReference.restored({**state, **change})


def test_names_of_categories() -> None:
    values = [1, 1.0, "1", True, 2.5, 1234567.0, 2**60, float("inf")]
    assert [category_name(v) for v in values] == ["1", "1", "1", "True", "2.5", "1234567", str(2**60), "inf"]
