"""Counts of groups: what is positive, which window, and the order in which values are seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import ModelVersion, Outcome, Prediction
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.performance.fairness import Fairness, FairnessSettings
from stream_monitor.performance.group_measures import GroupCounts
from stream_monitor.performance.groups import Grouping

KEY = ModelVersion("m", "1")
SEX = FairnessSettings([Grouping.parse("sex", "groups.sex")], positive="yes")


def _predictions(values: list[str], y_pred: Any = "yes") -> PredictionBatch:
    found = [Prediction(str(at), 0.0, KEY, y_pred, {}, subgroup=f"sex={value}") for at, value in enumerate(values)]
    return PredictionBatch.of(range(len(found)), found)


def _outcomes(values: list[str], before: int, y_pred: Any = "yes", y_true: Any = "yes") -> OutcomeBatch:
    found = [Outcome(KEY, 0, 0.0, y_pred, y_true, None, subgroup=f"sex={value}") for value in values]
    return OutcomeBatch.of(found, [before] * len(found))


def test_values_are_seen_in_the_order_of_the_stream() -> None:
    """Outcomes of predictions that were not counted here may bring values before any prediction does."""
    first, second = [f"p{at}" for at in range(15)], [f"o{at}" for at in range(15)]
    outcomes = _outcomes(second, before=0)
    one, other = (Fairness(SEX, "classification", 10) for _ in range(2))
    one.update(_predictions(first), np.arange(15), outcomes)
    other.update(_predictions([]), np.arange(0), outcomes)
    other.update(_predictions(first), np.arange(15), None)
    assert one.state() == other.state()
    assert list(one.counts()["sex"]["cumulative"]) == [*second, *first[:5], "other"]


@pytest.mark.parametrize(
    ("positive", "y_pred"),
    [("yes", "yes"), ("1", 1), ("1", 1.0), ("1", "1"), ("true", True), ("True", True), ("2.5", 2.5)],
)
def test_the_positive_class_is_known_in_all_its_spellings(positive: str, y_pred: Any) -> None:
    compared = FairnessSettings(SEX.groupings, positive=positive)
    fairness = Fairness(compared, "classification", 10)
    fairness.update(_predictions(["f"], y_pred), np.arange(1), _outcomes(["f"], 1, "no", y_pred))
    assert fairness.counts()["sex"]["cumulative"] == {"f": GroupCounts(1, 1, 1, 0, 1, 0, 0, 0)}


def test_predictions_of_no_group_are_missing() -> None:
    fairness = Fairness(SEX, "classification", 10)
    batch = PredictionBatch.of([0], [Prediction("r", 0.0, KEY, "yes", {})])
    fairness.update(batch, np.arange(1), OutcomeBatch.of([Outcome(KEY, 0, 0.0, "yes", "no", None)], [1]))
    assert fairness.counts()["sex"]["cumulative"] == {"missing": GroupCounts(1, 1, 1, 0, 0, 0, 1, 1)}


def test_the_rolling_window_has_the_newest_of_all_values() -> None:
    fairness = Fairness(SEX, "classification", 3)
    fairness.update(_predictions(["f", "f", "m", "f"]), np.arange(4), None)
    counts = fairness.counts()["sex"]
    assert {value: each.predictions for value, each in counts["rolling"].items()} == {"f": 2, "m": 1}
    assert {value: each.predictions for value, each in counts["cumulative"].items()} == {"f": 3, "m": 1}


def test_bins_are_in_order() -> None:
    compared = FairnessSettings([Grouping.parse("sex", "features.sex:1,2")])
    fairness = Fairness(compared, "classification", 3)
    fairness.update(_predictions([">=2", "<1"]), np.arange(2), None)
    assert list(fairness.counts()["sex"]["cumulative"]) == ["<1", ">=2"]


def test_the_intersection_needs_two_groups() -> None:
    assert list(FairnessSettings(SEX.groupings, intersections=True).paths) == ["sex"]
    both = FairnessSettings([*SEX.groupings, Grouping.parse("age", "features.age:30")], intersections=True)
    assert both.paths == {"sex": "groups.sex", "age": "features.age", "sex & age": "groups.sex, features.age"}
