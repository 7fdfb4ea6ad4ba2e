"""One model version's detectors and measures (`Monitor`), and all of them together (`Fleet`)."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from typing import Any, Literal

from stream_monitor.counts import FeatureCounts, Histogram
from stream_monitor.detectors import Floats
from stream_monitor.detectors.spec import DEFAULT_SPECS, DetectorSpec, select
from stream_monitor.events import Detection, ModelVersion, Outcome, Prediction
from stream_monitor.measures.coverage import Coverage
from stream_monitor.measures.performance import make_performance
from stream_monitor.signal_monitor import SignalMonitor
from stream_monitor.signals import (
    ClassCodes,
    Column,
    FeatureColumn,
    Ints,
    feature_columns,
    optional_column,
    positions,
)

logger = logging.getLogger(__name__)

#: Detections kept for the landing page.
RECENT_DETECTIONS = 100
#: A longer name of a feature is not followed: it would be a label value of Prometheus.
LONGEST_NAME = 200
#: Retirements of one kind that have a log line each; after them, one in a thousand has.
LOGGED_RETIREMENTS = 20
#: Upper bounds of ``label_delay_seconds``: a second to a month.
DELAY_BUCKETS = (
    1.0,
    10.0,
    60.0,
    600.0,
    3600.0,
    6 * 3600.0,
    86_400.0,
    3 * 86_400.0,
    7 * 86_400.0,
    30 * 86_400.0,
)


@dataclass(frozen=True)
class MonitorSettings:
    """What every monitor is made from."""

    specs: Sequence[DetectorSpec] = DEFAULT_SPECS
    task: Literal["classification", "regression"] = "classification"
    warmup: int = 500
    performance_window: int = 1000
    performance_decay: float = 0.999
    label_maturity: float = 0.0
    max_models: int = 20
    max_versions: int = 5
    max_features: int = 500


class Monitor:
    """Watches one version of one model."""

    def __init__(self, key: ModelVersion, settings: MonitorSettings, retired: Callable[[str, str], None]) -> None:
        self.key = key
        self._settings = settings
        self._retired = retired
        self._codes = ClassCodes()
        self.signals: dict[str, SignalMonitor] = {}
        self.features: dict[str, FeatureCounts] = {}
        self.performance = make_performance(settings.task, settings.performance_window, settings.performance_decay)
        self.coverage = Coverage(settings.label_maturity)
        self.predictions = 0
        self.delays = Histogram(DELAY_BUCKETS)
        self.last_seen = 0
        self.features_ignored = 0

    def predict(self, batch: Sequence[tuple[int, Prediction]]) -> list[Detection]:
        """Take predictions with their positions, in order."""
        detections: list[Detection] = []
        while batch:
            count = self._admit(batch)
            detections += self._columns(batch[:count])
            batch = batch[count:]
        return detections

    def resolve(self, outcomes: Sequence[Outcome]) -> list[Detection]:
        """Take outcomes, in order."""
        errors = self.performance.update_many([o.y_true for o in outcomes], [o.y_pred for o in outcomes])
        self.delays.add_many([outcome.delay for outcome in outcomes if outcome.delay is not None])
        self.coverage.labelled([outcome.ts for outcome in outcomes])
        index, ts = positions([o.index for o in outcomes], [o.ts for o in outcomes])
        return self._feed("error", errors, index, ts)

    def state(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "predictions": self.predictions,
            "last_seen": self.last_seen,
            "features_ignored": self.features_ignored,
            "codes": self._codes.state(),
            "features": {name: asdict(counts) for name, counts in self.features.items()},
            "delays": self.delays.state(),
            "coverage": self.coverage.state(),
            "performance": self.performance.state(),
            "signals": {name: signal.state() for name, signal in self.signals.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.predictions, self.last_seen = state["predictions"], state["last_seen"]
        self.features_ignored = state["features_ignored"]
        self._codes.restore(state["codes"])
        self.features = {name: FeatureCounts(**counts) for name, counts in state["features"].items()}
        self.delays.restore(state["delays"])
        self.coverage.restore(state["coverage"])
        self.performance.restore(state["performance"])
        for name, saved in state["signals"].items():
            self._signal(name).restore(saved)

    def _columns(self, batch: Sequence[tuple[int, Prediction]]) -> list[Detection]:
        index, ts = positions([at for at, _ in batch], [prediction.ts for _, prediction in batch])
        predictions = [prediction for _, prediction in batch]
        self.predictions += len(batch)
        self.coverage.predicted([prediction.ts for prediction in predictions])
        self.last_seen = int(index[-1])
        detections = self._feed("prediction", self._codes.column([p.y_pred for p in predictions]), index, ts)
        scores = optional_column([p.score for p in predictions])
        if scores is not None:
            detections += self._feed("score", scores, index, ts)
        columns = feature_columns([p.features for p in predictions], list(self.features))
        for name, column in columns.items():
            self.features[name].add(column)
            self.features[name].last_seen = _last_seen(name, column, batch, self.features[name].last_seen)
            detections += self._feed(f"missing:{name}", column.missing, index, ts)
            detections += self._feed(f"feature:{name}", column.values, index, ts)
        return detections

    def _admit(self, batch: Sequence[tuple[int, Prediction]]) -> int:
        """Make room for new features; how many predictions may be taken before the next one that brings some."""
        known = self.features.keys()
        for count, (_, prediction) in enumerate(batch):
            features = prediction.features
            if features.keys() <= known:
                continue
            new = [name for name in features if name not in known and len(name) <= LONGEST_NAME]
            taken = new
            if len(features) > self._settings.max_features:
                # A record that is itself over the bound may fill free room, but retires nothing.
                taken = new[: max(self._settings.max_features - len(known), 0)]
            if taken and count:
                return count
            self.features_ignored += len(new) - len(taken)
            self._add_features(taken, keep=features.keys())
        return len(batch)

    def _add_features(self, new: Sequence[str], keep: AbstractSet[str]) -> None:
        surplus = len(self.features) + len(new) - self._settings.max_features
        if surplus > 0:
            idle = sorted((c.last_seen, name) for name, c in self.features.items() if name not in keep)
            for _, name in idle[:surplus]:
                self._retire(name)
        for name in new:
            self.features[name] = FeatureCounts()

    def _retire(self, name: str) -> None:
        del self.features[name]
        for signal in (f"feature:{name}", f"missing:{name}"):
            self.signals.pop(signal, None)
        self._retired("feature", f"{self.key.model}/{self.key.version}/{name}")

    def _feed(self, name: str, values: Floats, index: Ints, ts: Floats) -> list[Detection]:
        column = Column(values, index, ts).finite()
        if name not in self.signals and not len(column.values):
            return []
        return self._signal(name).update(column)

    def _signal(self, name: str) -> SignalMonitor:
        """The monitor of a signal, made when its first value comes."""
        signal = self.signals.get(name)
        if signal is None:
            # Shares of something have the scale that detectors assume already.
            share = name.startswith("missing:") or (name == "error" and self._settings.task == "classification")
            configs = select(self._settings.specs, name)
            signal = SignalMonitor(self.key, name, configs, 0 if share else self._settings.warmup)
            self.signals[name] = signal
        return signal


def _last_seen(name: str, column: FeatureColumn, batch: Sequence[tuple[int, Prediction]], before: int) -> int:
    """Position of the newest prediction that carries the feature at all; ``before`` if none does."""
    if not column.missing[-1]:
        return batch[-1][0]
    return next((at for at, prediction in reversed(batch) if name in prediction.features), before)


class Fleet:
    """All model versions that are followed, at most ``max_models`` with ``max_versions`` each."""

    def __init__(self, settings: MonitorSettings) -> None:
        self._settings = settings
        self.monitors: dict[ModelVersion, Monitor] = {}
        self.retired = {"model": 0, "version": 0, "feature": 0}
        self.recent: deque[Detection] = deque(maxlen=RECENT_DETECTIONS)
        #: Outcomes whose model version had been retired before the label came.
        self.outcomes_retired = 0

    def take(
        self, predictions: Sequence[tuple[int, Prediction]], outcomes: Sequence[tuple[int, Outcome]]
    ) -> list[Detection]:
        """Take a batch: predictions with their positions, outcomes with that of the prediction that comes next.

        The detections are in the order of the stream, and nothing depends on where it was cut: whoever is retired by
        a prediction has had the outcomes before it.
        """
        detections: list[Detection] = []
        while predictions or outcomes:
            begin = predictions[0][0] if predictions else math.inf
            before = sum(at <= begin for at, _ in outcomes)
            detections += self._take((), outcomes[:before])
            outcomes = outcomes[before:]
            count = self._until_new(predictions)
            until = predictions[count][0] if count < len(predictions) else math.inf
            due = sum(at <= until for at, _ in outcomes)
            detections += self._take(predictions[:count], outcomes[:due])
            predictions, outcomes = predictions[count:], outcomes[due:]
        self.recent.extend(detections)
        return detections

    def _until_new(self, predictions: Sequence[tuple[int, Prediction]]) -> int:
        """How many may be taken until the next that brings a new version, which comes first in its batch."""
        monitors = self.monitors
        if predictions and predictions[0][1].key not in monitors:
            return 1
        return next((at for at, (_, one) in enumerate(predictions) if one.key not in monitors), len(predictions))

    def _take(
        self, predictions: Sequence[tuple[int, Prediction]], outcomes: Sequence[tuple[int, Outcome]]
    ) -> list[Detection]:
        raised = [((found.index + 1, 0, 0), found) for found in self.predict(predictions)]
        places = {(one.key, one.index): (at, 1, number) for number, (at, one) in enumerate(outcomes)}
        for found in self.resolve([outcome for _, outcome in outcomes]):
            raised.append((places[ModelVersion(found.model, found.version), found.index], found))
        raised.sort(key=lambda each: (each[0], each[1].signal, each[1].detector))
        return [found for _, found in raised]

    def predict(self, batch: Sequence[tuple[int, Prediction]]) -> list[Detection]:
        """Hand predictions, with their positions, to their monitors."""
        detections: list[Detection] = []
        groups: dict[ModelVersion, list[tuple[int, Prediction]]] = {}
        for entry in batch:
            key = entry[1].key
            group = groups.get(key)
            if group is None:
                if key not in self.monitors:
                    # Whoever is retired now has had all that came before.
                    detections += self._predict_groups(groups)
                    groups = {}
                    self._admit(key)
                group = groups[key] = []
            group.append(entry)
        return detections + self._predict_groups(groups)

    def resolve(self, outcomes: Sequence[Outcome]) -> list[Detection]:
        """Hand outcomes to their monitors."""
        groups: dict[ModelVersion, list[Outcome]] = {}
        for outcome in outcomes:
            groups.setdefault(outcome.key, []).append(outcome)
        detections: list[Detection] = []
        for key, group in groups.items():
            if key in self.monitors:
                detections += self.monitors[key].resolve(group)
            else:
                self.outcomes_retired += len(group)
        return detections

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
    def lasting_settings(self) -> dict[str, Any]:
        """The settings without which a saved state means nothing."""
        return {"task": self._settings.task, "warmup": self._settings.warmup}

    def state(self) -> dict[str, Any]:
        return {
            "monitors": [monitor.state() for monitor in self.monitors.values()],
            "retired": self.retired,
            "outcomes_retired": self.outcomes_retired,
            "recent": list(self.recent),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        for saved in state["monitors"]:
            key = ModelVersion(*saved["key"])
            self.monitors[key] = Monitor(key, self._settings, self._count_retired)
            self.monitors[key].restore(saved)
        self.retired.update(state["retired"])
        self.outcomes_retired = state["outcomes_retired"]
        self.recent.extend(Detection(*saved) for saved in state["recent"])

    def _predict_groups(self, groups: dict[ModelVersion, list[tuple[int, Prediction]]]) -> list[Detection]:
        return [detection for key, group in groups.items() for detection in self.monitors[key].predict(group)]

    def _admit(self, key: ModelVersion) -> None:
        versions = [monitor for monitor in self.monitors.values() if monitor.key.model == key.model]
        models = {monitor.key.model for monitor in self.monitors.values()}
        while len(versions) >= self._settings.max_versions:
            oldest = min(versions, key=lambda monitor: monitor.last_seen)
            versions.remove(oldest)
            self._retire("version", [oldest])
        while key.model not in models and len(models) >= self._settings.max_models:
            idle = min(models, key=lambda model: max(m.last_seen for m in self._of(model)))
            models.remove(idle)
            self._retire("model", self._of(idle))
        self.monitors[key] = Monitor(key, self._settings, self._count_retired)

    def _of(self, model: str) -> list[Monitor]:
        return [monitor for monitor in self.monitors.values() if monitor.key.model == model]

    def _retire(self, what: str, monitors: Sequence[Monitor]) -> None:
        for monitor in monitors:
            del self.monitors[monitor.key]
        key = monitors[0].key
        self._count_retired(what, key.model if what == "model" else f"{key.model}/{key.version}")

    def _count_retired(self, what: str, name: str) -> None:
        self.retired[what] += 1
        count = self.retired[what]
        if count <= LOGGED_RETIREMENTS or count % 1000 == 0:
            logger.warning("retired the %s seen longest ago: %s (%d so far; see --max-%ss)", what, name, count, what)
