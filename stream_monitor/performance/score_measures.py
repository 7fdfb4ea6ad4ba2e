"""The measures of scores and probabilities, exact over the outcomes of a window."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints

#: Bins of the expected calibration error.
BINS = 15
#: How far the probabilities of all classes may be from a sum of 1, as they were rounded.
MAX_OFF = 0.02


@dataclass(frozen=True)
class ScoreMeasure:
    """A measure of scores, which is there over the rolling window only.

    Attributes:
        name: Value of the label ``measure``.
        description: One line for the documentation.
        maximum: The largest value; None where there is none.
    """

    name: str
    description: str
    maximum: float | None = 1.0
    is_unitless: bool = True
    minimum: float | None = 0.0

    @property
    def is_share(self) -> bool:
        """True if it is a share from 0 to 1."""
        return self.maximum == 1.0


SCORE_MEASURES: Sequence[ScoreMeasure] = (
    ScoreMeasure("roc_auc", "area under the ROC curve, of a class against all others; the mean over the classes"),
    ScoreMeasure("average_precision", "average precision of the ranking by the score of a class; the mean over them"),
    ScoreMeasure("log_loss", "mean negative logarithm of the probability of the label", maximum=None),
    ScoreMeasure("brier_score", "mean squared error of the probabilities; summed over three classes or more", 2.0),
    ScoreMeasure(
        "expected_calibration_error", f"mean distance of confidence and accuracy in {BINS} bins of confidence"
    ),
)
#: Those that each class has, too.
RANKED = ("roc_auc", "average_precision")


class ScoredOutcomes(NamedTuple):
    """The n outcomes of a window with their scores.

    Attributes:
        numbers: Scores of the positive class, NaN where there is none, shape (n,).
        positive: The name of the positive class.
        table: Probabilities of k classes, NaN where there are none, shape (n, k).
        classes: The names of the classes of the table.
        y_true, y_pred: The names of label and prediction.
        correct: True where they are equal, shape (n,).
    """

    numbers: Floats
    positive: str | None
    table: Floats
    classes: Sequence[str]
    y_true: Sequence[str]
    y_pred: Sequence[str]
    correct: Bools


def by_class(outcomes: ScoredOutcomes) -> dict[str, dict[str, float]]:
    """Return the ranking measures of each class that has a score, and that is among the labels."""
    return {name: measures for name, measures in _ranked(outcomes) if measures}


def overall(outcomes: ScoredOutcomes) -> dict[str, float]:
    """Return the measures over all classes; those that are not defined are left out."""
    ranked, found = by_class(outcomes).values(), {}
    for name in RANKED:
        values = [measures[name] for measures in ranked if name in measures]
        if values:
            found[name] = math.fsum(values) / len(values)
    return {**found, **_of_probabilities(outcomes)}


def _ranked(outcomes: ScoredOutcomes) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the name of each class with its measures."""
    y_true, classes = np.array(outcomes.y_true, object), [*outcomes.classes]
    columns = dict(zip(classes, outcomes.table.T, strict=True))
    if outcomes.positive is not None:
        others = columns.get(outcomes.positive, np.nan)
        columns[outcomes.positive] = np.where(np.isnan(outcomes.numbers), others, outcomes.numbers)
    for name, scores in columns.items():
        is_scored = ~np.isnan(scores)
        yield name, of_ranking(scores[is_scored], (y_true == name)[is_scored])


def of_ranking(scores: Floats, is_true: Bools) -> dict[str, float]:
    """Return the area under the ROC curve and the average precision, where they are defined.

    Args:
        scores: The scores of a class, shape (n,).
        is_true: True where the class is the label, shape (n,).

    Source: T. Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006), pp. 861-874.

    >>> of_ranking(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))["roc_auc"]
    0.75
    """
    positives = int(np.count_nonzero(is_true))
    negatives = len(scores) - positives
    if not positives:
        return {}
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(is_true[order])[ends]
    gained, misses = np.diff(hits, prepend=0), np.diff(ends + 1 - hits, prepend=0)
    precision = hits / (ends + 1)
    found = {"average_precision": math.fsum((gained * precision).tolist()) / positives}
    if negatives:
        # Twice the pairs in the right order, of which ties are a half: whole numbers.
        pairs = int(np.sum(misses * (2 * hits - gained)))
        found["roc_auc"] = pairs / (2 * positives * negatives)
    return found


