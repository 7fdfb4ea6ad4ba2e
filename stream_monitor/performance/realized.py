"""Realized performance: predictions against the labels that came for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.core.events import Probabilities, Target
from stream_monitor.decoding.values import class_name
from stream_monitor.performance.class_codes import OTHER, OTHERS, ClassCodes
from stream_monitor.performance.class_measures import ClassCounts, averaged, by_class
from stream_monitor.performance.confusion import ConfusionMatrices
from stream_monitor.performance.measures import (
    CLASSIFICATION,
    REGRESSION,
    ClassOutcomes,
    MeasureTable,
    NumericOutcomes,
    evaluate,
)
from stream_monitor.performance.score_measures import ScoredOutcomes, overall
from stream_monitor.performance.score_measures import by_class as ranked_by_class
from stream_monitor.performance.score_window import ScoreWindow
from stream_monitor.performance.windows import Window, Windows
from stream_monitor.stats.intervals import Interval, wilson

#: Measures over each window, by the name of the class and that of the measure.
ClassPerformance = dict[str, dict[str, dict[Window, float]]]


class Scores(NamedTuple):
    """The scores of n predictions.

    Attributes:
        values: The scores, NaN where there is none, shape (n,); None: no prediction has one.
        probabilities: The probabilities by class, None where there are none; None: no prediction has any.
    """

    values: Floats | None = None
    probabilities: Sequence[Probabilities | None] | None = None


NO_SCORES = Scores()


class Errors(NamedTuple):
    """The errors of n outcomes.

    Attributes:
        values: The ``error`` signal, shape (n,): 0/1 loss, or the absolute residual.
        classes, predicted: The codes of the classes of their labels and predictions, shape (n,); None for a
            regression.
    """

    values: Floats
    classes: Ints | None = None
    predicted: Ints | None = None


class Performance(ABC):
    """The performance of one model version over three windows.

    Prequential evaluation: Gama, Sebastião, Rodrigues, "On evaluating stream learning algorithms", Machine
    Learning 90 (2013), pp. 317-346; ``decay`` is their fading factor.

    Args:
        table: The measures of the task.
        window: Outcomes in the rolling window.
        decay: Weight of an outcome relative to the one after it, in the decayed window.
    """

    def __init__(self, table: MeasureTable[Any], window: int, decay: float) -> None:
        self._table = table
        self._windows = Windows(table.names, window, decay)

    @abstractmethod
    def update(self, y_true: Sequence[Target], y_pred: Sequence[Target], scores: Scores = NO_SCORES) -> Errors:
        """Add n outcomes, n > 0; return their errors."""

    def update_many(self, y_true: Sequence[Target], y_pred: Sequence[Target]) -> Floats:
        """Add n outcomes, n > 0; return the ``error`` signal, shape (n,): 0/1 loss, or the absolute residual."""
        return self.update(y_true, y_pred).values

    @property
    def class_names(self) -> Sequence[str]:
        """The names of the classes by code; empty for a regression."""
        return ()

    @property
    def classes(self) -> Sequence[Target]:
        """The classes by code, as received; empty for a regression."""
        return ()

    def measures(self) -> dict[str, dict[Window, float]]:
        """Return each measure over each window; empty before the first outcome."""
        windows = {window: evaluate(sums) for window, sums in self._windows.sums().items()}
        measures = self._table.measures if windows else ()
        return {each.name: {window: found[each.name] for window, found in windows.items()} for each in measures}

    def class_measures(self) -> ClassPerformance:
        """Return the measures of each class over each window, by the name of the class; empty for a regression."""
        return {}

    def confusion(self) -> dict[tuple[str, str], int]:
        """Return the outcomes so far by the names of label and prediction; empty for a regression."""
        return {}

    def counts(self) -> dict[Window, float]:
        """Return the outcomes in each window; of the decayed one, the number of equal weight that are as sure."""
        return self._windows.counts()

    def intervals(self) -> dict[Window, Interval]:
        """Return the 95 % confidence interval of accuracy over each window; empty for a regression."""
        return {}

    def totals(self) -> dict[str, float]:
        """Return the sums over all outcomes that add up over versions and replicas, by name."""
        exported = self._table.exported
        return {name: total for name, total in self._windows.cumulative.items() if name in exported}

    def state(self) -> dict[str, Any]:
        return self._windows.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        self._windows.restore(state)


class Classification(Performance):
    """The performance of a classifier.

    Args:
        window, decay: As for `Performance`.
        positive_class: The class that scores which are numbers are of; None where that is not known.

    >>> performance = Classification(window=1000, decay=0.999)
    >>> performance.update_many(["yes", "no"], ["yes", "yes"])
    array([0., 1.])
    >>> performance.measures()["accuracy"]["cumulative"]
    0.5
    """

    def __init__(self, window: int, decay: float, positive_class: str | None = None) -> None:
        super().__init__(CLASSIFICATION, window, decay)
        self._codes, self._matrices = ClassCodes(), ConfusionMatrices(window, decay)
        self._scores, self._positive = ScoreWindow(window), positive_class

    @property
    def class_names(self) -> Sequence[str]:
        return self._codes.names

    @property
    def classes(self) -> Sequence[Target]:
        return self._codes.classes

    def update(self, y_true: Sequence[Target], y_pred: Sequence[Target], scores: Scores = NO_SCORES) -> Errors:
        coded = self._codes.encode(y_true, y_pred)
        values, probabilities = scores
        self._scores.add(np.full(len(y_true), np.nan) if values is None else values, probabilities)
        self._matrices.add(coded.y_true, coded.y_pred)
        self._windows.add(CLASSIFICATION.rows(ClassOutcomes(y_true, y_pred, coded.correct)))
        return Errors(1.0 - coded.correct, coded.y_true, coded.y_pred)

    def measures(self) -> dict[str, dict[Window, float]]:
        measures = super().measures()
        for window, matrix in self._matrices.counts().items():
            for name, value in averaged(ClassCounts.of(matrix)).items():
                measures.setdefault(name, {})[window] = value
        scored = self._scored()
        of_scores = overall(scored) if scored else {}
        return {**measures, **{name: {"rolling": value} for name, value in of_scores.items()}}

    def _scored(self) -> ScoredOutcomes | None:
        """Return the scored outcomes of the rolling window; None if a class in it has no code of its own."""
        y_true, y_pred = self._matrices.newest
        if (y_true == OTHER).any() or (y_pred >= OTHER).any():
            return None
        count, names = len(y_true), [class_name(str(each)) for each in self._codes.classes]
        numbers = self._scores.numbers(count) if self._positive is not None else np.full(count, np.nan)
        return ScoredOutcomes(
            numbers,
            None if self._positive is None else class_name(self._positive),
            self._scores.table(count),
            self._scores.classes,
            [names[code] for code in y_true.tolist()],
            [names[code] for code in y_pred.tolist()],
            y_true == y_pred,
        )

    def intervals(self) -> dict[Window, Interval]:
        accuracy, counts = super().measures().get("accuracy", {}), self.counts()
        return {window: wilson(share, counts[window]) for window, share in accuracy.items()}

    def class_measures(self) -> ClassPerformance:
        found: ClassPerformance = {}
        for window, matrix in self._matrices.counts().items():
            for name, measures in by_class(matrix, self._codes.names).items():
                for measure, value in measures.items():
                    found.setdefault(name, {}).setdefault(measure, {})[window] = value
        scored = self._scored()
        shown = {
            class_name(str(each)): name for each, name in zip(self._codes.classes, self._codes.names, strict=True)
        }
        for name, measures in (ranked_by_class(scored) if scored else {}).items():
            for measure, value in measures.items():
                found.setdefault(shown[name], {})[measure] = {"rolling": value}
        return found

    def confusion(self) -> dict[tuple[str, str], int]:
        matrix, names = self._matrices.cumulative, [*self._codes.names, OTHERS]
        # Classes without a code are one, whether label and prediction are equal or not.
        matrix[OTHER, OTHER] += matrix[OTHER, OTHER + 1]
        shown = [*range(len(names) - 1), OTHER]
        return {
            (label, prediction): int(matrix[row, column])
            for row, label in zip(shown, names, strict=True)
            for column, prediction in zip(shown, names, strict=True)
            if OTHER not in (row, column) or matrix[row, column]
        }

    def state(self) -> dict[str, Any]:
        return {
            **super().state(),
            "classes": self._codes.state(),
            "confusion": self._matrices.state(),
            "scores": self._scores.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        self._codes.restore(state["classes"])
        self._matrices.restore(state["confusion"])
        self._scores.restore(state["scores"])


class Regression(Performance):
    """The performance of a regression.

    >>> performance = Regression(window=1000, decay=0.999)
    >>> performance.update_many([3.0, 5.0], [2.0, 5.0])
    array([1., 0.])
    >>> performance.measures()["mae"]["cumulative"], performance.measures()["r2"]["cumulative"]
    (0.5, 0.5)
    """

    def __init__(self, window: int, decay: float) -> None:
        super().__init__(REGRESSION, window, decay)
        self._origin: float | None = None

    def update(self, y_true: Sequence[Target], y_pred: Sequence[Target], scores: Scores = NO_SCORES) -> Errors:
        del scores  # those of a regression have no measure
        truth, predicted = np.array(y_true, dtype=np.float64), np.array(y_pred, dtype=np.float64)
        residual: Floats = np.abs(truth - predicted)
        if self._origin is None:
            self._origin = float(truth[0])
        self._windows.add(REGRESSION.rows(NumericOutcomes(truth, predicted, residual, truth - self._origin)))
        return Errors(residual)

    def state(self) -> dict[str, Any]:
        return {**super().state(), "origin": self._origin}

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        self._origin = state["origin"]


def make_performance(task: str, window: int, decay: float, positive_class: str | None = None) -> Performance:
    """Return the performance of a task."""
    if task == "regression":
        return Regression(window, decay)
    return Classification(window, decay, positive_class)
