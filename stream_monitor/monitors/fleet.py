"""All model versions together: who is followed, who is evicted, and what goes to whom."""

from __future__ import annotations

import logging
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
from stream_monitor.monitors.settings import MonitorSettings

logger = logging.getLogger(__name__)
_first = itemgetter(0)

#: Detections kept for the landing page.
RECENT_DETECTIONS = 100
#: Evictions of one kind that have a log line each; after them, one in a thousand has.
LOGGED_EVICTIONS = 20


class Fleet:
    """All model versions that are followed, at most ``max_models`` with ``max_versions`` each."""

    def __init__(self, settings: MonitorSettings, observer: Observer | None = None) -> None:
        self._settings, self._observer = settings, observer
        self.monitors: dict[ModelVersion, ModelMonitor] = {}
        self.evicted = {"model": 0, "version": 0, "feature": 0}
        self.recent: deque[Detection] = deque(maxlen=RECENT_DETECTIONS)
        self._times = TimeIndex()
        #: Outcomes whose model version had been evicted before the label came.
        self.outcomes_evicted = 0

    def update(
        self, predictions: Sequence[tuple[int, Prediction]], outcomes: Sequence[tuple[int, Outcome]]
    ) -> list[Detection]:
        """Take a batch: predictions with their positions, outcomes with that of the prediction that comes next.

        The detections are in the order of the stream, and nothing depends on where it was cut: whoever is evicted by
        a prediction has had the outcomes before it.
        """
        detections: list[Detection] = []
        while predictions or outcomes:
            begin = predictions[0][0] if predictions else math.inf
            before = bisect_right(outcomes, begin, key=_first)
            detections += self._take((), outcomes[:before])
            outcomes = outcomes[before:]
            count = self._until_new(predictions)
            until = predictions[count][0] if count < len(predictions) else math.inf
            due = bisect_right(outcomes, until, key=_first)
            detections += self._take(predictions[:count], outcomes[:due])
            predictions, outcomes = predictions[count:], outcomes[due:]
        self.recent.extend(detections)
        return detections

    def _until_new(self, predictions: Sequence[tuple[int, Prediction]]) -> int:
        """How many may be taken until the next that brings a new version, which comes first in its batch."""
        monitors = self.monitors
        if predictions and predictions[0][1].key not in monitors:
            return 1
        if {one.key for _, one in predictions} <= monitors.keys():
            return len(predictions)
        return next(at for at, (_, one) in enumerate(predictions) if one.key not in monitors)

    def _take(
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
        """Fill in what the signal cannot know: the time of the estimated change, and the episode.

        Args:
            one: A detection as its signal has it.
            before: Position of the first prediction that came after it was raised; the time is what was known then.
        """
        if one.changed_index is not None:
            one = one._replace(changed_ts=self._times.at(one.changed_index, before))
        return self.monitors[ModelVersion(one.model, one.version)].episodes.add(one)

    def _update_predictions(self, batch: Sequence[tuple[int, Prediction]]) -> list[Detection]:
        """Hand predictions, with their positions, to their monitors."""
        if batch and len({one.key for _, one in batch}) == 1 and batch[0][1].key in self.monitors:
            return self.monitors[batch[0][1].key].update(batch)
        detections: list[Detection] = []
        groups: dict[ModelVersion, list[tuple[int, Prediction]]] = {}
        for entry in batch:
            key = entry[1].key
            group = groups.get(key)
            if group is None:
                if key not in self.monitors:
                    # Whoever is evicted now has had all that came before.
                    detections += self._predict_groups(groups)
                    groups = {}
                    self._admit(key)
                group = groups[key] = []
            group.append(entry)
        return detections + self._predict_groups(groups)

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
        """Predictions of this version wait here though none was taken: follow it, where there is room."""
        if key in self.monitors:
            return
        models = {monitor.key.model for monitor in self.monitors.values()} | {key.model}
        if len(models) <= self._settings.max_models and len(self._of(key.model)) < self._settings.max_versions:
            self._admit(key)

    def advance(self, clock: float) -> None:
        """Tell all monitors the latest event time."""
        for monitor in self.monitors.values():
            monitor.coverage.advance(clock)

    @property
    def settings_of_state(self) -> dict[str, Any]:
        """The settings without which a saved state means nothing."""
        return {"task": self._settings.task, "warmup": self._settings.warmup}

    def state(self) -> dict[str, Any]:
        return {
            "monitors": [monitor.state() for monitor in self.monitors.values()],
            "evicted": self.evicted,
            "outcomes_evicted": self.outcomes_evicted,
            "recent": list(self.recent),
            "times": self._times.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        for saved in state["monitors"]:
            key = ModelVersion(*saved["key"])
            self.monitors[key] = ModelMonitor(key, self._settings, self._count_evicted, self._observer)
            self.monitors[key].restore(saved)
        self.evicted.update(state["evicted"])
        self.outcomes_evicted = state["outcomes_evicted"]
        self.recent.extend(Detection(*saved) for saved in state["recent"])
        self._times.restore(state["times"])

    def _predict_groups(self, groups: dict[ModelVersion, list[tuple[int, Prediction]]]) -> list[Detection]:
        return [detection for key, group in groups.items() for detection in self.monitors[key].update(group)]

    def _admit(self, key: ModelVersion) -> None:
        versions = [monitor for monitor in self.monitors.values() if monitor.key.model == key.model]
        models = {monitor.key.model for monitor in self.monitors.values()}
        while len(versions) >= self._settings.max_versions:
            oldest = min(versions, key=lambda monitor: monitor.last_seen)
            versions.remove(oldest)
            self._evict("version", [oldest])
        while key.model not in models and len(models) >= self._settings.max_models:
            idle = min(models, key=lambda model: max(m.last_seen for m in self._of(model)))
            models.remove(idle)
            self._evict("model", self._of(idle))
        others = self._of(key.model)
        self.monitors[key] = ModelMonitor(key, self._settings, self._count_evicted, self._observer)
        if others:
            self.monitors[key].warm_start(max(others, key=lambda monitor: monitor.last_seen))

    def _of(self, model: str) -> list[ModelMonitor]:
        return [monitor for monitor in self.monitors.values() if monitor.key.model == model]

    def _evict(self, what: str, monitors: Sequence[ModelMonitor]) -> None:
        for monitor in monitors:
            del self.monitors[monitor.key]
        key = monitors[0].key
        self._count_evicted(what, key.model if what == "model" else f"{key.model}/{key.version}")

    def _count_evicted(self, what: str, name: str) -> None:
        self.evicted[what] += 1
        count = self.evicted[what]
        if count <= LOGGED_EVICTIONS or count % 1000 == 0:
            logger.warning("evicted the %s seen longest ago: %s (%d so far; see --max-%ss)", what, name, count, what)
