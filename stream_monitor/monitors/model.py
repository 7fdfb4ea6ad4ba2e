"""One model version's detectors and measures."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats, Ints
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.events import Detection, ModelVersion, Outcome, Prediction, Target
from stream_monitor.detectors.spec import SIGNALS
from stream_monitor.drift.detection import Alarm
from stream_monitor.drift.episodes import Episodes
from stream_monitor.monitors.feature import FeatureMonitor
from stream_monitor.monitors.feature_counts import FeatureCounts
from stream_monitor.monitors.observer import Observer
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.performance.coverage import Coverage
from stream_monitor.performance.label_delay import Histogram
from stream_monitor.performance.realized import make_performance
from stream_monitor.profiles.profile import Profile
from stream_monitor.signals.columns import Column, feature_columns, number_column, optional_column, positions

logger = logging.getLogger(__name__)

#: A run length in time is never taken for fewer predictions.
MIN_RUN = 1000.0
#: A longer name of a feature is not followed: it would be a label value of Prometheus.
MAX_NAME_LENGTH = 200
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


class ModelMonitor:
    """Watches one version of one model."""

    def __init__(
        self,
        key: ModelVersion,
        settings: MonitorSettings,
        evicted: Callable[[str, str], None],
        observer: Observer | None = None,
    ) -> None:
        self.key, self._settings, self._observer, self._evicted = key, settings, observer, evicted
        self._signals = SignalSet(key, settings, observer)
        self._features: dict[str, FeatureMonitor] = {}
        self.delays = Histogram(DELAY_BUCKETS)
        self.performance = make_performance(settings.task, settings.performance_window, settings.performance_decay)
        self.coverage = Coverage(settings.label_maturity)
        self.episodes = Episodes(settings.episode_gap)
        self._run_length = settings.run_length
        self._first_ts: float | None = None
        #: Of the version before this one, what its features' signals knew when this one came.
        self._warm_start: dict[str, Any] = {}
        self.predictions = self.last_seen = self.features_ignored = 0

    @property
    def signals(self) -> dict[str, SignalMonitor]:
        """What watches each signal, by name; a signal is there from its first value on."""
        return self._signals.by_name

    @property
    def features(self) -> dict[str, FeatureCounts]:
        """What has come in each feature, by name."""
        return {name: feature.counts for name, feature in self._features.items()}

    def update(self, batch: Sequence[tuple[int, Prediction]]) -> list[Detection]:
        """Take predictions with their positions, in order."""
        detections: list[Detection] = []
        while batch:
            count = min(self._admit(batch), self._until_rate())
            detections += self._columns(batch[:count])
            self._take_rate(batch[:count])
            batch = batch[count:]
        return detections

    def update_outcomes(self, outcomes: Sequence[Outcome]) -> list[Alarm]:
        """Take outcomes in order; return the drifts found, each with the row of the outcome that raises it."""
        errors = self.performance.update_many([o.y_true for o in outcomes], [o.y_pred for o in outcomes])
        self.delays.add_many([outcome.delay for outcome in outcomes if outcome.delay is not None])
        self.coverage.labelled([outcome.ts for outcome in outcomes])
        index, ts = positions([o.index for o in outcomes], [o.ts for o in outcomes])
        alarms = self._feed("error", errors, index, ts)
        if self._observer and outcomes:
            self._observer.take_performance(self.key, self.performance, int(index[-1]))
        return alarms

    def warm_start(self, other: ModelMonitor) -> None:
        """Go on with the features where another version of the model is now: they are not its own.

        What it predicts, its scores and its errors begin anew.
        """
        self._run_length = other._run_length
        self._share_out()
        self._warm_start = {name: feature.warm_start_state() for name, feature in other._features.items()}

    def state(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "predictions": self.predictions,
            "last_seen": self.last_seen,
            "features_ignored": self.features_ignored,
            "delays": self.delays.state(),
            "coverage": self.coverage.state(),
            "performance": self.performance.state(),
            "episodes": self.episodes.state(),
            "rate": [self._run_length if math.isfinite(self._run_length) else None, self._first_ts],
            "warm_start": self._warm_start,
            "features": {name: feature.state() for name, feature in self._features.items()},
            "own": {name: self.signals[name].state() for name in SIGNALS if name in self.signals},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.predictions, self.last_seen = state["predictions"], state["last_seen"]
        self.features_ignored = state["features_ignored"]
        self.delays.restore(state["delays"])
        self.coverage.restore(state["coverage"])
        self.performance.restore(state["performance"])
        self.episodes.restore(state["episodes"])
        self._first_ts = state["rate"][1]
        if self._settings.run_seconds and state["rate"][0]:
            self._run_length = state["rate"][0]
        self._warm_start = dict(state["warm_start"])
        self._features = {name: FeatureMonitor(name, self._signals) for name in state["features"]}
        self._share_out()
        for name, saved in state["own"].items():
            self._signals.restore(name, self._kind(name), saved)
        for name, saved in state["features"].items():
            self._features[name].restore(saved)

    def _columns(self, batch: Sequence[tuple[int, Prediction]]) -> list[Detection]:
        index, ts = positions([at for at, _ in batch], [prediction.ts for _, prediction in batch])
        predictions = [prediction for _, prediction in batch]
        self.predictions += len(batch)
        self.coverage.predicted([prediction.ts for prediction in predictions])
        self.last_seen = int(index[-1])
        alarms = self._feed("prediction", self._predicted([p.y_pred for p in predictions]), index, ts)
        scores = optional_column([p.score for p in predictions])
        if scores is not None:
            alarms += self._feed("score", scores, index, ts)
        detections = [alarm.detection for alarm in alarms]
        columns = feature_columns([p.features for p in predictions], list(self._features))
        for name, column in columns.items():
            detections += self._features[name].update(column, index, ts)
        return detections

    def _predicted(self, predictions: Sequence[Target]) -> Floats:
        if self._settings.task == "regression":
            return number_column(predictions)
        categories = self._signals.get("prediction", "category").categories
        assert categories is not None
        return categories.column(predictions)

    def _until_rate(self) -> int:
        """How many predictions may be taken until the rate is measured, if it is yet to be."""
        wanted = max(self._settings.warmup, 2) - self.predictions
        return wanted if self._settings.run_seconds and wanted > 0 else sys.maxsize

    def _take_rate(self, batch: Sequence[tuple[int, Prediction]]) -> None:
        """Turn a run length in time into one in predictions, by the rate of the warm-up."""
        wanted = max(self._settings.warmup, 2)
        if not self._settings.run_seconds or self.predictions > wanted:
            return
        if self._first_ts is None:
            self._first_ts = next((one.ts for _, one in batch if one.ts is not None), None)
        if self.predictions == wanted:
            self._apply_rate(self._settings.run_seconds, batch[-1][1].ts)

    def _apply_rate(self, seconds: float, ts: float | None) -> None:
        """The warm-up is complete; ``ts`` is the time of its last prediction."""
        passed = 0.0 if ts is None or self._first_ts is None else ts - self._first_ts
        if not passed > 0.0:
            logger.warning(
                "%s/%s: the times of its first %d predictions tell no rate, so --expected-run-length is taken for "
                "%.4g predictions; give it in predictions to say otherwise",
                *(*self.key, self.predictions, self._run_length),
            )
            return
        rate = (self.predictions - 1) / passed
        self._run_length = max(seconds * rate, MIN_RUN)
        logger.info("%.4g predictions/s of %s/%s: one false alarm in %.4g", rate, *self.key, self._run_length)
        self._share_out()

    def _share_out(self) -> None:
        self._signals.share_out(self._run_length, self._features)

    def _admit(self, batch: Sequence[tuple[int, Prediction]]) -> int:
        """Make room for new features; how many predictions may be taken before the next one that brings some."""
        known = self._features.keys()
        seen: tuple[str, ...] = ()
        for count, (_, prediction) in enumerate(batch):
            features = prediction.features
            names = tuple(features)
            if names == seen or features.keys() <= known:
                seen = names
                continue
            new = [name for name in features if name not in known and len(name) <= MAX_NAME_LENGTH]
            taken = new
            if len(features) > self._settings.max_features:
                # A record that is itself over the bound may fill free room, but evicts nothing.
                taken = new[: max(self._settings.max_features - len(known), 0)]
            if taken and count:
                return count
            self.features_ignored += len(new) - len(taken)
            self._add_features(taken, keep=features.keys())
        return len(batch)

    def _add_features(self, new: Sequence[str], keep: AbstractSet[str]) -> None:
        surplus = len(self._features) + len(new) - self._settings.max_features
        if surplus > 0:
            idle = sorted((one.counts.last_seen, name) for name, one in self._features.items() if name not in keep)
            for _, name in idle[:surplus]:
                self._features.pop(name).close()
                self._evicted("feature", f"{self.key.model}/{self.key.version}/{name}")
        if not self._features and new and self._settings.profile:
            self._compare(new, self._settings.profile)
        self._features |= {name: FeatureMonitor(name, self._signals) for name in new}
        if new:
            self._share_out()
        for name in new:
            if name in self._warm_start:
                self._features[name].warm_start(self._warm_start.pop(name))

    def _compare(self, features: Sequence[str], profile: Profile) -> None:
        """Say so when the first features are not those of the profile."""
        try:
            profile.check_features(features)
        except ConfigError as error:
            logger.warning("%s/%s: %s", *self.key, error)

    def _feed(self, name: str, values: Floats, index: Ints, ts: Floats) -> list[Alarm]:
        """Feed the finite values to a signal; the rows of its alarms count within all the values."""
        column = Column(values, index, ts).finite()
        if name not in self.signals and not len(column.values):
            return []
        alarms = self._signals.get(name, self._kind(name)).alarms(column)
        if not alarms or len(column.values) == len(values):
            return alarms
        rows = np.flatnonzero(np.isfinite(values))
        return [alarm._replace(row=int(rows[alarm.row])) for alarm in alarms]

    def _kind(self, name: str) -> ColumnKind:
        if self._settings.task == "regression" or name == "score":
            return "number"
        return "share" if name == "error" else "category"
