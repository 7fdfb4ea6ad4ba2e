"""Baselines beside the model: a naive rewrite, scikit-learn, any cut of the stream, and restarts."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import accuracy_score, cohen_kappa_score, mean_absolute_error, root_mean_squared_error

from stream_monitor.core.event_batch import rows_by_version
from stream_monitor.core.events import ModelVersion, Outcome, Target
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.performance.baseline import Baselines, BaselineSettings
from stream_monitor.performance.baseline_result import BaselineResult
from stream_monitor.performance.payoff import Payoff
from stream_monitor.performance.realized import make_performance
from tests.examples import examples

KEY = ModelVersion("m", "1")
WINDOW, DECAY = 20, 0.9
CLASSES: Sequence[Target] = ["a", "b", "c", 1, True, "1", 2.5]
#: Classes beyond those that have a code of their own, too.
MANY: Sequence[Target] = [f"c{number}" for number in range(24)]
PAYOFF = Payoff.parse("a,a=10;a,b=-5;c,b=0.25")


def _pairs(values: Sequence[Any]) -> st.SearchStrategy[list[tuple[Any, Any]]]:
    return st.lists(st.tuples(st.sampled_from(values), st.sampled_from(values)), min_size=1, max_size=80)


class _Run:
    """The performance and the baselines of one version, updated in batches and with restarts between them."""

    def __init__(self, task: Any = "classification", kind: Any = "trivial") -> None:
        self.task, self.kind = task, kind
        self._make()

    def _make(self) -> None:
        self.performance = make_performance(self.task, WINDOW, DECAY)
        self.baselines = Baselines(BaselineSettings(self.kind, payoff=PAYOFF), self.task, WINDOW, DECAY)

    def update(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        outcomes = [Outcome(KEY, at, None, y_pred, y_true, None) for at, (y_true, y_pred) in enumerate(pairs)]
        batch = OutcomeBatch.of(outcomes, [0] * len(outcomes))
        assert [key for key, _ in rows_by_version(batch)] == [KEY]
        self.baselines.update(batch, self.performance.update(batch.y_true, batch.y_pred))

    def restart(self) -> None:
        saved = json.loads(json.dumps([self.performance.state(), self.baselines.state()], allow_nan=False))
        self._make()
        self.performance.restore(saved[0])
        self.baselines.restore(saved[1])

    def results(self) -> dict[str, BaselineResult]:
        return {each.name: each for each in self.baselines.results(self.performance.classes)}


def _run(pairs: Sequence[tuple[Any, Any]], cuts: Sequence[int] = (), task: Any = "classification") -> _Run:
    run = _Run(task)
    bounds = sorted({0, len(pairs), *(cut for cut in cuts if cut < len(pairs))})
    for begin, end in pairwise(bounds):
        run.update(pairs[begin:end])
        run.restart()
    return run


def _naive_majority(labels: Sequence[Target]) -> Target:
    """Return the most frequent label; of several, the one that came first."""
    counts: dict[Target, int] = {}
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
    return max(counts, key=lambda label: counts[label])


@given(_pairs(CLASSES), st.lists(st.integers(1, 80)))
@settings(max_examples=examples(100), deadline=None)
def test_classes_are_predicted_as_a_naive_rewrite_does(pairs: list[tuple[Any, Any]], cuts: list[int]) -> None:
    truth, found = [y_true for y_true, _ in pairs], _run(pairs, cuts).results()
    naive = {
        "majority_class": [_naive_majority(truth[:at]) for at in range(1, len(truth))],
        "last_label": truth[:-1],
    }
    assert found.keys() == naive.keys()
    for name, predicted in naive.items():
        model = [y_pred for _, y_pred in pairs[1:]]
        _compare_classes(found[name], truth[1:], model, predicted)


def _compare_classes(result: BaselineResult, truth: list[Any], model: list[Any], baseline: list[Any]) -> None:
    count = len(truth)
    assert result.outcomes == count
    if not count:
        assert result.verdict == "undecided" and math.isnan(result.difference)
        return
    for begin, window in ((0, "cumulative"), (max(count - WINDOW, 0), "rolling")):
        of_model, of_baseline = (
            sum(each == label for each, label in zip(given[begin:], truth[begin:], strict=True)) / (count - begin)
            for given in (model, baseline)
        )
        assert result.model["accuracy"][window] == of_model
        assert result.performance["accuracy"][window] == of_baseline
        skill = result.skill["accuracy"][window]
        expected = (of_model - of_baseline) / (1.0 - of_baseline) if of_baseline < 1.0 else math.nan
        assert skill == pytest.approx(expected, nan_ok=True)
        paid = [PAYOFF_OF.get((given, label), 0.0) for given, label in zip(map(str, baseline), truth, strict=True)]
        assert result.payoff[window] == pytest.approx(sum(paid[begin:]) / (count - begin))
    assert result.difference == pytest.approx(
        result.model["accuracy"]["cumulative"] - result.performance["accuracy"]["cumulative"]
    )
    assert result.bounds.lower <= result.difference <= result.bounds.upper


PAYOFF_OF = {("a", "a"): 10.0, ("a", "b"): -5.0, ("c", "b"): 0.25}


@given(_pairs(MANY), st.lists(st.integers(1, 80)))
@settings(max_examples=examples(50), deadline=None)
def test_last_labels_without_a_code_are_compared_as_they_are(pairs: list[tuple[Any, Any]], cuts: list[int]) -> None:
    result = _run(pairs, cuts).results()["last_label"]
    truth = [y_true for y_true, _ in pairs]
    if result.outcomes:
        right = sum(one == other for one, other in pairwise(truth))
        assert result.performance["accuracy"]["cumulative"] == right / (len(truth) - 1)


@given(_pairs(["a", "b", "c"]))
@settings(max_examples=examples(20), deadline=None)
def test_classes_are_predicted_as_scikit_learn_does(pairs: list[tuple[Any, Any]]) -> None:
    """Its classifier of the most frequent class, refitted before each outcome, takes the first of several by name."""
    pairs = [("a", "a"), ("b", "b"), ("c", "c"), *pairs]
    truth = [y_true for y_true, _ in pairs]
    predicted = []
    for at in range(1, len(truth)):
        dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((at, 1)), truth[:at])
        predicted += dummy.predict(np.zeros((1, 1))).tolist()
    result = _run(pairs).results()["majority_class"]
    assert result.performance["accuracy"]["cumulative"] == pytest.approx(accuracy_score(truth[1:], predicted))
    for found, given_ in ((result.performance, predicted), (result.model, [y_pred for _, y_pred in pairs[1:]])):
        expected = cohen_kappa_score(truth[1:], given_)
        assert found["kappa"].get("cumulative", math.nan) == pytest.approx(expected, nan_ok=True)


NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=80), st.lists(st.integers(1, 80)))
@settings(max_examples=examples(100), deadline=None)
def test_numbers_are_predicted_as_a_naive_rewrite_does(pairs: list[tuple[float, float]], cuts: list[int]) -> None:
    truth = [y_true for y_true, _ in pairs]
    found = _run(pairs, cuts, "regression").results()
    means = []
    for at in range(1, len(truth)):
        means += DummyRegressor().fit(np.zeros((at, 1)), truth[:at]).predict(np.zeros((1, 1))).tolist()
    naive = {"running_mean": means, "last_label": truth[:-1]}
    assert found.keys() == naive.keys()
    for name, predicted in naive.items():
        _compare_numbers(found[name], truth[1:], [y_pred for _, y_pred in pairs[1:]], predicted)


def _compare_numbers(result: BaselineResult, truth: list[float], model: list[float], baseline: list[float]) -> None:
    assert result.outcomes == len(truth)
    if not truth:
        return
    tolerance: dict[str, Any] = {"rel": 1e-9, "abs": 1e-6}
    for found, given_ in ((result.performance, baseline), (result.model, model)):
        assert found["mae"]["cumulative"] == pytest.approx(mean_absolute_error(truth, given_), **tolerance)
        assert found["rmse"]["rolling"] == pytest.approx(
            root_mean_squared_error(truth[-WINDOW:], given_[-WINDOW:]), **tolerance
        )
    errors = result.performance["mae"]["cumulative"], result.model["mae"]["cumulative"]
    assert result.difference == pytest.approx(errors[0] - errors[1], **tolerance)
    if errors[0] > 1e-3:
        assert result.skill["mae"]["cumulative"] == pytest.approx(1.0 - errors[1] / errors[0])


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(1, 3_000), max_size=6),
    st.sampled_from(("classification", "regression")),
)
@settings(max_examples=examples(25), deadline=None)
def test_the_state_is_the_same_wherever_the_stream_is_cut(seed: int, cuts: list[int], task: str) -> None:
    rng = np.random.default_rng(seed)
    if task == "regression":
        pairs: list[Any] = list(zip(*rng.lognormal(3.0, 2.0, (2, 3_000)).tolist(), strict=True))
    else:
        pairs = list(zip(*rng.choice(MANY, (2, 3_000), p=rng.dirichlet(np.ones(24))).tolist(), strict=True))
    whole = _Run(task)
    whole.update(pairs)
    pieces = _run(pairs, cuts, task)
    assert pieces.baselines.state() == whole.baselines.state()
    assert repr(pieces.results()) == repr(whole.results())


def test_no_baseline_runs_where_none_is_asked_for() -> None:
    run = _Run(kind="none")
    run.update([("a", "a")])
    assert run.results() == {} and run.baselines.state() == {}
