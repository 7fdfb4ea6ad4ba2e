"""The warm-up of a detector: the values it holds, and the transform that it learns or takes from a profile."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.change import Position
from stream_monitor.drift.context import RunnerContext
from stream_monitor.drift.transforms import (
    BinaryTransform,
    CategoryTransform,
    ScoreTransform,
    TopTransform,
    Transform,
)
from stream_monitor.drift.warmup import Learned, Warmup
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.reference import CategoricalReference, NumericReference

NUMBERS = frozenset({"number"})
PROFILE = NumericReference.learn(np.random.default_rng(1).normal(10.0, 2.0, size=1000))


def _column(values: Any, begin: int = 0) -> Column:
    """Return values whose positions are every third prediction, one of them in two seconds."""
    index = 3 * np.arange(begin, begin + len(values))
    return Column(np.asarray(values, dtype=float), index, index * 2.0)


def _learned(context: RunnerContext, values: Any, has_changed: bool = False, takes: Any = NUMBERS) -> Transform:
    warmup = Warmup(context, takes)
    warmup.has_changed = has_changed
    learned = warmup.add(_column(values))
    assert learned
    return learned.transform


@pytest.mark.parametrize("parts", [[7], [4, 3], [1, 1, 1, 1, 3], [3, 4], [3, 1, 3]])
def test_values_are_held_until_there_are_enough_and_then_fed_with_those_behind(parts: list[int]) -> None:
    context, values, at = RunnerContext("number", 4), np.arange(7.0) ** 2, 0
    warmup, learned = Warmup(context, NUMBERS), None
    for size in parts:
        again = Warmup(context, NUMBERS)
        again.restore(json.loads(json.dumps(warmup.state())))
        warmup = again
        learned = warmup.add(_column(values[at : at + size], at))
        at += size
        if learned:
            break
        assert warmup.state() is not None
    assert isinstance(learned, Learned) and at >= 4
    np.testing.assert_array_equal(learned.column, _column(values[:at]))
    assert learned.alarm == Position(9, 18.0, at - 4)
    assert warmup.state() is None
    scores = learned.transform.of(_column(values[:4]))
    np.testing.assert_array_equal(scores, ScoreTransform(NumericReference.learn(values[:4])).of(_column(values[:4])))


def test_without_a_warm_up_the_first_value_is_enough() -> None:
    learned = Warmup(RunnerContext("number", 0), NUMBERS).add(_column([3.0, 4.0]))
    assert learned and len(learned.measured) == 0
    assert learned.transform.of(learned.column).tolist() == [3.0, 4.0]


@pytest.mark.parametrize(
    ("mean", "has_changed", "is_profile"), [(10.0, False, True), (10.0, True, False), (30.0, False, False)]
)
def test_numbers_are_scored_by_the_profile_while_it_holds(mean: float, has_changed: bool, is_profile: bool) -> None:
    values: Floats = np.random.default_rng(2).normal(mean, 2.0, size=50)
    context = RunnerContext("number", 50, reference=PROFILE)
    reference = PROFILE if is_profile else NumericReference.learn(values)
    found = _learned(context, values, has_changed).of(_column(values))
    np.testing.assert_array_equal(found, ScoreTransform(reference).of(_column(values)))


@pytest.mark.parametrize(("outside", "is_profile"), [(9, True), (10, False)])
def test_a_profile_that_a_fifth_of_the_values_is_outside_of_is_not_used(outside: int, is_profile: bool) -> None:
    for far in (-100.0, 100.0):
        values = np.concatenate((np.linspace(6.0, 14.0, 50 - outside), np.full(outside, far)))
        found = _learned(RunnerContext("number", 50, reference=PROFILE), values).of(_column(values))
        expected = ScoreTransform(PROFILE if is_profile else NumericReference.learn(values)).of(_column(values))
        np.testing.assert_array_equal(found, expected)


def test_a_profile_of_two_values_makes_shares() -> None:
    reference = NumericReference.learn(np.array([2.0, 2.0, 4.0]))
    transform = _learned(RunnerContext("number", 4, reference=reference), [2.0, 2.5, 3.5, 4.0])
    assert isinstance(transform, BinaryTransform)
    assert transform.of(_column([2.0, 3.0, 3.1, 4.0])).tolist() == [0.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize(("takes", "kind"), [({"category"}, CategoryTransform), ({"share"}, TopTransform)])
def test_categories_have_the_rows_of_the_profile(takes: set[Any], kind: type[Transform]) -> None:
    encoder = CategoryEncoder()
    codes = encoder.column(["b"] * 5 + ["a"] * 3 + ["new"])
    reference = CategoricalReference.of_counts({"a": 9, "b": 5, "c": 1})
    context = RunnerContext("category", 9, reference=reference, categories=encoder)
    transform = _learned(context, codes, takes=takes)
    assert type(transform) is kind
    rows = transform.rows(encoder.column(["a", "b", "c", "new"]))  # type: ignore[attr-defined]
    assert rows.tolist() == [0.0, 1.0, 2.0, 4.0]
    learned = _learned(context, codes, has_changed=True, takes=takes)
    assert learned.rows(encoder.column(["b"])).tolist() == [0.0]  # type: ignore[attr-defined]


def test_categories_that_the_profile_does_not_know_are_learned() -> None:
    encoder = CategoryEncoder()
    codes = encoder.column(["x", "y", "x", "x"])
    reference = CategoricalReference.of_counts({"a": 9})
    context = RunnerContext("category", 4, reference=reference, categories=encoder)
    transform = _learned(context, codes, takes={"category"})
    assert transform.rows(codes).tolist() == [0.0, 1.0, 0.0, 0.0]  # type: ignore[attr-defined]
