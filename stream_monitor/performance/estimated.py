"""Estimated performance: what the accuracy of predictions will be, before their labels come."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import eq
from typing import Any, Literal, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, Ints, ordered_sum, pack, unpack
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import Target, Task
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.performance.calibration import MAX_STEP, MIN_OUTCOMES, Calibration, ScoredOutcomes
from stream_monitor.performance.calibration_curve import CalibrationCurve
from stream_monitor.performance.score_cells import ScoreCells, added, are_probabilities, counted
from stream_monitor.performance.windows import Window
from stream_monitor.stats.intervals import Z95

#: The windows that estimates are over; ``unlabelled``: all predictions without a label so far.
EstimatedWindow = Literal["cumulative", "rolling", "unlabelled"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated accuracy of predictions.

    Attributes:
        value: The estimate, from 0 to 1.
        lower, upper: The bounds of the 95 % interval of the accuracy that the labels will show.
        count: The predictions that it is of.
        shift: The share of their scores that the calibration has not seen as often, from 0 to 1.
    """

    value: float
    lower: float
    upper: float
    count: int
    shift: float


@dataclass(frozen=True, slots=True)
class EstimationError:
    """Estimated less realized accuracy, over outcomes whose accuracy was estimated when they were predicted."""

    value: float
    count: int


class EstimatedResult(NamedTuple):
    """Estimates of one model version and their errors.

    Attributes:
        estimates: The estimates by window.
        errors: The errors by window; none before the first outcome whose accuracy was estimated.
        why_not: The reason why there is no estimate, empty if there is one.
    """

    estimates: Mapping[EstimatedWindow, Estimate]
    errors: Mapping[Window, EstimationError]
    why_not: str


