"""Fairness: equal to fairlearn on the same rows, and the same however the stream is cut or stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import fairlearn.metrics as fair
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_score

from stream_monitor.performance.fairness import Fairness, FairnessSettings
from stream_monitor.performance.group_gaps import gaps
from stream_monitor.performance.group_measures import BY_NAME, GroupCounts, mean_residual
from stream_monitor.performance.groups import Grouping
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from stream_monitor.testing import make_label, make_prediction
from tests.examples import examples
from tests.harness import run

ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["yes", "no"]), st.sampled_from(["yes", "no"])),
    min_size=1,
    max_size=60,
)
SEX = FairnessSettings([Grouping.parse("sex", "groups.sex")], positive="yes", min_count=1)
#: fairlearn's gaps, by the names that they have here.
GAPS: dict[str, Callable[..., float]] = {
    "statistical_parity_difference": fair.demographic_parity_difference,
    "disparate_impact_ratio": fair.demographic_parity_ratio,
    "equal_opportunity_difference": fair.equal_opportunity_difference,
    "equalized_odds_difference": fair.equalized_odds_difference,
}
MEASURES: dict[str, Callable[..., float]] = {
    "accuracy": accuracy_score,
    "selection_rate": lambda y_true, y_pred: fair.selection_rate(y_true, y_pred, pos_label=1),
    "true_positive_rate": fair.true_positive_rate,
    "false_positive_rate": fair.false_positive_rate,
    "precision": lambda y_true, y_pred: precision_score(y_true, y_pred, zero_division=0.0),
}


def _counts(
    rows: Sequence[tuple[str, Any, Any]], compared: FairnessSettings, **options: Any
) -> dict[str, GroupCounts]:
    events = [
        make_prediction(at, prediction=y_pred, label=y_true, groups={"sex": group})
        for at, (group, y_true, y_pred) in enumerate(rows)
    ]
    pipeline, _ = run(events, fairness=compared, detectors=[], **options)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    return dict(monitor.fairness.counts()["sex"][options.get("window", "cumulative")])


@given(ROWS)
@settings(max_examples=examples(60), deadline=None)
def test_the_figures_are_those_of_fairlearn(rows: list[tuple[str, str, str]]) -> None:
    found = _counts(rows, SEX)
    groups = [group for group, _, _ in rows]
    y_true, y_pred = (np.array([row[at] == "yes" for row in rows], int) for at in (1, 2))
    frame = fair.MetricFrame(metrics=MEASURES, y_true=y_true, y_pred=y_pred, sensitive_features=groups)
    defined = dict.fromkeys(MEASURES, True)
    for group, counts in found.items():
        for name in MEASURES:
            value = BY_NAME[name].value(counts)
            if np.isnan(value):  # fairlearn has 0 where there is none
                defined[name] = False
            else:
                assert abs(value - frame.by_group[name][group]) <= 1e-12
    _compare_gaps(found, defined, y_true, y_pred, groups)


def _compare_gaps(
    found: dict[str, GroupCounts], defined: dict[str, bool], y_true: Any, y_pred: Any, groups: list[str]
) -> None:
    mine = gaps(found, "classification", 1)
    if len(found) == 1:
        assert mine == {}
        return
    rates = defined["true_positive_rate"], defined["false_positive_rate"]
    is_defined = dict(zip(GAPS, (True, any(y_pred), rates[0], all(rates)), strict=True))
    for name, expected in GAPS.items():
        if is_defined[name]:
            value = expected(y_true, y_pred, sensitive_features=groups)
            assert abs(mine[name].estimate.value - value) <= 1e-12
    frame = fair.MetricFrame(metrics=accuracy_score, y_true=y_true, y_pred=y_pred, sensitive_features=groups)
    assert abs(mine["accuracy_gap"].estimate.value - frame.difference()) <= 1e-12


@given(st.lists(st.tuples(st.sampled_from("abc"), *[st.floats(-100.0, 100.0)] * 2), min_size=1, max_size=60))
@settings(max_examples=examples(30), deadline=None)
def test_the_mean_residual_is_that_of_the_rows(rows: list[tuple[str, float, float]]) -> None:
    found = _counts(rows, SEX, task="regression")
    for group, counts in found.items():
        residuals = [y_true - y_pred for name, y_true, y_pred in rows if name == group]
        assert abs(mean_residual(counts) - float(np.mean(residuals))) <= 1e-12 * 200.0


def _stream(seed: int, count: int = 400) -> list[dict[str, Any]]:
    """Return events of two versions with more values than have a code, and labels at times of their own."""
    rng = np.random.default_rng(seed)
    events: list[dict[str, Any]] = []
    for at in range(count):
        groups = {"sex": rng.choice(["f", "m"]), "zip": str(rng.integers(0, 40))} if rng.random() < 0.9 else {}
        given = {"groups": groups, "features": {"age": float(rng.integers(20, 60))}, "version": str(rng.integers(2))}
        events.append(make_prediction(at, prediction=str(rng.choice(["yes", "no", "maybe"])), **given))
        if rng.random() < 0.9:
            events.append(make_label(int(max(at - rng.integers(-3, 40), 0)), str(rng.choice(["yes", "no"]))))
    return events


@given(st.integers(0, 2**32 - 1), st.sampled_from((1, 7, 64)), st.sampled_from(("classification", "regression")))
@settings(max_examples=examples(12), deadline=None)
def test_the_counts_are_the_same_however_the_stream_is_cut(seed: int, batch_size: int, task: str) -> None:
    compared = FairnessSettings(
        [
            Grouping.parse("sex", "groups.sex"),
            Grouping.parse("zip", "groups.zip"),
            Grouping.parse("age", "features.age:30"),
        ],
        True,
        "yes",
        1,
    )
    events = _stream(seed)
    if task == "regression":
        events = [_as_numbers(event) for event in events]
    options: dict[str, Any] = {"fairness": compared, "detectors": [], "task": task, "performance_window": 50}
    states = []
    for size in (batch_size, 10_000):
        pipeline, _ = run(events, batch_size=size, **options)
        monitors = pipeline.processor.fleet.monitors
        states.append(json.dumps({str(key): monitor.fairness.state() for key, monitor in sorted(monitors.items())}))
        _check_totals(pipeline)
    assert states[0] == states[1]


@given(st.integers(0, 2**32 - 1), st.sampled_from((1, 7, 64)), st.sampled_from((2, 40)), st.booleans())
@settings(max_examples=examples(10), deadline=None)
def test_detections_are_the_same_however_the_stream_is_cut(
    seed: int, batch_size: int, warmup: int, is_regression: bool
) -> None:
    groupings = [Grouping.parse("sex", "groups.sex"), Grouping.parse("age", "features.age:30,40")]
    options: dict[str, Any] = {"fairness": FairnessSettings(groupings, False, "yes", 5), "warmup": warmup}
    options |= {"detectors": ["glr:threshold=3"], "task": "regression" if is_regression else "classification"}
    events = [_as_numbers(event) if is_regression else event for event in _stream(seed, 1200)]
    whole, expected = run(events, batch_size=5000, side_by_side=False, **options)
    pieces, found = run(events, batch_size=batch_size, **options)
    assert found == expected
    assert _outputs(pieces) == _outputs(whole)


def _outputs(pipeline: Any) -> str:
    monitors = pipeline.processor.fleet.monitors
    return json.dumps([monitor._outputs.state() for _, monitor in sorted(monitors.items())], default=list)


def _as_numbers(event: dict[str, Any]) -> dict[str, Any]:
    return {name: len(value) / 3 if name in ("prediction", "label") else value for name, value in event.items()}


def _check_totals(pipeline: Any) -> None:
    """Each prediction and each outcome is counted once in every group."""
    for model in SnapshotTaker(pipeline).take().models:
        assert model.fairness
        for windows in model.fairness.groups.values():
            total = GroupCounts.total(windows["cumulative"].values())
            assert (total.predictions, total.outcomes) == (model.predictions, model.performance.totals["outcomes"])
            newest = GroupCounts.total(windows["rolling"].values())
            assert (newest.predictions, newest.outcomes) == (min(total.predictions, 50), min(total.outcomes, 50))


@given(st.integers(0, 2**32 - 1), st.integers(1, 399))
@settings(max_examples=examples(12), deadline=None)
def test_what_is_saved_comes_back(seed: int, cut: int) -> None:
    pipeline, _ = run(_stream(seed)[:cut], fairness=SEX, detectors=[])
    (first, *_) = pipeline.processor.fleet.monitors.values()
    saved = json.loads(json.dumps(first.fairness.state()))
    other = Fairness(SEX, "classification", 1000)
    other.restore(saved)
    assert other.state() == first.fairness.state()
    assert other.counts() == first.fairness.counts()
    Fairness(FairnessSettings(), "classification", 1000).restore(saved)
