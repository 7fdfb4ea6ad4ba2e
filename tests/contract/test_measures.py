"""Every measure of performance is its naive formula over labels and predictions, for any batches and restarts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stream_monitor.performance.measures import CLASSIFICATION, EXPORTED_SUMS, MEASURES, MeasureTable, evaluate
from stream_monitor.performance.realized import Performance, make_performance
from stream_monitor.server.catalog import CATALOG, PERFORMANCE_ERROR, PERFORMANCE_RATIO

COUNT = 500
ROLLING, DECAY = 100, 0.99

#: Each measure from scratch: of labels, predictions and weights of outcomes, shape (n,) each.
NAIVE: dict[str, Callable[[Any, Any, Any], float]] = {
    "accuracy": lambda y_true, y_pred, w: np.average(y_true == y_pred, weights=w),
    "mae": lambda y_true, y_pred, w: np.average(np.abs(y_true - y_pred), weights=w),
    "rmse": lambda y_true, y_pred, w: math.sqrt(np.average((y_true - y_pred) ** 2, weights=w)),
    "r2": lambda y_true, y_pred, w: 1.0 - np.average((y_true - y_pred) ** 2, weights=w) / _variance(y_true, w),
}


def _variance(values: Any, weights: Any) -> float:
    return float(np.average((values - np.average(values, weights=weights)) ** 2, weights=weights))


def _is_of(name: str, table: MeasureTable[Any]) -> bool:
    return any(measure.name == name for measure in table.measures)


def _performance(name: str) -> Performance:
    return make_performance("classification" if _is_of(name, CLASSIFICATION) else "regression", ROLLING, DECAY)


def _outcomes(name: str, count: int = COUNT) -> tuple[list[Any], list[Any]]:
    rng = np.random.default_rng(7)
    if _is_of(name, CLASSIFICATION):
        return rng.choice(["yes", "no"], count).tolist(), rng.choice(["yes", "no"], count).tolist()
    y_true = rng.normal(50.0, 10.0, count)
    return y_true.tolist(), (y_true + rng.normal(1.0, 4.0, count)).tolist()


def _updated(name: str, *cuts: int) -> Performance:
    performance, (y_true, y_pred) = _performance(name), _outcomes(name)
    for start, end in zip((0, *cuts), (*cuts, COUNT), strict=True):
        performance.update_many(y_true[start:end], y_pred[start:end])
    return performance


def test_every_measure_has_a_naive_formula() -> None:
    assert set(NAIVE) == set(MEASURES)


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_its_naive_formula_in_every_window(name: str) -> None:
    y_true, y_pred = map(np.array, _outcomes(name))
    ones = np.ones(COUNT)
    assert _updated(name, 30, 31, 200).measures()[name] == pytest.approx(
        {
            "cumulative": NAIVE[name](y_true, y_pred, ones),
            "rolling": NAIVE[name](y_true[-ROLLING:], y_pred[-ROLLING:], ones[-ROLLING:]),
            "decayed": NAIVE[name](y_true, y_pred, DECAY ** np.arange(COUNT)[::-1]),
        }
    )


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_has_a_value_within_its_bounds_in_every_window(name: str) -> None:
    values = _updated(name).measures()[name]
    measure = MEASURES[name]
    assert set(values) == {"cumulative", "rolling", "decayed"}
    lowest = -math.inf if measure.minimum is None else measure.minimum
    highest = math.inf if measure.maximum is None else measure.maximum
    assert all(lowest <= value <= highest for value in values.values())


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_has_no_value_before_the_first_outcome_and_one_after_it(name: str) -> None:
    performance, (y_true, y_pred) = _performance(name), _outcomes(name, 1)
    assert performance.measures() == {}
    performance.update_many(y_true, y_pred)
    assert isinstance(performance.measures()[name]["cumulative"], float)


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_does_not_depend_on_batches(name: str) -> None:
    assert _updated(name, 1, 120, 333).measures()[name] == _updated(name).measures()[name]


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_the_same_after_a_restart(name: str) -> None:
    performance, (y_true, y_pred) = _performance(name), _outcomes(name)
    performance.update_many(y_true[:200], y_pred[:200])
    restored = _performance(name)
    restored.restore(json.loads(json.dumps(performance.state(), allow_nan=False)))
    restored.update_many(y_true[200:], y_pred[200:])
    assert restored.measures()[name] == _updated(name).measures()[name]


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_over_versions_is_that_of_their_totals_where_all_its_sums_are_exported(name: str) -> None:
    totals = _updated(name).totals()
    combined = evaluate({each: 2 * total for each, total in totals.items()})
    if set(MEASURES[name].sums) <= {"outcomes", *EXPORTED_SUMS}:
        assert combined[name] == pytest.approx(_updated(name).measures()[name]["cumulative"])
    else:
        assert name not in combined


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_documented(name: str) -> None:
    metric, other = PERFORMANCE_RATIO, PERFORMANCE_ERROR
    if not MEASURES[name].is_unitless:
        metric, other = other, metric
    assert name in re.findall(r"\w+", metric.help)
    assert name not in re.findall(r"\w+", other.help)
    assert MEASURES[name].description


@pytest.mark.parametrize("name", EXPORTED_SUMS)
def test_a_sum_that_adds_up_is_a_counter(name: str) -> None:
    (metric,) = (each for each in CATALOG if each.name == f"stream_monitor_outcomes_{name}_total")
    assert (metric.kind, metric.help) == ("counter", EXPORTED_SUMS[name])
