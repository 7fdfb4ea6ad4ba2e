"""Columns, codes and the scaler by themselves; the whole path is in tests/property/test_monitor.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.drift.change import change_point_mle
from stream_monitor.signals.columns import feature_columns
from stream_monitor.stats.moments import mean

VALUES = st.one_of(
    st.floats(),
    st.integers(),
    st.just(10**400),
    st.booleans(),
    st.none(),
    st.sampled_from(("", "x", "41")),
    st.lists(st.integers(), max_size=1),
    st.just({"b": 1}),
)


def _number(value: Any) -> float:
    """Return the number of a value, by a naive rule."""
    if value is None or isinstance(value, str | list | dict):
        return math.nan
    try:
        return float(value) if math.isfinite(float(value)) else math.nan
    except OverflowError:
        return math.nan


@given(st.lists(st.dictionaries(st.sampled_from("ab"), VALUES), min_size=1, max_size=20))
@settings(max_examples=200)
def test_columns_against_a_value_by_value_reading(batch: list[dict[str, Any]]) -> None:
    columns = feature_columns(FeatureTable.of(batch), ["a", "b"])
    for name, column in columns.items():
        raw = [features.get(name) for features in batch]
        np.testing.assert_array_equal(column.values, [_number(value) for value in raw])
        unusable = [isinstance(value, str | list | dict) for value in raw]
        missing = [math.isnan(_number(v)) and not bad for v, bad in zip(raw, unusable, strict=True)]
        np.testing.assert_array_equal(column.missing, np.array(missing, dtype=float))
        assert column.text == sum(isinstance(value, str) for value in raw)
        assert column.other == sum(isinstance(value, list | dict) for value in raw)


def test_no_names_no_columns() -> None:
    assert feature_columns(FeatureTable.of([{"a": 1}]), []) == {}


# Means


@given(st.lists(st.floats(-1.7e308, 1.7e308), min_size=1, max_size=50))
def test_a_mean_of_finite_numbers_is_finite(values: list[float]) -> None:
    slack = 1e-9 * max(map(abs, values))
    assert min(values) - slack <= mean(np.array(values)) <= max(values) + slack


def test_the_mean_of_nothing_is_not_a_number() -> None:
    assert math.isnan(mean(np.empty(0)))


@given(
    level=st.floats(-5, 5),
    shift=st.sampled_from((-8.0, 8.0)),
    after=st.integers(10, 200),
    exponent=st.integers(-300, 300),
)
def test_the_place_of_a_change_at_any_scale(level: float, shift: float, after: int, exponent: int) -> None:
    values = np.random.default_rng(1).normal(size=300) + level
    values[-after:] += shift
    unit = 10.0**exponent
    assert abs(change_point_mle(values * unit, level * unit) - after) <= 2


def test_too_few_values_are_all_after_it() -> None:
    assert change_point_mle(np.array([1.0, 2.0]), 0.0) == 2
