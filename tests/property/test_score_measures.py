"""The measures of scores against scikit-learn's, for ties, absent classes, batches, windows and restarts."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from stream_monitor.performance.class_codes import MAX_CLASSES
from stream_monitor.performance.realized import Classification, Scores
from stream_monitor.performance.score_measures import BINS
from tests.examples import examples

NAMES = ("a", "b", "c", "d")
#: Few different values: many ties.
SCORES = st.one_of(st.sampled_from((0.0, 0.25, 0.5, 1.0)), st.floats(0.0, 1.0))
NUMBERS = st.lists(st.tuples(st.booleans(), st.booleans(), st.one_of(st.none(), SCORES)), min_size=1, max_size=60)
CUTS = st.lists(st.integers(0, 60), max_size=6)
WINDOW = st.integers(1, 40)


@st.composite
def _maps(draw: st.DrawFn) -> list[tuple[str, str, dict[str, float] | None]]:
    """Return labels, predictions and probabilities of a few classes; some labels never have any."""
    names = NAMES[: draw(st.integers(1, 3))]
    weights = st.lists(st.integers(0, 4), min_size=len(names), max_size=len(names)).filter(any)
    rows = []
    for label, row in draw(st.lists(st.tuples(st.sampled_from(NAMES), st.none() | weights), min_size=1, max_size=50)):
        p = None if row is None else dict(zip(names, (np.array(row) / sum(row)).tolist(), strict=True))
        rows.append((label, max(p, key=p.__getitem__) if p else "a", p))
    return rows


def _feed(performance: Classification, rows: Sequence[tuple[Any, Any, Any]], cuts: Sequence[int] = ()) -> None:
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for start, end in itertools.pairwise(edges):
        if end > start:
            y_true, y_pred, scores = zip(*rows[start:end], strict=True)
            given_maps = [each if isinstance(each, dict) else None for each in scores]
            numbers = [np.nan if each is None or isinstance(each, dict) else each for each in scores]
            maps = given_maps if any(each is not None for each in given_maps) else None
            performance.update(y_true, y_pred, Scores(np.array(numbers, float), maps))


def _rolling(performance: Classification) -> dict[str, float]:
    return {name: windows["rolling"] for name, windows in performance.measures().items() if "rolling" in windows}


def _check(found: dict[str, float], name: str, expected: float | None) -> None:
    if expected is None:
        assert name not in found
    else:
        assert math.isclose(found[name], expected, rel_tol=1e-12, abs_tol=1e-12), (name, found, expected)


def _ranking(is_true: Any, scores: Any) -> tuple[float | None, float | None]:
    auc = metrics.roc_auc_score(is_true, scores) if 0 < sum(is_true) < len(is_true) else None
    return auc, metrics.average_precision_score(is_true, scores) if any(is_true) else None


def _calibration_error(confidence: Any, correct: Any) -> float:
    """Return the expected calibration error by a loop over the bins."""
    total = 0.0
    for number in range(BINS):
        inside = [c for c in range(len(confidence)) if max(math.ceil(confidence[c] * BINS) - 1, 0) == number]
        if inside:
            total += len(inside) * abs(np.mean(np.array(correct)[inside]) - np.mean(np.array(confidence)[inside]))
    return total / len(confidence)


@given(NUMBERS, CUTS, WINDOW)
@settings(max_examples=examples(150), deadline=None)
def test_numbers_of_the_positive_class(
    rows: list[tuple[bool, bool, float | None]], cuts: list[int], window: int
) -> None:
    performance = Classification(window, 0.9, positive_class="true")
    _feed(performance, rows, cuts)
    scored = [row for row in rows[-window:] if row[2] is not None]
    found = _rolling(performance)
    if not scored:
        assert not {"roc_auc", "log_loss", "brier_score", "expected_calibration_error"} & set(found)
        return
    y_true, y_pred, p = map(np.array, zip(*scored, strict=True))
    auc, precision = _ranking(y_true, p)
    _check(found, "roc_auc", auc)
    _check(found, "average_precision", precision)
    both = [False, True]
    _check(found, "log_loss", metrics.log_loss(y_true, np.stack((1 - p, p), axis=1), labels=both))
    _check(found, "brier_score", metrics.brier_score_loss(y_true, p, pos_label=True, labels=both))
    confidence = np.where(y_pred, p, 1.0 - p)
    _check(found, "expected_calibration_error", _calibration_error(confidence, y_true == y_pred))


@given(_maps(), CUTS, WINDOW)
@settings(max_examples=examples(150), deadline=None)
def test_probabilities_of_all_classes(rows: list[tuple[Any, Any, Any]], cuts: list[int], window: int) -> None:
    performance = Classification(window, 0.9)
    _feed(performance, rows, cuts)
    scored = [row for row in rows[-window:] if row[2] is not None]
    found, of_classes = _rolling(performance), performance.class_measures()
    if not scored:
        assert not {"roc_auc", "average_precision", "log_loss"} & set(found)
        return
    known = [*dict.fromkeys(name for _, _, p in rows if p for name in p)]
    y_true = np.array([row[0] for row in scored])
    table = np.array([[p.get(name, 0.0) for name in NAMES] for *_, p in scored])
    ranked = {name: _ranking(y_true == name, table[:, NAMES.index(name)]) for name in known}
    for place, measure in enumerate(("roc_auc", "average_precision")):
        values = [each[place] for each in ranked.values() if each[place] is not None]
        _check(found, measure, math.fsum(values) / len(values) if values else None)
        for name, each in ranked.items():
            of_class = {
                key: windows["rolling"] for key, windows in of_classes.get(name, {}).items() if "rolling" in windows
            }
            _check(of_class, measure, each[place])
    _check(found, "log_loss", metrics.log_loss(y_true, table, labels=NAMES))
    truth = (y_true[:, None] == NAMES).astype(float)
    squared = metrics.brier_score_loss(y_true, table, labels=NAMES, scale_by_half=False)
    assert math.isclose(squared, np.mean(np.sum((table - truth) ** 2, axis=1)), abs_tol=1e-12)
    _check(found, "brier_score", squared / 2 if len(known) < 3 else squared)
    confidence = [p[y_pred] for _, y_pred, p in scored]
    _check(found, "expected_calibration_error", _calibration_error(confidence, [t == p for t, p, _ in scored]))


@given(_maps(), NUMBERS, CUTS, WINDOW)
@settings(max_examples=examples(60), deadline=None)
def test_no_bit_depends_on_cuts_or_restarts(
    first: list[Any], second: list[Any], cuts: list[int], window: int
) -> None:
    rows = [*second, *first, *second, *first]
    whole, pieces = Classification(window, 0.9, "true"), Classification(window, 0.9, "true")
    _feed(whole, rows)
    edges = [0, *sorted(min(3 * cut, len(rows)) for cut in cuts), len(rows)]
    for start, end in itertools.pairwise(edges):
        _feed(pieces, rows[start:end])
        saved, pieces = pieces.state(), Classification(window, 0.9, "true")
        pieces.restore(json.loads(json.dumps(saved, allow_nan=False)))
    assert pieces.state() == whole.state()
    assert pieces.measures() == whole.measures()
    assert pieces.class_measures() == whole.class_measures()


def test_a_number_whose_class_is_not_known_has_no_measure() -> None:
    performance = Classification(10, 0.9)
    _feed(performance, [("yes", "yes", 0.9), ("no", "yes", 0.8)])
    assert set(performance.measures()) == {
        "accuracy",
        "balanced_accuracy",
        "macro_precision",
        "macro_recall",
        "macro_f1",
        "kappa",
    }


def test_what_is_no_probability_has_a_rank_only() -> None:
    performance = Classification(10, 0.9, positive_class="yes")
    _feed(performance, [("yes", "yes", 2.5), ("no", "no", -1.0)])
    found = _rolling(performance)
    assert (found["roc_auc"], found["average_precision"]) == (1.0, 1.0)
    assert "log_loss" not in found
    maps = Classification(10, 0.9)
    _feed(maps, [("yes", "yes", {"yes": 3.0, "no": 1.0}), ("no", "no", {"yes": 0.5, "no": 2.0})])
    assert _rolling(maps)["roc_auc"] == 1.0
    assert "brier_score" not in _rolling(maps)


def test_keys_are_classes_however_they_are_spelled() -> None:
    performance = Classification(10, 0.9)
    _feed(performance, [(1, 1.0, {"1": 0.9, "0": 0.1}), (0, 1, {"1": 0.6, "0": 0.4})])
    assert _rolling(performance)["roc_auc"] == 1.0
    assert performance.class_measures()["1"]["roc_auc"] == {"rolling": 1.0}


def test_maps_of_more_classes_than_have_a_code_have_no_measure() -> None:
    names = [f"c{at}" for at in range(MAX_CLASSES + 1)]
    performance = Classification(10, 0.9)
    _feed(performance, [("c0", "c1", dict.fromkeys(names, 1 / len(names)))])
    assert "log_loss" not in performance.measures()
