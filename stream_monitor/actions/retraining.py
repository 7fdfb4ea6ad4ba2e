"""The policies of retraining over the stream of all models."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.actions.model_retraining import ModelPart, ModelRetraining, Place
from stream_monitor.actions.retrain_decision import RetrainSettings
from stream_monitor.actions.retrain_request import RetrainRequest
from stream_monitor.core.arrays import Ints
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.performance.version_event import VersionEvent


class Retraining:
    """Hands what comes next in the stream to the retraining of each model.

    Args:
        settings: The settings.
        kept: Newest requests that are kept.

    Attributes:
        models: The retraining of each model that is followed, by name.
        recent: The newest requests, the latest last.
    """

    def __init__(self, settings: RetrainSettings, kept: int) -> None:
        self.settings = settings
        self.models: dict[str, ModelRetraining] = {}
        self.recent: deque[RetrainRequest] = deque(maxlen=kept)
        self._made: list[tuple[Place, RetrainRequest]] = []

    def update(
        self,
        predictions: PredictionBatch,
        index: Ints,
        outcomes: OutcomeBatch,
        events: Sequence[VersionEvent],
        raised: Sequence[tuple[Place, Detection]],
        followed: Collection[ModelVersion],
    ) -> None:
        """Update with what comes next in the stream.

        Args:
            predictions: Predictions.
            index: Their positions in the stream, rising, shape (len(predictions),).
            outcomes: Outcomes, in order.
            events: What has happened to versions.
            raised: Detections, each with its place.
            followed: The model versions that are followed; all others are dropped.
        """
        if not self.settings.policies:
            return
        self._retain(followed)
        keys = [key for key in dict.fromkeys((*predictions.keys, *outcomes.keys)) if key in followed]
        for model in dict.fromkeys(key.model for key in keys):
            own = {key for key in keys if key.model == model}
            rows = _rows(predictions.keys, predictions.which, own)
            at = _rows(outcomes.keys, outcomes.which, own)
            part = ModelPart(
                index[rows],
                predictions.ts[rows],
                outcomes.take(at),
                at,
                [event for event in events if event.model == model],
                [each for each in raised if each[1].model == model],
            )
            if model not in self.models:
                self.models[model] = ModelRetraining(model, self.settings)
            self._made += self.models[model].update(part)

    def take_requests(self) -> list[RetrainRequest]:
        """Return the requests since the last call, in the order of the stream."""
        made = [request for _, request in sorted(self._made, key=lambda each: each[0])]
        self._made = []
        self.recent.extend(made)
        return made

    def _retain(self, followed: Collection[ModelVersion]) -> None:
        """Drop the models, and the outcomes of versions, that are not followed any more."""
        versions: dict[str, set[str]] = {}
        for key in followed:
            versions.setdefault(key.model, set()).add(key.version)
        self.models = {model: each for model, each in self.models.items() if model in versions}
        for model, each in self.models.items():
            each.windows.retain(versions[model])

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "models": {model: each.state() for model, each in self.models.items()},
            "recent": list(self.recent),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self.recent.extend(map(RetrainRequest.restored, state["recent"]))
        if not self.settings.policies:
            return
        for model, saved in state["models"].items():
            self.models[model] = ModelRetraining(model, self.settings)
            self.models[model].restore(saved)


def _rows(keys: Sequence[ModelVersion], which: Ints, wanted: Collection[ModelVersion]) -> Ints:
    """Return the rows of a batch whose key is wanted, shape (n,)."""
    is_wanted = np.array([key in wanted for key in keys], bool)
    return np.flatnonzero(is_wanted[which]) if len(which) else np.zeros(0, np.int64)
