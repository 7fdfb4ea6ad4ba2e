"""The predictions of a baseline and those of the model against the same labels, counted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.performance.baseline_result import BaselineResult, ByMeasure, judge, skill
from stream_monitor.performance.class_measures import ClassCounts, averaged
from stream_monitor.performance.confusion import ConfusionMatrices
from stream_monitor.performance.measures import evaluate
from stream_monitor.performance.payoff import mean_payoff
from stream_monitor.performance.windows import Window, Windows
from stream_monitor.stats.asymptotic_confidence_sequences import mean_interval
from stream_monitor.stats.confidence_sequences import mean_bounds
from stream_monitor.stats.intervals import Interval

#: Bounds of a difference of which nothing is known.
_UNKNOWN = Interval(-math.inf, math.inf)


class ClassTally:
    """Counts the outcomes of a classifier and of a baseline.

    Args:
        name: The baseline.
        window: Outcomes in the rolling window.
        decay: Weight of an outcome relative to the one after it, in the decayed window.
    """

    def __init__(self, name: str, window: int, decay: float) -> None:
        self._name = name
        self._baseline, self._model = ConfusionMatrices(window, decay), ConfusionMatrices(window, decay)
        #: Outcomes; those that only the model, and only the baseline, has predicted rightly.
        self._counts = [0, 0, 0]

    def add(self, y_true: Ints, y_pred: Ints, baseline: Ints) -> None:
        """Add n outcomes, as codes of classes: labels and both predictions, shape (n,) each."""
        self._baseline.add(y_true, baseline)
        self._model.add(y_true, y_pred)
        model_right, baseline_right = y_true == y_pred, y_true == baseline
        only_model = int(np.count_nonzero(model_right & ~baseline_right))
        only_baseline = int(np.count_nonzero(baseline_right & ~model_right))
        added = len(y_true), only_model, only_baseline
        self._counts = [count + more for count, more in zip(self._counts, added, strict=True)]

    def result(self, min_skill: float, payoff: Floats | None) -> BaselineResult:
        """Return the result.

        Args:
            min_skill: The smallest skill that matters.
            payoff: The values of the cells of a confusion matrix; None: there are none.
        """
        outcomes, only_model, only_baseline = self._counts
        counts = (self._baseline.counts(), self._model.counts()) if outcomes else ({}, {})
        baseline, model = map(_class_measures, counts)
        bounds = self._bounds()
        paid, model_paid = (_payoffs(each, payoff) for each in counts)
        return BaselineResult(
            name=self._name,
            outcomes=outcomes,
            measure="accuracy",
            performance=baseline,
            model=model,
            skill=_skills(model, baseline, "accuracy", best=1.0),
            difference=(only_model - only_baseline) / outcomes if outcomes else math.nan,
            bounds=bounds,
            verdict=judge(bounds, 1.0 - baseline["accuracy"]["cumulative"] if outcomes else 0.0, min_skill),
            payoff=paid,
            model_payoff=model_paid,
        )

    def _bounds(self) -> Interval:
        """Return the bounds of the difference of accuracy."""
        outcomes, only_model, only_baseline = map(float, self._counts)
        if not outcomes:
            return _UNKNOWN
        sums = np.array([[outcomes], [only_model - only_baseline], [only_model + only_baseline]])
        lower, upper = mean_bounds(sums[0], sums[1], sums[2])
        return Interval(float(lower[0]), float(upper[0]))

    def state(self) -> dict[str, Any]:
        return {"baseline": self._baseline.state(), "model": self._model.state(), "counts": self._counts}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._baseline.restore(state["baseline"])
        self._model.restore(state["model"])
        self._counts = list(state["counts"])


class NumberTally:
    """Adds up the errors of a regression and of a baseline; the arguments are those of `ClassTally`."""

    _NAMES: Sequence[str] = ("outcomes", "absolute_error", "squared_error")

    def __init__(self, name: str, window: int, decay: float) -> None:
        self._name = name
        self._baseline, self._model = Windows(self._NAMES, window, decay), Windows(self._NAMES, window, decay)
        self._differences = Windows(("outcomes", "sum", "squares"), 1, decay)

    def add(self, y_true: Floats, y_pred: Floats, baseline: Floats) -> None:
        """Add n outcomes: labels and both predictions, shape (n,) each."""
        ones, errors = np.ones(len(y_true)), [np.abs(y_true - each) for each in (baseline, y_pred)]
        for windows, error in zip((self._baseline, self._model), errors, strict=True):
            windows.add(np.stack((ones, error, error * error)))
        gained = errors[0] - errors[1]
        self._differences.add(np.stack((ones, gained, gained * gained)))

    def result(self, min_skill: float) -> BaselineResult:
        """Return the result, given the smallest skill that matters."""
        baseline, model = _number_measures(self._baseline), _number_measures(self._model)
        count, total, squares = self._differences.cumulative.values()
        bounds = mean_interval(int(count), total, squares)
        return BaselineResult(
            name=self._name,
            outcomes=int(count),
            measure="mae",
            performance=baseline,
            model=model,
            skill=_skills(model, baseline, "mae", best=0.0) | _skills(model, baseline, "rmse", best=0.0),
            difference=total / count if count else math.nan,
            bounds=bounds,
            verdict=judge(bounds, baseline["mae"]["cumulative"] if count else 0.0, min_skill),
        )

    def state(self) -> dict[str, Any]:
        return {
            "baseline": self._baseline.state(),
            "model": self._model.state(),
            "differences": self._differences.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._baseline.restore(state["baseline"])
        self._model.restore(state["model"])
        self._differences.restore(state["differences"])


def _class_measures(matrices: Mapping[Window, Floats]) -> ByMeasure:
    """Return accuracy, and kappa where it is defined, over each window."""
    found: dict[str, dict[Window, float]] = {"accuracy": {}, "kappa": {}} if matrices else {}
    for window, matrix in matrices.items():
        counts = ClassCounts.of(matrix)
        found["accuracy"][window] = math.fsum(counts.hits.tolist()) / math.fsum(counts.labels.tolist())
        if (kappa := averaged(counts).get("kappa")) is not None:
            found["kappa"][window] = kappa
    return found


def _skills(model: ByMeasure, baseline: ByMeasure, measure: str, best: float) -> dict[str, dict[Window, float]]:
    """Return the skill by a measure, by its name, over each window."""
    windows = baseline.get(measure, {}).items()
    return {measure: {window: skill(model[measure][window], value, best) for window, value in windows}}


def _payoffs(matrices: Mapping[Window, Floats], payoff: Floats | None) -> dict[Window, float]:
    """Return the mean payoff over each window; nothing without a payoff."""
    return {} if payoff is None else {window: mean_payoff(each, payoff) for window, each in matrices.items()}


def _number_measures(windows: Windows) -> ByMeasure:
    """Return the mean absolute and the root mean squared error over each window."""
    found: dict[str, dict[Window, float]] = {}
    for window, sums in windows.sums().items():
        for measure, value in evaluate(sums).items():
            found.setdefault(measure, {})[window] = value
    return found