class EstimatedPerformance:
    """Estimates the accuracy of the newest predictions of one model version from their scores.

    Confidence-based performance estimation (CBPE): scores are calibrated on the outcomes so far, and the mean of the
    calibrated scores of predictions is their expected accuracy. It is right as long as the calibration stays as it
    is: a change of the labels that the scores do not show cannot be seen before labels come. Source: J. Kivimäki, J.
    Białek, J. K. Nurminen, W. Kuberski, "Confidence-based estimators for predictive performance in model monitoring",
    Journal of Artificial Intelligence Research 82 (2025), pp. 209-240.

    Args:
        task: The kind of model.
        window: Predictions, and outcomes, in the rolling window.
    """

    def __init__(self, task: Task, window: int) -> None:
        self._task, self._window = task, window
        self._cells, self._calibration = ScoreCells(), Calibration()
        self._scored = 0
        #: Of predictions whose score is a probability: their counts by cell, those of their labels, and the cells of
        #: the newest.
        self._counts: Ints = np.zeros(0, np.int64)
        self._labelled: Ints = np.zeros(0, np.int64)
        self._newest: Ints = np.empty(0, np.int64)
        self._errors: Floats = np.empty(0)
        self._error_count, self._error_sum = 0, 0.0

    def update(self, batch: PredictionBatch, index: Ints, outcomes: OutcomeBatch | None) -> None:
        """Take the next predictions and outcomes; the outcomes come last.

        Args:
            batch: The predictions.
            index: Their positions in the stream, shape (len(batch),).
            outcomes: The outcomes, None for none.
        """
        if self._task == "regression":
            return
        self._learn(batch, index, outcomes)
        if len(batch):
            self._predict(batch)
        if outcomes:
            self._label(outcomes)

    def _learn(self, batch: PredictionBatch, index: Ints, outcomes: OutcomeBatch | None) -> None:
        """Number new classes, in the order in which predictions and outcomes came."""
        labelled: Sequence[Target] = outcomes.y_pred if outcomes else ()
        if self._cells.are_known(batch.y_pred) and self._cells.are_known(labelled):
            return
        places = np.concatenate((2 * index + 1, 2 * outcomes.before if outcomes else index[:0]))
        both = [*batch.y_pred, *labelled]
        self._cells.learn(both[at] for at in np.argsort(places, kind="stable").tolist())

    def _predict(self, batch: PredictionBatch) -> None:
        rows = np.flatnonzero(are_probabilities(batch.scores))
        self._scored += int(np.count_nonzero(~np.isnan(batch.scores)))
        cells = self._encoded(batch.y_pred, batch.scores, rows)
        self._counts = added(self._counts, counted(cells))
        self._newest = np.concatenate((self._newest, cells))[-self._window :]

    def _label(self, outcomes: OutcomeBatch) -> None:
        rows = np.flatnonzero(are_probabilities(outcomes.scores))
        is_correct = np.fromiter(map(eq, outcomes.y_true, outcomes.y_pred), bool, len(outcomes))[rows]
        cells = self._encoded(outcomes.y_pred, outcomes.scores, rows)
        self._labelled = added(self._labelled, counted(cells))
        places = outcomes.index[rows], outcomes.before[rows]
        expected = self._calibration.add(ScoredOutcomes(cells, is_correct, *places))
        errors = (expected - is_correct)[~np.isnan(expected)]
        self._errors = np.concatenate((self._errors, errors))[-self._window :]
        self._error_count += len(errors)
        self._error_sum = ordered_sum(np.concatenate(([self._error_sum], errors)))

    def _encoded(self, classes: Sequence[Target], scores: Floats, rows: Ints) -> Ints:
        if len(rows) < len(scores):
            classes, scores = [classes[row] for row in rows.tolist()], scores[rows]
        return self._cells.encode(classes, scores)

    def estimates(self) -> dict[EstimatedWindow, Estimate]:
        """Return the estimates by window; none where there cannot be one, for which `why_not` has the reason."""
        curve = self._calibration.curve
        if curve is None or self.why_not():
            return {}
        # Predictions read again to restore a partition are not counted, but their labels are.
        unlabelled = np.maximum(added(self._counts, -self._labelled), 0)
        counts: dict[EstimatedWindow, Ints] = {
            "cumulative": curve.counted(np.arange(len(self._counts)), self._counts),
            "rolling": curve.counted(self._newest),
            "unlabelled": curve.counted(np.arange(len(unlabelled)), unlabelled),
        }
        return {window: self._estimate(curve, each) for window, each in counts.items() if each.any()}

    def _estimate(self, curve: CalibrationCurve, counts: Ints) -> Estimate:
        value = curve.accuracy(counts)
        # Those of windows longer than a step are errors of several steps, which partly cancel out.
        steps = max(int(counts.sum()) / MAX_STEP, 1.0)
        reach = Z95 * math.sqrt(curve.variance(counts) + self._calibration.excess_variance / steps)
        shift, _ = curve.shift(counts)
        return Estimate(value, max(value - reach, 0.0), min(value + reach, 1.0), int(counts.sum()), shift)

    def errors(self) -> dict[Window, EstimationError]:
        """Return the errors of estimation by window; none before the first outcome that was estimated."""
        if not self._error_count:
            return {}
        count = len(self._errors)
        return {
            "cumulative": EstimationError(self._error_sum / self._error_count, self._error_count),
            "rolling": EstimationError(ordered_sum(self._errors) / count, count),
        }

    def why_not(self) -> str:
        """Return the reason why there is no estimate, empty if there is one."""
        if self._task == "regression":
            return "a regression has no score that tells how sure a prediction is"
        if not self._scored:
            return "no prediction has a score"
        if not len(self._newest):
            return "the scores are no probabilities: all are below 0 or above 1"
        if not self._calibration.curve:
            return f"{self._calibration.outcomes:,} scored predictions have a label, {MIN_OUTCOMES} are needed"
        return ""

    def result(self) -> EstimatedResult:
        """Return the estimates and their errors."""
        return EstimatedResult(self.estimates(), self.errors(), self.why_not())

    def state(self) -> dict[str, Any]:
        return {
            "classes": self._cells.state(),
            "calibration": self._calibration.state(),
            "scored": self._scored,
            "counts": self._counts.tolist(),
            "labelled": self._labelled.tolist(),
            "newest": pack(self._newest.astype(np.float64)),
            "errors": pack(self._errors),
            "error_sum": [self._error_count, self._error_sum],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._cells.restore(state["classes"])
        self._calibration.restore(state["calibration"])
        self._scored = state["scored"]
        self._counts, self._labelled = (np.array(state[name], np.int64) for name in ("counts", "labelled"))
        self._newest, self._errors = unpack(state["newest"]).astype(np.int64), unpack(state["errors"])
        self._error_count, self._error_sum = state["error_sum"]
