"""The measures of classes against scikit-learn's, for any batches, windows and restarts."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from stream_monitor.performance import class_codes
from stream_monitor.performance.class_codes import OTHERS
from stream_monitor.performance.realized import Classification, Performance
from tests.examples import examples

CLASSES = ("yes", "no", 1, 0, 2.5, "1")
#: Few classes, of which many are absent from a window, or all of them.
PAIRS = st.integers(1, len(CLASSES)).flatmap(
    lambda count: st.lists(st.tuples(*[st.sampled_from(CLASSES[:count])] * 2), min_size=1, max_size=60)
)
CUTS = st.lists(st.integers(0, 60), max_size=6)
WINDOW = st.integers(1, 20)
DECAY = st.floats(0.5, 0.999)

#: Each average by scikit-learn: of codes and weights, shape (n,).
AVERAGES: dict[str, Callable[[Any, Any, Any], float]] = {
    "balanced_accuracy": lambda y, p, w: metrics.recall_score(
        y, p, labels=np.unique(y), average="macro", sample_weight=w
    ),
    "macro_precision": lambda y, p, w: metrics.precision_score(
        y, p, average="macro", sample_weight=w, zero_division=0
    ),
    "macro_recall": lambda y, p, w: metrics.recall_score(y, p, average="macro", sample_weight=w, zero_division=0),
    "macro_f1": lambda y, p, w: metrics.f1_score(y, p, average="macro", sample_weight=w, zero_division=0),
}


def _feed(performance: Performance, pairs: Sequence[tuple[Any, Any]], cuts: Sequence[int] = ()) -> None:
    edges = [0, *sorted(min(cut, len(pairs)) for cut in cuts), len(pairs)]
    for start, end in itertools.pairwise(edges):
        if end > start:
            performance.update_many(*zip(*pairs[start:end], strict=True))


def _windows(pairs: Sequence[Any], window: int, decay: float) -> dict[str, tuple[Sequence[Any], np.ndarray]]:
    """Return the outcomes of each window with their weights."""
    count = len(pairs)
    rolling = pairs[-window:]
    return {
        "cumulative": (pairs, np.ones(count)),
        "rolling": (rolling, np.ones(len(rolling))),
        "decayed": (pairs, decay ** np.arange(count)[::-1]),
    }


def _codes(pairs: Sequence[tuple[Any, Any]]) -> tuple[np.ndarray, np.ndarray]:
    codes = np.array([[CLASSES.index(value) for value in pair] for pair in pairs])
    return codes[:, 0], codes[:, 1]


def _name(value: Any, pairs: Sequence[tuple[Any, Any]]) -> str:
    """Return the name of a class: of 1 and "1" the later one has its type."""
    if str(value) != "1":
        return str(value)
    first = next(each for pair in pairs for each in pair if str(each) == "1")
    return "1" if value == first else f"1 ({type(value).__name__})"


def _close(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-12)


@given(PAIRS, CUTS, WINDOW, DECAY)
@settings(max_examples=examples(150), deadline=None)
def test_averages_are_those_of_scikit_learn(
    pairs: list[tuple[Any, Any]], cuts: list[int], window: int, decay: float
) -> None:
    performance = Classification(window, decay)
    _feed(performance, pairs, cuts)
    found = performance.measures()
    for name, (part, weights) in _windows(pairs, window, decay).items():
        y_true, y_pred = _codes(part)
        for measure, expected in AVERAGES.items():
            assert _close(found[measure][name], expected(y_true, y_pred, weights)), (measure, name)


@given(PAIRS, CUTS, WINDOW, DECAY)
@settings(max_examples=examples(150), deadline=None)
def test_kappa_is_that_of_scikit_learn(
    pairs: list[tuple[Any, Any]], cuts: list[int], window: int, decay: float
) -> None:
    performance = Classification(window, decay)
    _feed(performance, pairs, cuts)
    found = performance.measures().get("kappa", {})
    for name, (part, weights) in _windows(pairs, window, decay).items():
        y_true, y_pred = _codes(part)
        if len({*y_true.tolist(), *y_pred.tolist()}) == 1:
            assert name not in found
        elif name != "decayed":
            assert _close(found[name], metrics.cohen_kappa_score(y_true, y_pred))
        elif name in found:
            expected = metrics.cohen_kappa_score(y_true, y_pred, sample_weight=weights)
            assert math.isclose(found[name], expected, abs_tol=1e-6)


@given(PAIRS, CUTS, WINDOW, DECAY)
@settings(max_examples=examples(150), deadline=None)
def test_measures_of_a_class_are_those_of_scikit_learn(
    pairs: list[tuple[Any, Any]], cuts: list[int], window: int, decay: float
) -> None:
    performance = Classification(window, decay)
    _feed(performance, pairs, cuts)
    found = performance.class_measures()
    for name, (part, weights) in _windows(pairs, window, decay).items():
        y_true, y_pred = _codes(part)
        for code, value in enumerate(CLASSES):
            scores = metrics.precision_recall_fscore_support(
                y_true, y_pred, labels=[code], sample_weight=weights, zero_division=np.nan
            )
            of_class = found.get(_name(value, pairs), {}) if any(value in pair for pair in pairs) else {}
            for measure, (expected,) in zip(("precision", "recall", "f1"), scores[:3], strict=True):
                if math.isnan(expected):
                    assert name not in of_class.get(measure, {})
                else:
                    assert _close(of_class[measure][name], expected), (measure, name)


@given(PAIRS, CUTS)
@settings(max_examples=examples(100), deadline=None)
def test_the_confusion_matrix_is_that_of_scikit_learn(pairs: list[tuple[Any, Any]], cuts: list[int]) -> None:
    performance = Classification(10, 0.9)
    _feed(performance, pairs, cuts)
    expected = metrics.confusion_matrix(*_codes(pairs), labels=range(len(CLASSES)))
    names = [_name(value, pairs) if any(value in pair for pair in pairs) else None for value in CLASSES]
    found = performance.confusion()
    for (row, y_true), (column, y_pred) in itertools.product(enumerate(names), repeat=2):
        assert found.get((y_true, y_pred), 0) == expected[row, column]
    assert sum(found.values()) == len(pairs)


def _long(seed: int, count: int) -> list[tuple[int, int]]:
    rng = np.random.default_rng(seed)
    return list(zip(rng.integers(0, 30, count).tolist(), rng.integers(0, 30, count).tolist(), strict=True))


@given(st.integers(0, 1000), st.lists(st.integers(0, 5000), max_size=8), st.sampled_from((3, 1000, 2500)))
@settings(max_examples=examples(20), deadline=None)
def test_no_bit_depends_on_cuts_or_restarts(seed: int, cuts: list[int], window: int) -> None:
    """Over more outcomes than are added at once, and more classes than have a code."""
    pairs = _long(seed, 5000)
    whole, pieces = Classification(window, 0.999), Classification(window, 0.999)
    _feed(whole, pairs)
    for start, end in itertools.pairwise([0, *sorted(cuts), 5000]):
        if end > start:
            _feed(pieces, pairs[start:end])
            pieces, saved = Classification(window, 0.999), pieces.state()
            pieces.restore(json.loads(json.dumps(saved, allow_nan=False)))
    assert pieces.state() == whole.state()
    assert pieces.measures() == whole.measures()
    assert pieces.class_measures() == whole.class_measures()
    assert pieces.confusion() == whole.confusion()


def test_classes_past_the_bound_are_one() -> None:
    pairs = _long(1, 3000)
    performance = Classification(500, 0.999)
    _feed(performance, pairs)
    assert set(performance.measures()) == {"accuracy"}
    found = performance.class_measures()
    assert len(found) == class_codes.MAX_CLASSES + 1
    coded = list(dict.fromkeys(value for pair in pairs for value in pair))[: class_codes.MAX_CLASSES]
    others = [value for value in range(30) if value not in coded]
    scores = metrics.precision_recall_fscore_support(
        *map(np.array, zip(*pairs, strict=True)), labels=others, average="micro"
    )
    assert [found[OTHERS][measure]["cumulative"] for measure in ("precision", "recall", "f1")] == pytest.approx(
        scores[:3], rel=1e-12
    )
    right = sum(y_true == y_pred for y_true, y_pred in pairs)
    assert performance.measures()["accuracy"]["cumulative"] == right / 3000
    assert sum(performance.confusion().values()) == 3000


def test_averages_come_back_once_no_class_past_the_bound_is_in_the_window() -> None:
    performance = Classification(100, 0.999)
    _feed(performance, _long(1, 3000))
    coded = performance.class_measures()
    _feed(performance, [(int(name), int(name)) for name in list(coded)[:2]] * 50)
    assert performance.measures()["macro_f1"] == {"rolling": 1.0}
