"""Columns, codes and the scaler by themselves; the whole path is in tests/property/test_monitor.py."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.detectors import Floats
from stream_monitor.signals import (
    LIMIT,
    MAX_CLASSES,
    RAW_LIMIT,
    ClassCodes,
    Column,
    Scaler,
    feature_columns,
    mean,
    mean_since_change,
    optional_column,
)
from tests.streams import cut, cuts, streams

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
    """What a value is worth, said as simply as can be."""
    if value is None or isinstance(value, str | list | dict):
        return math.nan
    try:
        return float(value) if math.isfinite(float(value)) else math.nan
    except OverflowError:
        return math.nan


@given(st.lists(st.dictionaries(st.sampled_from("ab"), VALUES), min_size=1, max_size=20))
@settings(max_examples=200)
def test_columns_against_a_value_by_value_reading(batch: list[dict[str, Any]]) -> None:
    columns = feature_columns(batch, ["a", "b"])
    for name, column in columns.items():
        raw = [features.get(name) for features in batch]
        np.testing.assert_array_equal(column.values, [_number(value) for value in raw])
        unusable = [isinstance(value, str | list | dict) for value in raw]
        missing = [math.isnan(_number(v)) and not bad for v, bad in zip(raw, unusable, strict=True)]
        np.testing.assert_array_equal(column.missing, np.array(missing, dtype=float))
        assert column.text == sum(isinstance(value, str) for value in raw)
        assert column.other == sum(isinstance(value, list | dict) for value in raw)


def test_no_names_no_columns() -> None:
    assert feature_columns([{"a": 1}], []) == {}


def test_classes_are_coded_in_order_of_appearance_and_numbers_are_themselves() -> None:
    codes = ClassCodes()
    assert codes.column(["no", "yes", "no", 7, 0.5, True]).tolist() == [0.0, 1.0, 0.0, 7.0, 0.5, 1.0]
    other = ClassCodes()
    other.restore(codes.state())
    assert other.column(["yes", "new"]).tolist() == [1.0, 2.0]


def test_codes_are_bounded() -> None:
    codes = ClassCodes()
    assert codes.column([f"c{n}" for n in range(MAX_CLASSES + 50)]).max() == MAX_CLASSES
    assert len(codes.state()) == MAX_CLASSES


def test_an_optional_column_is_none_without_a_number() -> None:
    assert optional_column([None, None]) is None
    np.testing.assert_array_equal(optional_column([None, 1.0]), [math.nan, 1.0])  # type: ignore[arg-type]


# The scaler


def _column(values: Floats, start: int = 0) -> Column:
    return Column(values, np.arange(start, start + len(values)), np.full(len(values), np.nan))


def _scale(values: Floats, warmup: int, shares: list[float]) -> tuple[Floats, list[int]]:
    scaler, parts, start = Scaler(warmup), [], 0
    for part in cut(values, shares):
        parts.append(scaler.scale(_column(part, start)))
        start += len(part)
    return np.concatenate([p.values for p in parts]), [int(i) for p in parts for i in p.index]


@given(values=streams(segments=3, longest=200), shares=cuts(), warmup=st.integers(2, 150))
@settings(max_examples=100, deadline=None)
def test_scaling_does_not_depend_on_the_cuts(values: Floats, shares: list[float], warmup: int) -> None:
    whole, pieces = _scale(values, warmup, []), _scale(values, warmup, shares)
    np.testing.assert_array_equal(pieces[0], whole[0])
    assert pieces[1] == whole[1]


@pytest.mark.parametrize("constant", [5, 95, 100, 105, 1000])
@given(shares=cuts())
@settings(max_examples=20, deadline=None)
def test_scaling_after_a_constant_start_does_not_depend_on_the_cuts(constant: int, shares: list[float]) -> None:
    values = np.concatenate((np.full(constant, 3.0), np.random.default_rng(1).normal(size=200)))
    whole, pieces = _scale(values, 10, []), _scale(values, 10, shares)
    assert pieces[1] == whole[1]
    assert pieces[0].tolist() == whole[0].tolist()


@given(values=streams(segments=3, longest=200), warmup=st.integers(2, 150))
@settings(max_examples=60, deadline=None)
def test_scaling_is_standardising_by_the_warm_up(values: Floats, warmup: int) -> None:
    scaled, index = _scale(values, warmup, [])
    if len(values) < warmup or not np.ptp(values):
        assert len(scaled) == 0
        return
    head = values[:warmup] if np.ptp(values[:warmup]) else None
    if head is not None:
        assert index == list(range(len(values)))
        expected = np.clip((values - head.mean()) / head.std(), -LIMIT, LIMIT)
        np.testing.assert_allclose(scaled, expected, rtol=1e-6, atol=1e-6)
    assert np.abs(scaled).max() <= LIMIT


@given(values=streams(segments=3, longest=200), at=st.floats(0, 1), warmup=st.integers(0, 150))
@settings(max_examples=60, deadline=None)
def test_a_restored_scaler_goes_on_as_if_nothing_had_been(values: Floats, at: float, warmup: int) -> None:
    warmup = 0 if warmup == 1 else warmup
    first, second = cut(values, [at])
    scaler, other = Scaler(warmup), Scaler(warmup)
    scaler.scale(_column(first))
    text = json.dumps(scaler.state()).replace("NaN", "null")
    other.restore(json.loads(text))
    ours, theirs = other.scale(_column(second, len(first))), scaler.scale(_column(second, len(first)))
    np.testing.assert_array_equal(ours.values, theirs.values)
    np.testing.assert_array_equal(ours.index, theirs.index)
    assert other.ready == scaler.ready


def test_unscale_turns_back() -> None:
    values = np.random.default_rng(1).normal(1e6, 1e3, 500)
    scaler = Scaler(100)
    scaled = scaler.scale(_column(values))
    np.testing.assert_allclose([scaler.unscale(v) for v in scaled.values], values)


def test_what_is_held_of_a_constant_column_is_bounded() -> None:
    scaler = Scaler(10)
    for at in range(200):
        assert not len(scaler.scale(_column(np.full(7, 3.0), 7 * at)).values)
    assert len(str(scaler.state())) < 10_000


def test_without_warm_up_only_what_blinds_is_changed() -> None:
    values = np.array([1.5, -2.0, 1e99, 1e308, -1e308])
    assert Scaler(0).scale(_column(values)).values.tolist() == [1.5, -2.0, 1e99, RAW_LIMIT, -RAW_LIMIT]


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
def test_the_mean_since_a_change_at_any_scale(level: float, shift: float, after: int, exponent: int) -> None:
    values = np.random.default_rng(1).normal(size=300) + level
    values[-after:] += shift
    unit = 10.0**exponent
    found = mean_since_change(values * unit, level * unit, math.nan) / unit
    assert math.isclose(found, level + shift, abs_tol=1.2)


def test_too_few_values_say_nothing_of_a_change() -> None:
    assert mean_since_change(np.array([1.0, 2.0]), 0.0, otherwise=7.0) == 7.0
