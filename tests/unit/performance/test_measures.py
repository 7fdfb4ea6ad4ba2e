"""The tables of measures, and everything derived from an entry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stream_monitor.performance.measures import (
    CLASSIFICATION,
    EXPORTED_SUMS,
    MEASURES,
    REGRESSION,
    ClassOutcomes,
    MeasureTable,
    NumericOutcomes,
    evaluate,
)
from stream_monitor.performance.realized import Regression


def _batch() -> NumericOutcomes:
    y_true, y_pred = np.array([5.0, 7.0, 3.0]), np.array([4.0, 9.0, 3.0])
    return NumericOutcomes(y_true, y_pred, np.abs(y_true - y_pred), y_true - y_true[0])


def test_rows_are_ones_and_the_values_of_each_sum() -> None:
    np.testing.assert_array_equal(REGRESSION.rows(_batch()), [[1, 1, 1], [1, 2, 0], [1, 4, 0], [0, 2, -2], [0, 4, 4]])
    outcomes = ClassOutcomes(["a", "b"], ["a", "a"], np.array([1.0, 0.0]))
    np.testing.assert_array_equal(CLASSIFICATION.rows(outcomes), [[1, 1], [1, 0]])


@pytest.mark.parametrize("table", [CLASSIFICATION, REGRESSION], ids=["classification", "regression"])
def test_every_measure_takes_sums_of_its_table(table: MeasureTable[ClassOutcomes]) -> None:
    assert all(set(measure.sums) <= set(table.names) for measure in table.measures)
    assert len(set(table.names)) == len(table.names)


def test_a_name_is_that_of_one_measure() -> None:
    assert len(MEASURES) == len(CLASSIFICATION.measures) + len(REGRESSION.measures)


def test_measures_are_evaluated_where_all_their_sums_are_given() -> None:
    sums = dict(zip(REGRESSION.names, REGRESSION.rows(_batch()).sum(axis=1).tolist(), strict=True))
    assert evaluate(sums) == {"mae": 1.0, "rmse": math.sqrt(5 / 3), "r2": 1 - 5 / 8}
    assert evaluate({name: value for name, value in sums.items() if name in EXPORTED_SUMS}) == {}
    assert set(evaluate({"outcomes": 2.0, "absolute_error": 1.0})) == {"mae"}
    assert evaluate({"outcomes": 2.0, "correct": 1.0}) == {"accuracy": 0.5}


def test_without_outcomes_there_is_no_measure() -> None:
    assert evaluate({}) == evaluate({"outcomes": 0.0, "correct": 0.0}) == {}


@pytest.mark.parametrize("constant", [48.7, 1e-9, 1e9 / 3])
@pytest.mark.parametrize("decay", [0.5, 0.999])
def test_a_constant_target_after_another_first_label_has_no_r2(constant: float, decay: float) -> None:
    """The rolling window holds constant labels only, and what rounding leaves of their deviation is no deviation."""
    performance = Regression(1000, decay)
    performance.update_many([51.26], [50.0])
    for _ in range(30):
        performance.update_many([constant] * 100, [constant + 1.0] * 100)
    assert math.isnan(performance.measures()["r2"]["rolling"])


def test_a_target_that_varies_far_from_the_first_label_has_an_r2() -> None:
    rng = np.random.default_rng(1)
    y_true = 1000.0 + rng.normal(size=1000)
    performance = Regression(1000, 0.999)
    performance.update_many([0.0], [0.0])
    performance.update_many(y_true.tolist(), (y_true + 0.1 * rng.normal(size=1000)).tolist())
    assert performance.measures()["r2"]["rolling"] == pytest.approx(0.99, abs=0.003)
