"""Performance against river's metrics, numpy, and naive loops."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import river.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.performance.realized import Classification, Performance, Regression, make_performance
from tests.examples import examples

CLASSES = st.sampled_from(("yes", "no", 1, 0, 2.5))
PAIRS = st.lists(st.tuples(CLASSES, CLASSES), min_size=1, max_size=60)
NUMBERS = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
TARGETS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=60)
CUTS = st.lists(st.integers(0, 60), max_size=6)
WINDOW = st.integers(1, 20)
DECAY = st.floats(0.5, 0.999)


def _feed(performance: Performance, pairs: Sequence[tuple[Any, Any]], cuts: Sequence[int]) -> list[float]:
    """The error signal of all batches; empty batches are not handed over, as in the monitor."""
    errors: list[float] = []
    edges = [0, *sorted(min(cut, len(pairs)) for cut in cuts), len(pairs)]
    for start, end in itertools.pairwise(edges):
        if end > start:
            y_true, y_pred = zip(*pairs[start:end], strict=True)
            errors += performance.update_many(y_true, y_pred).tolist()
    return errors


def _accuracy(pairs: Sequence[tuple[Any, Any]]) -> float:
    return sum(y_true == y_pred for y_true, y_pred in pairs) / len(pairs)


def _regression(pairs: Sequence[tuple[float, float]], weights: Sequence[float]) -> dict[str, float]:
    y_true, y_pred = np.array(pairs).T
    w = np.array(weights)
    mean = np.average(y_true, weights=w)
    deviation, squared = float((w * (y_true - mean) ** 2).sum()), (y_true - y_pred) ** 2
    return {
        "mae": float(np.average(np.abs(y_true - y_pred), weights=w)),
        "rmse": math.sqrt(np.average(squared, weights=w)),
        "r2": 1 - float((w * squared).sum()) / deviation if np.ptp(y_true) > 1e-3 else math.nan,
    }


def _close(found: dict[str, float], expected: dict[str, float]) -> None:
    for name, value in expected.items():
        if name == "r2" and (math.isnan(value) or abs(value) > 1e3):
            continue  # hardly any deviation to divide by
        assert math.isclose(found[name], value, rel_tol=1e-6, abs_tol=1e-6), (name, found, expected)


@given(PAIRS, CUTS, WINDOW, DECAY)
@settings(max_examples=examples(150), deadline=None)
def test_accuracy_is_rivers_and_that_of_a_naive_loop(
    pairs: list[tuple[Any, Any]], cuts: list[int], window: int, decay: float
) -> None:
    performance = Classification(window, decay)
    errors = _feed(performance, pairs, cuts)
    theirs = river.metrics.Accuracy()
    right = weight = 0.0
    for y_true, y_pred in pairs:
        theirs.update(str(y_true), str(y_pred))
        right, weight = decay * right + (y_true == y_pred), decay * weight + 1
    measures = performance.measures()["accuracy"]
    assert math.isclose(measures["cumulative"], theirs.get())
    assert math.isclose(measures["rolling"], _accuracy(pairs[-window:]))
    assert math.isclose(measures["decayed"], right / weight, abs_tol=1e-12)
    assert errors == [float(y_true != y_pred) for y_true, y_pred in pairs]
    assert performance.totals() == {"outcomes": len(pairs), "correct": errors.count(0.0)}


@given(TARGETS, CUTS, WINDOW, DECAY)
@settings(max_examples=examples(150), deadline=None)
def test_regression_is_rivers_and_numpys(
    pairs: list[tuple[float, float]], cuts: list[int], window: int, decay: float
) -> None:
    performance = Regression(window, decay)
    errors = _feed(performance, pairs, cuts)
    found = performance.measures()
    theirs = {"mae": river.metrics.MAE(), "rmse": river.metrics.RMSE(), "r2": river.metrics.R2()}
    for y_true, y_pred in pairs:
        for metric in theirs.values():
            metric.update(y_true, y_pred)
    cumulative = {name: windows["cumulative"] for name, windows in found.items()}
    if np.ptp([y_true for y_true, _ in pairs]) > 1e-3:
        _close(cumulative, {name: metric.get() for name, metric in theirs.items()})
    _close(cumulative, _regression(pairs, [1.0] * len(pairs)))
    recent = pairs[-window:]
    _close({name: windows["rolling"] for name, windows in found.items()}, _regression(recent, [1.0] * len(recent)))
    fading = [decay**age for age in range(len(pairs))][::-1]
    _close({name: windows["decayed"] for name, windows in found.items()}, _regression(pairs, fading))
    assert errors == [abs(y_true - y_pred) for y_true, y_pred in pairs]


@given(TARGETS, CUTS, WINDOW, DECAY, st.sampled_from(("classification", "regression")))
@settings(max_examples=examples(150), deadline=None)
def test_no_bit_depends_on_the_cuts(
    pairs: list[tuple[float, float]], cuts: list[int], window: int, decay: float, task: str
) -> None:
    whole, pieces = make_performance(task, window, decay), make_performance(task, window, decay)
    assert _feed(whole, pairs, []) == _feed(pieces, pairs, cuts)
    assert repr(pieces.measures()) == repr(whole.measures())
    assert pieces.totals() == whole.totals()
    assert pieces.state() == whole.state()


@given(TARGETS, TARGETS, WINDOW, st.sampled_from(("classification", "regression")))
@settings(max_examples=examples(60), deadline=None)
def test_a_restored_performance_goes_on_as_if_nothing_had_been(
    first: list[tuple[float, float]], second: list[tuple[float, float]], window: int, task: str
) -> None:
    performance, other = make_performance(task, window, 0.9), make_performance(task, window, 0.9)
    _feed(performance, first, [])
    other.restore(json.loads(json.dumps(performance.state(), allow_nan=False)))
    _feed(performance, second, [])
    _feed(other, second, [])
    assert other.state() == performance.state()
    assert repr(other.measures()) == repr(performance.measures())


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_before_the_first_outcome(task: str) -> None:
    performance = make_performance(task, 10, 0.9)
    assert performance.measures() == {}
    assert set(performance.totals().values()) == {0.0}
    other = make_performance(task, 10, 0.9)
    other.restore(json.loads(json.dumps(performance.state())))
    assert other.state() == performance.state()


def test_a_constant_truth_has_no_r2() -> None:
    performance = Regression(10, 0.9)
    performance.update_many([5.0, 5.0], [4.0, 6.0])
    assert all(math.isnan(value) for value in performance.measures()["r2"].values())


def test_a_large_mean_costs_no_digits() -> None:
    rng = np.random.default_rng(1)
    y_true = 1e9 + rng.normal(size=2000)
    y_pred = y_true + 0.1 * rng.normal(size=2000)
    performance = Regression(5000, 0.999)
    performance.update_many(y_true.tolist(), y_pred.tolist())
    expected = _regression(list(zip(y_true, y_pred, strict=True)), [1.0] * 2000)["r2"]
    assert math.isclose(performance.measures()["r2"]["cumulative"], expected, rel_tol=1e-6)
