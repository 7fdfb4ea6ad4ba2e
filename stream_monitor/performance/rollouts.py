"""The rollouts of all models."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import ModelVersion
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.core.sequences import Rows
from stream_monitor.performance.rollout import Predicted, Rollout, RolloutSettings
from stream_monitor.performance.rollout_result import RolloutResult
from stream_monitor.performance.version_event import VersionEvent


class Rollouts:
    """Hands predictions and outcomes to the rollouts of their models."""

    def __init__(self, settings: RolloutSettings) -> None:
        self._settings = settings
        self._rollouts: dict[str, Rollout] = {}

    def update(
        self, predictions: PredictionBatch, index: Ints, outcomes: OutcomeBatch, followed: Collection[ModelVersion]
    ) -> None:
        """Update with the next predictions and outcomes.

        Args:
            predictions: Predictions.
            index: Their positions in the stream, rising, shape (len(predictions),).
            outcomes: Outcomes, in order.
            followed: The model versions that are followed; all others are dropped.
        """
        self._retain(followed)
        versions = [key.version for key in predictions.keys]
        for model in dict.fromkeys(key.model for key in (*predictions.keys, *outcomes.keys)):
            rows = _rows(predictions.keys, predictions.which, {key for key in predictions.keys if key.model == model})
            known = {key for key in outcomes.keys if key.model == model and key in followed}
            predicted = Predicted(versions, predictions.which[rows], index[rows], predictions.ts[rows])
            some = outcomes.take(_rows(outcomes.keys, outcomes.which, known))
            if len(predicted.which) or len(some):
                self._rollout(model).update(predicted, some)

    def _rollout(self, model: str) -> Rollout:
        if model not in self._rollouts:
            self._rollouts[model] = Rollout(model, self._settings)
        return self._rollouts[model]

    def _retain(self, followed: Collection[ModelVersion]) -> None:
        """Drop the versions and models that are not followed any more."""
        if all(
            ModelVersion(model, name) in followed for model, each in self._rollouts.items() for name in each.versions
        ):
            return
        for model, rollout in self._rollouts.items():
            rollout.retain([key.version for key in followed if key.model == model])
        self._rollouts = {model: rollout for model, rollout in self._rollouts.items() if rollout.versions}

    def take_events(self) -> list[VersionEvent]:
        """Return what has happened to versions since the last call."""
        events = [event for rollout in self._rollouts.values() for event in rollout.events]
        for rollout in self._rollouts.values():
            rollout.events = []
        return events

    def results(self) -> list[RolloutResult]:
        """Return the versions of each model, as they are now."""
        return [rollout.result() for rollout in self._rollouts.values()]

    def state(self) -> dict[str, Any]:
        return {model: rollout.state() for model, rollout in self._rollouts.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        for model, saved in state.items():
            self._rollout(model).restore(saved)


def _rows(keys: Sequence[ModelVersion], which: Ints, wanted: Collection[ModelVersion]) -> Rows:
    """Return the rows of a batch whose key is wanted."""
    is_wanted = np.array([key in wanted for key in keys], bool)
    return slice(None) if is_wanted.all() else np.flatnonzero(is_wanted[which])
