"""All model versions that are followed: each batch goes to the monitors of its versions, in the stream's order."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from stream_monitor.actions.model_retraining import Place
from stream_monitor.actions.recovery import Recovery
from stream_monitor.actions.retraining import Retraining
from stream_monitor.core.arrays import Ints
from stream_monitor.core.event_batch import PredictionBatch, rows_by_version
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.core.sequences import Rows
from stream_monitor.drift.time_index import TimeIndex
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.monitors.observer import Observer
from stream_monitor.monitors.registry import VersionRegistry
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.performance.rollouts import Rollouts
from stream_monitor.performance.version_event import VersionEvent


class Fleet:
    """Hands predictions and outcomes to the monitors of their model versions.

    Attributes:
        recent: The newest detections, the latest last.
        small: The newest changes that are too small to matter, the latest last.
        rollouts: The versions of each model side by side.
        retraining: The decisions to train models anew.
        outcomes_evicted: Outcomes whose model version had been evicted before the label came.
    """

    def __init__(self, settings: MonitorSettings, observer: Observer | None = None) -> None:
        self.settings = settings
        self._registry = VersionRegistry(settings, observer)
        self.recent, self.small = (deque[Detection](maxlen=settings.detections_kept) for _ in range(2))
        self._times = TimeIndex()
        self.rollouts = Rollouts(settings.rollout)
        self.retraining = Retraining(settings.retrain, settings.detections_kept)
        self._events: list[VersionEvent] = []
        self._recoveries: list[Recovery] = []
        self.outcomes_evicted = 0

    @property
    def monitors(self) -> Mapping[ModelVersion, ModelMonitor]:
        """The monitor of each version that is followed."""
        return self._registry.monitors

    @property
    def evicted(self) -> Mapping[str, int]:
        """Evictions so far, by kind: ``model``, ``version`` and ``feature``."""
        return self._registry.evicted

    def update(self, predictions: PredictionBatch, index: Ints, outcomes: OutcomeBatch) -> list[Detection]:
        """Update the monitors with a batch; the result does not depend on where the stream was cut into batches.

        Args:
            predictions: Predictions, in order.
            index: Their positions in the stream, rising, shape (len(predictions),).
            outcomes: Outcomes, in order.

        Returns:
            The drifts detected, in the order of the stream.
        """
        detections: list[Detection] = []
        while len(predictions) or len(outcomes):
            # A version that the next prediction evicts has the outcomes before it.
            if due := _due(outcomes, index):
                detections += self._update_part(predictions.take(slice(0)), index[:0], outcomes.take(slice(due)))
                outcomes = outcomes.take(slice(due, None))
            count = self._until_new(predictions)
            due = _due(outcomes, index[count:])
            part = predictions if count == len(predictions) else predictions.take(slice(count))
            detections += self._update_part(part, index[:count], outcomes.take(slice(due)))
            predictions, index = predictions.take(slice(count, None)), index[count:]
            outcomes = outcomes.take(slice(due, None))
        self.recent.extend(detections)
        return detections

    def _until_new(self, predictions: PredictionBatch) -> int:
        """Return the number of predictions before the next new version; 1 where the first is of a new version."""
        is_new = np.array([key not in self.monitors for key in predictions.keys], bool)
        if not is_new.any():
            return len(predictions)
        rows = np.flatnonzero(is_new[predictions.which])
        return max(int(rows[0]), 1) if len(rows) else len(predictions)

    def _update_part(self, predictions: PredictionBatch, index: Ints, outcomes: OutcomeBatch) -> list[Detection]:
        """Update the monitors; return the detections in the order of the events that raised them.

        A prediction at position p comes after p others, an outcome with the prediction p next after the same p.
        """
        self._times.add(index, predictions.ts)
        raised = self._update_versions(predictions, index, outcomes)
        self._recoveries += [one for monitor in self.monitors.values() for one in monitor.take_recoveries()]
        self.rollouts.update(predictions, index, outcomes, self.monitors)
        raised.sort(key=lambda each: (each[0], each[1].signal, each[1].detector))
        found = [(place, self._complete(one, place[0])) for place, one in raised]
        self.small.extend(one for _, one in found if one.is_small)
        told = [each for each in found if not each[1].is_small]
        events = self.rollouts.take_events()
        self._events += events
        self.retraining.update(predictions, index, outcomes, events, told, self.monitors)
        return [one for _, one in told]

    def take_recoveries(self) -> list[Recovery]:
        """Return the signals that are near their references again since the last call, by position."""
        found, self._recoveries = sorted(self._recoveries, key=lambda one: (one.index, one.signal)), []
        return found

    def take_events(self) -> list[VersionEvent]:
        """Return what has happened to versions since the last call."""
        events, self._events = self._events, []
        return events

    def _update_versions(
        self, predictions: PredictionBatch, index: Ints, outcomes: OutcomeBatch
    ) -> list[tuple[Place, Detection]]:
        """Update the monitors, of which only that of the first prediction may be new.

        Returns:
            The detections, each with the place in the stream of the event that raises it.
        """
        raised = []
        predicted, labelled = dict(rows_by_version(predictions)), dict(rows_by_version(outcomes))
        for key in dict.fromkeys((*predicted, *labelled)):
            rows, at = predicted.get(key, slice(0)), labelled.get(key, slice(0))
            batch = predictions if _is_all(rows) else predictions.take(rows)
            some = outcomes if _is_all(at) else outcomes.take(at)
            if key in predicted and key not in self.monitors:
                self._registry.admit(key)
            if key not in self.monitors:
                self.outcomes_evicted += len(some)
                continue
            detections, alarms = self.monitors[key].update(batch, index[rows], some)
            raised += [((one.index + 1, 0, 0), one) for one in detections]
            places = np.arange(len(outcomes))[at].tolist() if alarms else ()
            raised += [((int(outcomes.before[places[row]]), 1, places[row]), one) for row, one in alarms]
        return raised

    def _complete(self, one: Detection, before: int) -> Detection:
        """Add the time of the estimated change and the episode, which the signal cannot know.

        Args:
            one: A detection as its signal has it.
            before: Position of the first prediction that came after it was raised; the time is what was known then.
        """
        if one.changed_index is not None:
            one = one._replace(changed_ts=self._times.at(one.changed_index, before))
        if one.is_small:
            return one
        return self.monitors[ModelVersion(one.model, one.version)].episodes.add(one)

    def expect(self, key: ModelVersion) -> None:
        """Follow a version whose predictions wait for labels here though none was counted, where there is room."""
        self._registry.admit_if_room(key)

    def advance(self, stream_time: float) -> None:
        """Advance the coverage of all monitors to this stream time, in seconds."""
        for monitor in self.monitors.values():
            monitor.coverage.advance(stream_time)

    def state(self) -> dict[str, Any]:
        return {
            **self._registry.state(),
            "outcomes_evicted": self.outcomes_evicted,
            "recent": list(self.recent),
            "small": list(self.small),
            "times": self._times.state(),
            "rollouts": self.rollouts.state(),
            "retraining": self.retraining.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._registry.restore(state)
        self.outcomes_evicted = state["outcomes_evicted"]
        self.recent.extend(Detection(*saved) for saved in state["recent"])
        self.small.extend(Detection(*saved) for saved in state["small"])
        self._times.restore(state["times"])
        self.rollouts.restore(state["rollouts"])
        self.retraining.restore(state["retraining"])


def _is_all(rows: Rows) -> bool:
    """Return whether these are all rows of a batch."""
    return isinstance(rows, slice) and rows == slice(None)


def _due(outcomes: OutcomeBatch, index: Ints) -> int:
    """Return the number of outcomes before the first of the predictions at these positions; all without any."""
    return int(np.searchsorted(outcomes.before, index[0], "right")) if len(index) else len(outcomes)
