"""Estimated performance: close to what the labels show, with an honest interval, or a reason why there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stream_monitor.performance.calibration import MAX_OUTCOMES, MAX_STEP, MIN_OUTCOMES
from stream_monitor.performance.estimated import EstimatedPerformance
from stream_monitor.testing import make_label, make_prediction
from tests.harness import run


def _scored(seed: int, count: int, *, shift: float = 0.0, begin: int = 0) -> list[dict[str, Any]]:
    """Return labelled predictions of a model whose scores are too sure of themselves."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(shift, 1.5, count)
    score = 1.0 / (1.0 + np.exp(-2.0 * logit))
    y_true = rng.random(count) < 1.0 / (1.0 + np.exp(-logit))
    return [
        make_prediction(begin + at, prediction=_name(score[at] > 0.5), score=score[at], label=_name(y_true[at]))
        for at in range(count)
    ]


def _name(value: Any) -> str:
    return "yes" if value else "no"


def _estimated(events: list[dict[str, Any]], **options: Any) -> EstimatedPerformance:
    pipeline, _ = run(events, detectors=[], **options)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    return monitor.estimated


def _without_labels(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in event.items() if name != "label"} for event in events]


def _accuracy(events: list[dict[str, Any]]) -> float:
    return float(np.mean([event["prediction"] == event["label"] for event in events]))


def test_the_estimate_is_what_the_labels_show() -> None:
    later = _scored(1, 5000, begin=5000)
    found = _estimated([*_scored(0, 5000), *_without_labels(later)], performance_window=5000)
    estimate = found.estimates()["rolling"]
    assert estimate.count == 5000
    assert abs(estimate.value - _accuracy(later)) < 0.01
    assert estimate.lower < _accuracy(later) < estimate.upper
    assert found.estimates()["cumulative"].count == 10_000
    assert found.estimates()["unlabelled"] == estimate
    assert "unlabelled" not in _estimated(later).estimates()


def test_a_shift_of_the_inputs_is_seen_before_labels_come() -> None:
    later = _scored(1, 2000, shift=2.5, begin=5000)
    before = _estimated(_scored(0, 5000)).estimates()["rolling"]
    after = _estimated([*_scored(0, 5000), *_without_labels(later)], performance_window=2000).estimates()["rolling"]
    assert after.value - before.value > 0.1
    assert abs(after.value - _accuracy(later)) < 0.02
    assert after.shift > 0.3
    assert after.upper - after.lower > 1.5 * (before.upper - before.lower)


def test_nine_intervals_in_ten_or_more_have_the_accuracy_that_the_labels_show() -> None:
    hits = 0
    for seed in range(40):
        later = _scored(1000 + seed, 1000, begin=2000)
        estimate = _estimated([*_scored(seed, 2000), *_without_labels(later)]).estimates()["rolling"]
        hits += estimate.lower <= _accuracy(later) <= estimate.upper
    assert hits >= 36


@pytest.mark.parametrize("is_map", [False, True])
def test_scores_of_several_classes(is_map: bool) -> None:
    rng = np.random.default_rng(0)
    events = []
    for at in range(6000):
        p = rng.dirichlet([1.0, 1.0, 1.0, 1.0])
        y_pred, label = int(np.argmax(p)), int(rng.choice(4, p=p))
        score = {str(k): float(each) for k, each in enumerate(p)} if is_map else float(p.max())
        events.append(make_prediction(at, prediction=str(y_pred), score=score, label=str(label)))
    found = _estimated([*events[:4000], *_without_labels(events[4000:])], performance_window=2000)
    assert abs(found.estimates()["rolling"].value - _accuracy(events[4000:])) < 0.02


def test_the_error_is_of_what_was_expected_when_it_was_predicted() -> None:
    """Labels of changed outcomes do not change what was expected of the predictions before."""
    first, later = _scored(0, 4000), _scored(1, 1000, begin=4000)
    wrong = [make_label(4000 + at, _name(event["label"] == "no")) for at, event in enumerate(later)]
    found = _estimated([*first, *_without_labels(later), *wrong])
    expected = _estimated([*first, *_without_labels(later)]).estimates()["rolling"].value
    error = found.errors()["rolling"]
    assert error.count == 1000
    assert error.value == pytest.approx(expected - (1.0 - _accuracy(later)), abs=0.02)
    assert error.value > 0.4


def test_past_errors_widen_the_interval() -> None:
    first = _scored(0, 4000)
    flipped = [{**event, "label": _name(event["label"] == "no")} for event in _scored(1, 3000, begin=4000)]
    before, after = _estimated(first), _estimated([*first, *flipped])
    widths = [each.upper - each.lower for each in (found.estimates()["rolling"] for found in (before, after))]
    assert widths[1] > 3.0 * widths[0]


def test_the_calibration_is_that_of_the_newest_outcomes() -> None:
    found = _estimated([*_scored(0, 1000), *_scored(1, MAX_OUTCOMES + 2 * MAX_STEP, begin=1000)])
    curve = found._calibration.curve
    assert curve
    assert MAX_OUTCOMES <= curve.outcomes < MAX_OUTCOMES + MAX_STEP


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "no prediction has a score"),
        ({"score": 7.0}, "the scores are no probabilities: all are below 0 or above 1"),
        ({"score": 0.7}, f"50 scored predictions have a label, {MIN_OUTCOMES} are needed"),
    ],
)
def test_without_a_calibration_there_is_a_reason_and_no_estimate(fields: dict[str, Any], why: str) -> None:
    found = _estimated([make_prediction(at, label="yes", **fields) for at in range(50)])
    assert found.why_not() == why
    assert found.estimates() == {}
    assert found.errors() == {}


def test_a_regression_has_no_estimate() -> None:
    events = [make_prediction(at, prediction=1.0, label=2.0, score=0.5) for at in range(500)]
    found = _estimated(events, task="regression")
    assert found.estimates() == {}
    assert found.why_not() == "a regression has no score that tells how sure a prediction is"


def test_predictions_without_a_score_are_left_out() -> None:
    events = _scored(0, 1000)
    for event in events[::2]:
        del event["score"]
    found = _estimated(events, performance_window=5000)
    assert found.estimates()["cumulative"].count == 500


def test_only_scores_of_one_value() -> None:
    events = [make_prediction(at, score=1.0, label=_name(at % 10)) for at in range(1000)]
    estimate = _estimated(events).estimates()["rolling"]
    assert estimate.value == pytest.approx(0.9, abs=0.001)
    assert estimate.shift == 0.0