class _Certainty(NamedTuple):
    """Probabilities of m outcomes, shape (m,) each: of the label, of the prediction; and the squared error."""

    of_true: Floats
    of_predicted: Floats
    squared_error: Floats
    correct: Bools


def _of_probabilities(outcomes: ScoredOutcomes) -> dict[str, float]:
    """Return the measures of probabilities; none if not all scores are probabilities."""
    parts = [_of_numbers(outcomes), _of_table(outcomes)]
    if any(part is None for part in parts):
        return {}
    of_true, of_predicted, squared_error, correct = map(np.concatenate, zip(*filter(None, parts), strict=True))
    count = len(of_true)
    if not count:
        return {}
    tiny = sys.float_info.epsilon
    losses = [-math.log(each) for each in np.clip(of_true, tiny, 1.0 - tiny).tolist()]
    return {
        "log_loss": math.fsum(losses) / count,
        "brier_score": math.fsum(squared_error.tolist()) / count,
        "expected_calibration_error": calibration_error(of_predicted, correct),
    }


def _of_numbers(outcomes: ScoredOutcomes) -> _Certainty | None:
    """Return what the scores of the positive class say; None if some are no probabilities."""
    rows = np.flatnonzero(~np.isnan(outcomes.numbers))
    p = outcomes.numbers[rows]
    if len(rows) and (p.min() < 0.0 or p.max() > 1.0):
        return None
    is_true, is_predicted = (
        np.array([names[row] == outcomes.positive for row in rows.tolist()], bool)
        for names in (outcomes.y_true, outcomes.y_pred)
    )
    errors = p - is_true
    return _Certainty(
        np.where(is_true, p, 1.0 - p), np.where(is_predicted, p, 1.0 - p), errors * errors, outcomes.correct[rows]
    )


def _of_table(outcomes: ScoredOutcomes) -> _Certainty | None:
    """Return what the probabilities of all classes say; None if some are no probabilities."""
    rows = np.flatnonzero(~np.isnan(outcomes.table).all(axis=1))
    p = outcomes.table[rows]
    if not len(rows):
        return _Certainty(np.empty(0), np.empty(0), np.empty(0), np.empty(0, bool))
    if p.min() < 0.0 or p.max() > 1.0 or np.abs(np.cumsum(p, axis=1)[:, -1] - 1.0).max() > MAX_OFF:
        return None
    places = {name: place for place, name in enumerate(outcomes.classes)}
    # Behind the last column: of a class that never had a probability.
    p = np.concatenate((p, np.zeros((len(rows), 1))), axis=1)
    of_true, of_predicted = (_places(names, rows, places) for names in (outcomes.y_true, outcomes.y_pred))
    at = np.arange(len(rows))
    errors = p.copy()
    errors[at, of_true] -= 1.0
    squared_error = np.cumsum(errors * errors, axis=1)[:, -1] * (0.5 if len(places) < 3 else 1.0)
    return _Certainty(p[at, of_true], p[at, of_predicted], squared_error, outcomes.correct[rows])


def _places(names: Sequence[str], rows: Ints, places: dict[str, int]) -> Ints:
    return np.array([places.get(names[row], len(places)) for row in rows.tolist()], np.int64)


def calibration_error(confidence: Floats, correct: Bools) -> float:
    """Return the expected calibration error.

    Args:
        confidence: The probabilities of the predictions, shape (n,), n > 0.
        correct: True where the prediction is right, shape (n,).

    Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017,
    equation 3.

    >>> calibration_error(np.array([0.9, 0.9]), np.array([True, False]))
    0.4
    """
    bins = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    apart = np.bincount(bins, confidence - correct, BINS)
    return math.fsum(np.abs(apart).tolist()) / len(confidence)
