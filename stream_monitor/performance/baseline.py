"""Baselines beside the model: simple predictors on the same outcomes that predict first and learn then.

Prequential evaluation as in `stream_monitor.performance.realized`. A baseline knows the labels of the outcomes
before, in the order in which these are applied. An outcome that it can't predict is left out on both sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.events import Target, Task
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.core.sequences import Rows
from stream_monitor.performance.baseline_result import BaselineResult
from stream_monitor.performance.baseline_tally import ClassTally, NumberTally
from stream_monitor.performance.payoff import Payoff
from stream_monitor.performance.realized import Errors
from stream_monitor.performance.trivial_baselines import (
    NONE,
    Labels,
    LastLabel,
    LastNumber,
    MajorityClass,
    RunningMean,
)

BaselineKind = Literal["none", "trivial"]


@dataclass(frozen=True, slots=True)
class BaselineSettings:
    """The baselines that run beside the model.

    Attributes:
        kind: ``trivial``: those that look at no feature.
        min_skill: The smallest skill of the model over a baseline that matters.
        payoff: The payoff of an outcome; None: there is none.
    """

    kind: BaselineKind = "trivial"
    min_skill: float = 0.05
    payoff: Payoff | None = None


class Saved(Protocol):
    """Anything whose state is saved."""

    def state(self) -> Any: ...
    def restore(self, state: Any) -> None: ...


class ClassPredictor(Saved, Protocol):
    """Predicts classes; see `MajorityClass`."""

    def update(self, labels: Labels) -> Ints: ...


class NumberPredictor(Saved, Protocol):
    """Predicts numbers; see `RunningMean`."""

    def update(self, labels: Floats) -> Floats: ...


class Baselines:
    """The baselines beside one model version.

    Args:
        settings: The baselines.
        task: The kind of model.
        window: Outcomes in the rolling window.
        decay: Weight of an outcome relative to the one after it, in the decayed window.
    """

    def __init__(self, settings: BaselineSettings, task: Task, window: int, decay: float) -> None:
        self._settings = settings
        self._class_predictors: dict[str, ClassPredictor] = {}
        self._number_predictors: dict[str, NumberPredictor] = {}
        if settings.kind != "none" and task == "classification":
            self._class_predictors = {"majority_class": MajorityClass(), "last_label": LastLabel()}
        elif settings.kind != "none":
            self._number_predictors = {"running_mean": RunningMean(), "last_label": LastNumber()}
        self._class_tallies = {name: ClassTally(name, window, decay) for name in self._class_predictors}
        self._number_tallies = {name: NumberTally(name, window, decay) for name in self._number_predictors}

    def update(self, outcomes: OutcomeBatch, errors: Errors) -> None:
        """Predict n outcomes, n > 0, and learn their labels, one after the other.

        Args:
            outcomes: The outcomes.
            errors: The errors of the model in them.
        """
        if errors.classes is not None and errors.predicted is not None:
            self._update_classes(Labels(errors.classes, outcomes.y_true), errors.predicted)
        elif self._number_predictors:
            self._update_numbers(np.array(outcomes.y_true, np.float64), np.array(outcomes.y_pred, np.float64))

    def _update_classes(self, labels: Labels, y_pred: Ints) -> None:
        for name, predictor in self._class_predictors.items():
            predicted = predictor.update(labels)
            rows = _rows(predicted != NONE)
            self._class_tallies[name].add(labels.codes[rows], y_pred[rows], predicted[rows])

    def _update_numbers(self, y_true: Floats, y_pred: Floats) -> None:
        for name, predictor in self._number_predictors.items():
            predicted = predictor.update(y_true)
            rows = _rows(~np.isnan(predicted))
            self._number_tallies[name].add(y_true[rows], y_pred[rows], predicted[rows])

    @property
    def _saved(self) -> dict[str, tuple[Saved, Saved]]:
        """The predictor and the tally of each baseline by name."""
        predictors: dict[str, Saved] = {**self._class_predictors, **self._number_predictors}
        tallies: dict[str, Saved] = {**self._class_tallies, **self._number_tallies}
        return {name: (predictors[name], tallies[name]) for name in predictors}

    def results(self, classes: Sequence[Target]) -> list[BaselineResult]:
        """Return the result of each baseline.

        Args:
            classes: The classes of the model version by code, as received; empty for a regression.
        """
        payoff, min_skill = self._settings.payoff, self._settings.min_skill
        if self._number_tallies:
            return [tally.result(min_skill) for tally in self._number_tallies.values()]
        values, unknown = (payoff.matrix(classes), payoff.unknown(classes)) if payoff else (None, ())
        found = (tally.result(min_skill, values) for tally in self._class_tallies.values())
        return [replace(result, unknown_payoff=unknown) for result in found]

    def state(self) -> dict[str, Any]:
        return {name: [each.state() for each in both] for name, both in self._saved.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned; a baseline that it does not have starts anew."""
        for name, both in self._saved.items():
            for each, saved in zip(both, state.get(name, ()), strict=False):
                each.restore(saved)


def _rows(is_predicted: Bools) -> Rows:
    """Return the rows that are predicted."""
    return slice(None) if is_predicted.all() else np.flatnonzero(is_predicted)
