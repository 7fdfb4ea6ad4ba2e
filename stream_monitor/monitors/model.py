"""The monitor of one version of one model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stream_monitor.core.events import Detection, ModelVersion, Outcome, Prediction
from stream_monitor.drift.detection import Alarm
from stream_monitor.drift.episodes import Episodes
from stream_monitor.monitors.admission import FollowedFeatures
from stream_monitor.monitors.feature_counts import FeatureCounts
from stream_monitor.monitors.observer import Observer
from stream_monitor.monitors.outputs import OutputSignals
from stream_monitor.monitors.rate import PredictionRate
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.performance.coverage import Coverage
from stream_monitor.performance.label_delay import DELAY_BUCKETS, Histogram
from stream_monitor.performance.realized import make_performance
from stream_monitor.signals.columns import positions


class ModelMonitor:
    """Monitors one version of one model: its signals, performance, label coverage and episodes of drift.

    Attributes:
        predictions: Predictions so far.
        last_seen: Position of the newest prediction.

    Args:
        evicted: Called with the kind ``"feature"`` and the full name of each feature that is evicted.
    """

    def __init__(
        self,
        key: ModelVersion,
        settings: MonitorSettings,
        evicted: Callable[[str, str], None],
        observer: Observer | None = None,
    ) -> None:
        self.key, self._observer = key, observer
        self._signals = SignalSet(key, settings, observer)
        self._rate = PredictionRate(key, settings)
        self._outputs = OutputSignals(self._signals)
        self._features = FollowedFeatures(self._signals, self._rate, evicted)
        self.delays = Histogram(DELAY_BUCKETS)
        self.performance = make_performance(settings.task, settings.performance_window, settings.performance_decay)
        self.coverage = Coverage(settings.label_maturity)
        self.episodes = Episodes(settings.episode_gap)
        self.predictions = self.last_seen = 0

    @property
    def signals(self) -> dict[str, SignalMonitor]:
        """The monitor of each signal, by name; a signal is there from its first value on."""
        return self._signals.by_name

    @property
    def features(self) -> dict[str, FeatureCounts]:
        """The counts of each feature that is followed, by name."""
        return {name: feature.counts for name, feature in self._features.monitors.items()}

    @property
    def features_ignored(self) -> int:
        """New features of records that alone exceed the bound on features."""
        return self._features.ignored

    def update(self, batch: Sequence[tuple[int, Prediction]]) -> list[Detection]:
        """Update with the next predictions and their positions; return the drifts detected."""
        detections: list[Detection] = []
        while batch:
            count = min(self._features.admit(batch), self._rate.remaining(self.predictions))
            detections += self._update_signals(batch[:count])
            if self._rate.update(batch[:count], self.predictions):
                self._features.share_out()
            batch = batch[count:]
        return detections

    def _update_signals(self, batch: Sequence[tuple[int, Prediction]]) -> list[Detection]:
        index, ts = positions([at for at, _ in batch], [prediction.ts for _, prediction in batch])
        predictions = [prediction for _, prediction in batch]
        self.predictions += len(batch)
        self.coverage.predicted([prediction.ts for prediction in predictions])
        self.last_seen = int(index[-1])
        return self._outputs.update(predictions, index, ts) + self._features.update(predictions, index, ts)

    def update_outcomes(self, outcomes: Sequence[Outcome]) -> list[Alarm]:
        """Update with the next outcomes, at least one; return the alarms, each with the row of its outcome."""
        errors = self.performance.update_many([o.y_true for o in outcomes], [o.y_pred for o in outcomes])
        self.delays.add_many([outcome.delay for outcome in outcomes if outcome.delay is not None])
        self.coverage.labelled([outcome.ts for outcome in outcomes])
        index, ts = positions([o.index for o in outcomes], [o.ts for o in outcomes])
        alarms = self._outputs.update_errors(errors, index, ts)
        if self._observer:
            self._observer.on_performance(self.key, self.performance, int(index[-1]))
        return alarms

    def warm_start(self, other: ModelMonitor) -> None:
        """Start with the run length and the features' state of another version of the model.

        Predictions, scores and errors start anew: they are not the other version's.
        """
        self._rate.run_length = other._rate.run_length
        self._features.share_out()
        self._features.warm_start(other._features)

    def state(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "predictions": self.predictions,
            "last_seen": self.last_seen,
            "delays": self.delays.state(),
            "coverage": self.coverage.state(),
            "performance": self.performance.state(),
            "episodes": self.episodes.state(),
            "rate": self._rate.state(),
            "features": self._features.state(),
            "outputs": self._outputs.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.predictions, self.last_seen = state["predictions"], state["last_seen"]
        self.delays.restore(state["delays"])
        self.coverage.restore(state["coverage"])
        self.performance.restore(state["performance"])
        self.episodes.restore(state["episodes"])
        self._rate.restore(state["rate"])
        # Every signal has its part of the budget before its state is restored.
        self._features.follow(state["features"]["monitors"])
        self._outputs.restore(state["outputs"])
        self._features.restore(state["features"])
