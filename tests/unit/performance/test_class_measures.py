"""Measures of classes by hand."""

from __future__ import annotations

import numpy as np

from stream_monitor.performance.class_codes import OTHER, OTHERS
from stream_monitor.performance.class_measures import ClassCounts, averaged, by_class, counts_of
from stream_monitor.performance.confusion import SHAPE


def _matrix(*cells: tuple[int, int, float]) -> np.ndarray:
    matrix = np.zeros(SHAPE)
    for row, column, count in cells:
        matrix[row, column] = count
    return matrix


def test_measures_by_hand() -> None:
    matrix = _matrix((0, 0, 6), (0, 1, 2), (1, 1, 1), (1, 0, 1))
    assert by_class(matrix, ["a", "b"]) == {
        "a": {"precision": 6 / 7, "recall": 0.75, "f1": 12 / 15},
        "b": {"precision": 1 / 3, "recall": 0.5, "f1": 2 / 5},
    }
    assert averaged(ClassCounts.of(matrix)) == {
        "balanced_accuracy": 0.625,
        "macro_precision": (6 / 7 + 1 / 3) / 2,
        "macro_recall": 0.625,
        "macro_f1": (12 / 15 + 2 / 5) / 2,
        "kappa": (0.7 - (8 * 7 + 2 * 3) / 100) / (1 - (8 * 7 + 2 * 3) / 100),
    }


def test_what_is_not_defined_is_left_out_and_counts_as_0_in_an_average() -> None:
    """Of class a there is no prediction, and of class b no label."""
    matrix = _matrix((0, 1, 3))
    assert by_class(matrix, ["a", "b"]) == {"a": {"recall": 0.0, "f1": 0.0}, "b": {"precision": 0.0, "f1": 0.0}}
    assert averaged(ClassCounts.of(matrix)) == dict.fromkeys(
        ("balanced_accuracy", "macro_precision", "macro_recall", "macro_f1", "kappa"), 0.0
    )


def test_there_is_no_kappa_where_labels_and_predictions_are_one_class() -> None:
    assert "kappa" not in averaged(ClassCounts.of(_matrix((0, 0, 3))))


def test_with_other_classes_there_is_no_average() -> None:
    matrix = _matrix((0, 0, 3), (OTHER, 0, 1))
    assert averaged(ClassCounts.of(matrix)) == {}
    assert by_class(matrix, ["a"])[OTHERS] == {"recall": 0.0, "f1": 0.0}
    assert averaged(counts_of({("a", "a"): 3, (OTHERS, "a"): 1})) == {}


def test_without_outcomes_there_is_nothing() -> None:
    assert by_class(np.zeros(SHAPE), []) == averaged(counts_of({})) == {}
