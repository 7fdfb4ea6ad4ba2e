"""The measures of a classification that are formulas over a confusion matrix: of each class, and over all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.performance.class_codes import OTHER, OTHERS

#: Share of disagreement by chance below which kappa is not defined: rounding errors would be seen in it.
MIN_DISAGREEMENT = 1e-9


class ClassCounts(NamedTuple):
    """Outcomes of k classes, or their weights, shape (k,) each.

    Attributes:
        hits: Outcomes whose label and prediction are this class.
        labels: Outcomes whose label is this class.
        predictions: Outcomes whose prediction is this class.
    """

    hits: Floats
    labels: Floats
    predictions: Floats

    @classmethod
    def of(cls, matrix: Floats) -> ClassCounts:
        """Return the counts of a confusion matrix, the last of them those of all classes without a code."""
        # Running sums are the same on every processor.
        labels, predictions = np.cumsum(matrix, axis=1)[:, -1], np.cumsum(matrix, axis=0)[-1]
        # Behind the last class: predictions of a class without a code where the label is another one without.
        predictions[OTHER] += predictions[OTHER + 1]
        return cls(np.diagonal(matrix).copy(), labels, predictions[: OTHER + 1])


@dataclass(frozen=True)
class ClassMeasure:
    """A measure of one class.

    Attributes:
        name: Value of the label ``measure``.
        formula: Returns the measure of each class, shape (k,), NaN where it is not defined.
        description: One line for the documentation.
    """

    name: str
    formula: Callable[[ClassCounts], Floats]
    description: str


@dataclass(frozen=True)
class AveragedMeasure:
    """A measure over all classes, by default an average of theirs from 0 to 1.

    Attributes:
        name: Value of the label ``measure``.
        formula: Returns the measure; NaN where it is not defined.
        description: One line for the documentation.
    """

    name: str
    formula: Callable[[ClassCounts], float]
    description: str
    is_unitless: bool = True
    minimum: float | None = 0.0
    maximum: float | None = 1.0
    is_share: bool = True


def _recall(counts: ClassCounts) -> Floats:
    return _ratio(counts.hits, counts.labels)


def _precision(counts: ClassCounts) -> Floats:
    return _ratio(counts.hits, counts.predictions)


def _f1(counts: ClassCounts) -> Floats:
    return _ratio(2.0 * counts.hits, counts.labels + counts.predictions)


def _balanced_accuracy(counts: ClassCounts) -> float:
    return _mean(_recall(counts)[counts.labels > 0.0])


def _kappa(counts: ClassCounts) -> float:
    """Return Cohen's kappa: J. Cohen, Educational and Psychological Measurement 20 (1960), pp. 37-46."""
    labels, predictions = counts.labels.tolist(), counts.predictions.tolist()
    total = math.fsum(labels)
    observed = math.fsum(counts.hits.tolist()) / total
    expected = math.fsum(a * b for a, b in zip(labels, predictions, strict=True)) / (total * total)
    return (observed - expected) / (1.0 - expected) if 1.0 - expected > MIN_DISAGREEMENT else math.nan


def _macro(formula: Callable[[ClassCounts], Floats]) -> Callable[[ClassCounts], float]:
    """Return the formula of the mean over all classes that occur, in which one that is not defined counts as 0."""

    def mean(counts: ClassCounts) -> float:
        values = formula(counts)[(counts.labels > 0.0) | (counts.predictions > 0.0)]
        return _mean(np.where(np.isnan(values), 0.0, values))

    return mean


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    ratio: Floats = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator > 0.0)
    return ratio


def _mean(values: Floats) -> float:
    return math.fsum(values.tolist()) / len(values) if len(values) else math.nan


CLASS_MEASURES: Sequence[ClassMeasure] = (
    ClassMeasure("precision", _precision, "share of the predictions of a class that are right"),
    ClassMeasure("recall", _recall, "share of the labels of a class that were predicted"),
    ClassMeasure("f1", _f1, "harmonic mean of a class's precision and recall"),
)
AVERAGED_MEASURES: Sequence[AveragedMeasure] = (
    AveragedMeasure("balanced_accuracy", _balanced_accuracy, "mean recall of the classes that are among the labels"),
    *(
        AveragedMeasure(f"macro_{each.name}", _macro(each.formula), f"mean {each.name} of all classes")
        for each in CLASS_MEASURES
    ),
    AveragedMeasure(
        "kappa",
        _kappa,
        "Cohen's kappa: agreement beyond chance; not defined where labels and predictions are always one class",
        minimum=-1.0,
        is_share=False,
    ),
)


def averaged(counts: ClassCounts) -> dict[str, float]:
    """Return the measures over all classes that are defined; none with classes that have no code of their own.

    Args:
        counts: The counts of the classes, the last of them those of all classes without a code.
    """
    if not counts.labels.any() or counts.labels[-1] or counts.predictions[-1]:
        return {}
    values = {each.name: each.formula(counts) for each in AVERAGED_MEASURES}
    return {name: value for name, value in values.items() if not math.isnan(value)}


def by_class(matrix: Floats, names: Iterable[str]) -> dict[str, Mapping[str, float]]:
    """Return the measures of each class by its name; one that is not defined is left out.

    Args:
        matrix: A confusion matrix, labels by predictions.
        names: The names of the classes with a code.
    """
    counts = ClassCounts.of(matrix)
    values = {each.name: each.formula(counts).tolist() for each in CLASS_MEASURES}
    places = {**{name: code for code, name in enumerate(names)}, OTHERS: OTHER}
    found = {
        name: {measure: each[code] for measure, each in values.items() if not math.isnan(each[code])}
        for name, code in places.items()
    }
    return {name: measures for name, measures in found.items() if measures}


def counts_of(confusion: Mapping[tuple[str, str], float]) -> ClassCounts:
    """Return the counts of a confusion matrix by names of classes: of the label, of the prediction.

    >>> averaged(counts_of({("no", "no"): 3, ("yes", "yes"): 1, ("yes", "no"): 1}))["balanced_accuracy"]
    0.75
    """
    names = [*dict.fromkeys(name for pair in confusion for name in pair if name != OTHERS), OTHERS]
    codes = {name: code for code, name in enumerate(names)}
    counts = ClassCounts(*np.zeros((3, len(names))))
    for (y_true, y_pred), count in confusion.items():
        counts.hits[codes[y_true]] += count if y_true == y_pred else 0.0
        counts.labels[codes[y_true]] += count
        counts.predictions[codes[y_pred]] += count
    return counts
