"""All model versions that are followed: each batch goes to the monitors of its versions, in the stream's order."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from stream_monitor.core.events import Detection, ModelVersion, Outcome, Prediction
from stream_monitor.drift.detection import Alarm
from stream_monitor.drift.time_index import TimeIndex
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.monitors.observer import Observer
from stream_monitor.monitors.registry import VersionRegistry
from stream_monitor.monitors.settings import MonitorSettings

_first = itemgetter(0)

#: Detections kept for the landing page.
RECENT_DETECTIONS = 100


class Fleet:
    """Hands predictions and outcomes to the monitors of their model versions.

    Attributes:
        recent: The newest detections, the latest last.
        outcomes_evicted: Outcomes whose model version had been evicted before the label came.
    """

    def __init__(self, settings: MonitorSettings, observer: Observer | None = None) -> None:
        self._settings = settings
        self._registry = VersionRegistry(settings, observer)
        self.recent: deque[Detection] = deque(maxlen=RECENT_DETECTIONS)
        self._times = TimeIndex()
        self.outcomes_evicted = 0

    @property
    def monitors(self) -> Mapping[ModelVersion, ModelMonitor]:
        """The monitor of each version that is followed."""
        return self._registry.monitors

    @property
    def evicted(self) -> Mapping[str, int]:
        """Evictions so far, by kind: ``model``, ``version`` and ``feature``."""
        return self._registry.evicted

    def update(
        self, predictions: Sequence[tuple[int, Prediction]], outcomes: Sequence[tuple[int, Outcome]]
    ) -> list[Detection]:
        """Update the monitors with a batch; the result does not depend on where the stream was cut into batches.

        Args:
            predictions: Predictions with their positions in the stream, in order.
            outcomes: Outcomes, in order, with the position of the prediction that comes next.

        Returns:
            The drifts detected, in the order of the stream.
        """
        detections: list[Detection] = []
        while predictions or outcomes:
            # A version that the next prediction evicts has the outcomes before it.
            due = bisect_right(outcomes, predictions[0][0] if predictions else math.inf, key=_first)
            detections += self._update_part((), outcomes[:due])
            outcomes = outcomes[due:]
            count = self._until_new(predictions)
            end = predictions[count][0] if count < len(predictions) else math.inf
            due = bisect_right(outcomes, end, key=_first)
            detections += self._update_part(predictions[:count], outcomes[:due])
            predictions, outcomes = predictions[count:], outcomes[due:]
        self.recent.extend(detections)
        return detections

    def _until_new(self, predictions: Sequence[tuple[int, Prediction]]) -> int:
        """Return the number of predictions before the next new version; 1 where the first is of a new version."""
        monitors = self.monitors
        if predictions and predictions[0][1].key not in monitors:
            return 1
        if {one.key for _, one in predictions} <= monitors.keys():
            return len(predictions)
        return next(at for at, (_, one) in enumerate(predictions) if one.key not in monitors)

    def _update_part(
        self, predictions: Sequence[tuple[int, Prediction]], outcomes: Sequence[tuple[int, Outcome]]
    ) -> list[Detection]:
        """Update the monitors; return the detections in the order of the events that raised them.

        A prediction at position p comes after p others, an outcome with the prediction p next after the same p.
        """
        self._times.add([at for at, _ in predictions], [one.ts for _, one in predictions])
        raised = [((one.index + 1, 0, 0), one) for one in self._update_predictions(predictions)]
        alarms = self._update_outcomes([outcome for _, outcome in outcomes])
        raised += [((outcomes[row][0], 1, row), one) for row, one in alarms]
        raised.sort(key=lambda each: (each[0], each[1].signal, each[1].detector))
        return [self._complete(one, before) for (before, _, _), one in raised]

    def _complete(self, one: Detection, before: int) -> Detection:
        """Add the time of the estimated change and the episode, which the signal cannot know.

        Args:
            one: A detection as its signal has it.
            before: Position of the first prediction that came after it was raised; the time is what was known then.
        """
        if one.changed_index is not None:
            one = one._replace(changed_ts=self._times.at(one.changed_index, before))
        return self.monitors[ModelVersion(one.model, one.version)].episodes.add(one)

    def _update_predictions(self, batch: Sequence[tuple[int, Prediction]]) -> list[Detection]:
        """Update the monitors with predictions, of which only the first may be of a new version."""
        if batch and batch[0][1].key not in self.monitors:
            self._registry.admit(batch[0][1].key)
        groups: dict[ModelVersion, list[tuple[int, Prediction]]] = {}
        for entry in batch:
            groups.setdefault(entry[1].key, []).append(entry)
        return [detection for key, group in groups.items() for detection in self.monitors[key].update(group)]

    def _update_outcomes(self, outcomes: Sequence[Outcome]) -> list[Alarm]:
        """Update the monitors of outcomes; return the alarms, each with the row of the outcome that raises it."""
        keys = {outcome.key for outcome in outcomes}
        if len(keys) == 1:
            return self._update_outcomes_of(keys.pop(), outcomes)
        groups: dict[ModelVersion, list[int]] = {}
        for row, outcome in enumerate(outcomes):
            groups.setdefault(outcome.key, []).append(row)
        found: list[Alarm] = []
        for key, rows in groups.items():
            alarms = self._update_outcomes_of(key, [outcomes[row] for row in rows])
            found += [alarm._replace(row=rows[alarm.row]) for alarm in alarms]
        return found

    def _update_outcomes_of(self, key: ModelVersion, outcomes: Sequence[Outcome]) -> list[Alarm]:
        if key in self.monitors:
            return self.monitors[key].update_outcomes(outcomes)
        self.outcomes_evicted += len(outcomes)
        return []

    def expect(self, key: ModelVersion) -> None:
        """Follow a version whose predictions wait for labels here though none was counted, where there is room."""
        self._registry.admit_if_room(key)

    def advance(self, stream_time: float) -> None:
        """Advance the coverage of all monitors to this stream time, in seconds."""
        for monitor in self.monitors.values():
            monitor.coverage.advance(stream_time)

    @property
    def settings_of_state(self) -> dict[str, Any]:
        """The settings that a saved state depends on."""
        return {"task": self._settings.task, "warmup": self._settings.warmup}

    def state(self) -> dict[str, Any]:
        return {
            **self._registry.state(),
            "outcomes_evicted": self.outcomes_evicted,
            "recent": list(self.recent),
            "times": self._times.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._registry.restore(state)
        self.outcomes_evicted = state["outcomes_evicted"]
        self.recent.extend(Detection(*saved) for saved in state["recent"])
        self._times.restore(state["times"])
