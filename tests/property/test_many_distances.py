"""The distances of many signals at once are those of each alone, to the last bit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.distances import Distance, categorical_distances, numeric_distances
from stream_monitor.stats.many_distances import (
    MAX_TOGETHER,
    CategoricalWindow,
    NumericWindow,
    many_categorical_distances,
    many_numeric_distances,
)
from stream_monitor.stats.reference import CategoricalReference, NumericReference
from tests.examples import examples

ANY = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30).map(np.array)
TIED = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=60).map(np.array)
SPREAD = st.tuples(st.integers(0, 2**32), st.integers(1, 1200), st.sampled_from([-0.3, 0.0, 2.0, 1e9]))
DRAWN = SPREAD.map(lambda it: np.random.default_rng(it[0]).normal(it[2], 1.0, it[1]))
FAR = DRAWN.map(lambda values: values * np.where(np.arange(len(values)) % 50, 1.0, 1e6))
COUNTED = DRAWN.map(lambda values: np.round(values, 1))
SAMPLES = st.one_of(ANY, TIED, DRAWN, FAR, COUNTED)
WINDOWS = st.one_of(SAMPLES, st.just(np.empty(0)))
TIMES = st.sampled_from([1.0, 1.7, 40.0])
COUNTS = st.dictionaries(st.sampled_from([*"abcdefghijk", "0", "1"]), st.integers(0, 400))


def exact(found: Mapping[str, Distance]) -> list[tuple[str, str, str]]:
    return [(name, each.value.hex(), each.threshold.hex()) for name, each in found.items()]


@st.composite
def numeric_windows(draw: st.DrawFn) -> NumericWindow:
    sample: Floats = draw(SAMPLES)
    window = draw(st.one_of(WINDOWS, st.just(sample), st.just(sample[::2])))
    return NumericWindow(NumericReference.learn(sample), window, draw(TIMES))


@given(st.lists(numeric_windows(), max_size=8))
@settings(max_examples=examples(300), deadline=None)
def test_of_numbers(windows: list[NumericWindow]) -> None:
    found = many_numeric_distances(windows)
    assert [exact(each) for each in found] == [exact(numeric_distances(*window)) for window in windows]


@given(st.lists(st.tuples(COUNTS, COUNTS, TIMES), max_size=8))
@settings(max_examples=examples(200), deadline=None)
def test_of_categories(drawn: list[tuple[dict[str, int], dict[str, int], float]]) -> None:
    windows = [
        CategoricalWindow(CategoricalReference.of_counts(before), after, time) for before, after, time in drawn
    ]
    found = many_categorical_distances(windows)
    assert [exact(each) for each in found] == [exact(categorical_distances(*window)) for window in windows]


def test_of_more_than_are_taken_together() -> None:
    rng = np.random.default_rng(3)
    windows = [
        NumericWindow(NumericReference.learn(rng.normal(size=500)), rng.normal(size=1000))
        for _ in range(MAX_TOGETHER + 2)
    ]
    found = many_numeric_distances(windows)
    assert [exact(each) for each in found] == [exact(numeric_distances(*window)) for window in windows]
