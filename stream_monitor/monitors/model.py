"""The monitor of one version of one model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from stream_monitor.actions.recovery import Recovery
from stream_monitor.core.arrays import Ints
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.core.part import Part, part_name
from stream_monitor.drift.detection import Alarm
from stream_monitor.drift.episodes import Episodes
from stream_monitor.monitors.feature_counts import FeatureCounts
from stream_monitor.monitors.followed_features import FollowedFeatures
from stream_monitor.monitors.joined_blocks import NO_SIGNALS, JoinedBlocks, OneByOne, Source
from stream_monitor.monitors.label_check import LabelCheck
from stream_monitor.monitors.observer import Observer
from stream_monitor.monitors.outputs import OutputSignals
from stream_monitor.monitors.rate import PredictionRate
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.monitors.violation_counts import ViolationCounts
from stream_monitor.performance.baseline import Baselines
from stream_monitor.performance.coverage import Coverage
from stream_monitor.performance.estimated import EstimatedPerformance
from stream_monitor.performance.fairness import Fairness, GroupOutcomes
from stream_monitor.performance.label_delay import DELAY_BUCKETS, Histogram
from stream_monitor.performance.realized import Scores, make_performance

#: The kinds of the sources of signals: values, spreads and scores; missing values, predictions, invalid inputs and
#: errors.
KINDS = ("number", "number", "number", "share", "share", "share", "share")


class ModelMonitor:
    """Monitors one version of one model: its signals, performance, label coverage and episodes of drift.

    Attributes:
        predictions: Predictions so far.
        violations: The violations of the input contract so far.
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
        self._blocks = JoinedBlocks(KINDS) if self._signals.is_side_by_side else OneByOne()
        self.delays = Histogram(DELAY_BUCKETS)
        self.performance = make_performance(
            settings.task, settings.performance_window, settings.performance_decay, settings.positive_class
        )
        self.baselines = Baselines(
            settings.baseline, settings.task, settings.performance_window, settings.performance_decay
        )
        self.fairness = Fairness(settings.fairness, settings.task, settings.performance_window)
        self.estimated = EstimatedPerformance(settings.task, settings.performance_window)
        self.coverage = Coverage(settings.label_maturity)
        self.labels = LabelCheck(key, settings)
        self.violations = ViolationCounts(settings.contract)
        self.episodes = Episodes(settings.episode_gap, settings.episodes_kept)
        self.predictions = self.last_seen = 0
        self._mark = object()

    @property
    def signals(self) -> dict[str, SignalMonitor]:
        """The monitor of each signal, by name; a signal is there from its first value on."""
        return self._signals.by_name

    @property
    def features(self) -> dict[str, FeatureCounts]:
        """The counts of each feature that is followed, by name."""
        return {name: feature.counts for name, feature in self._features.monitors.items()}

    @property
    def seasons_left_in(self) -> dict[str, dict[float, float]]:
        """The strength of each season that is seen though none is taken out, by signal and period in seconds."""
        return self._signals.watch.found if self._signals.watch else {}

    @property
    def features_ignored(self) -> int:
        """New features of records that alone exceed the bound on features."""
        return self._features.ignored

    def take_recoveries(self) -> list[Recovery]:
        """Return the signals that are near their references again since the last call."""
        found, self._signals.recoveries = self._signals.recoveries, []
        return found

    def update(
        self, batch: PredictionBatch, index: Ints, outcomes: OutcomeBatch | None = None
    ) -> tuple[list[Detection], list[Alarm]]:
        """Update with the next predictions and outcomes, all of this version; the outcomes come last.

        Args:
            batch: The predictions.
            index: Their positions in the stream, shape (len(batch),).
            outcomes: The outcomes, None for none.

        Returns:
            The drifts detected in the predictions, and those in the outcomes, each with the row of its outcome.
        """
        detections: list[Detection] = []
        groups = self.fairness.update(batch, index, outcomes)
        self.estimated.update(batch, index, outcomes)
        errors = self._errors(outcomes, groups) if outcomes else NO_SIGNALS
        skews = self.labels.update(outcomes) if outcomes else []
        alarms: list[Alarm] = []
        while len(batch):
            remaining = self._rate.remaining(self.predictions)
            part = batch if len(batch) <= remaining else batch.take(slice(remaining))
            count = self._features.admit(part.features, self.predictions)
            part = part if count == len(part) else part.take(slice(count))
            # The measured rate changes the part of the budget that the errors have.
            beside = errors if count == len(batch) < remaining else NO_SIGNALS
            found, alarms = self._update_signals(part, index[:count], beside)
            detections += found
            errors = NO_SIGNALS if beside is errors else errors
            if self._rate.update(part.ts, self.predictions):
                self._features.share_out()
            batch, index = batch.take(slice(count, None)), index[count:]
        if errors.signals:
            alarms = self._blocks.update((*[NO_SIGNALS] * (len(KINDS) - 1), errors))[-1]
            self._watch_seasons([errors])
        return detections, [*alarms, *skews]

    def _update_signals(
        self, batch: PredictionBatch, index: Ints, errors: Source
    ) -> tuple[list[Detection], list[Alarm]]:
        """Update the signals; return the drifts in the predictions, and the alarms of the errors."""
        self._mark = object()
        self.predictions += len(batch)
        self.coverage.predicted(batch.ts)
        self.last_seen = int(index[-1])
        predictions, scores = self._outputs.predictions(batch, index), self._outputs.scores(batch, index)
        detections, features = self._features.update(batch.features, index, batch.ts)
        invalid = self._invalid(batch, index)
        sources = (features.values, features.spread, scores, features.missing, predictions, invalid, errors)
        *others, alarms = self._blocks.update(sources)
        self._watch_seasons(sources)
        return detections + [alarm.detection for each in others for alarm in each], alarms

    def _invalid(self, batch: PredictionBatch, index: Ints) -> Source:
        """Count the violations of the input contract; return ``invalid`` and its next values."""
        if batch.violations:
            self.violations.add(batch.violations)
        return self._outputs.invalid(batch.violations, index, batch.ts)

    def _watch_seasons(self, sources: Iterable[Source]) -> None:
        """Look for seasons in the next values of signals, where none is taken out."""
        if self._signals.watch:
            for source in sources:
                for place, signal in enumerate(source.signals):
                    self._signals.watch.take(signal.name, signal.kind, source.matrix.column(place))

    def _errors(self, outcomes: OutcomeBatch, groups: GroupOutcomes | None) -> Source:
        """Update the performance with outcomes; return the signals of their errors, with their values."""
        self._mark = object()
        scores = Scores(outcomes.scores, outcomes.probabilities)
        errors = self.performance.update(outcomes.y_true, outcomes.y_pred, scores)
        self.baselines.update(outcomes, errors)
        self.delays.add_many(outcomes.delays[~np.isnan(outcomes.delays)])
        self.coverage.labelled(outcomes.ts)
        if self._observer:
            self._observer.on_performance(self.key, self.performance, int(outcomes.index[-1]))
        place = outcomes.index, outcomes.ts
        return self._outputs.errors_of_outcomes(errors, self.performance.class_names, groups, *place)

    def warm_start(self, other: ModelMonitor) -> None:
        """Start with the run length and the features' state of another version of the model.

        Predictions, scores and errors start anew: they are not the other version's.
        """
        self._rate.run_length = other._rate.run_length
        self._features.warm_start(other._features)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values; the parts of a version without predictions and outcomes do not change."""
        return {
            "key": self.key,
            "coverage": self.coverage.state(),
            "monitor": Part(part_name("monitor", self.key), self._mark, self._content),
            "features": self._features.state(),
        }

    def _content(self) -> dict[str, Any]:
        return {
            "predictions": self.predictions,
            "last_seen": self.last_seen,
            "delays": self.delays.state(),
            "performance": self.performance.state(),
            "baselines": self.baselines.state(),
            "fairness": self.fairness.state(),
            "estimated": self.estimated.state(),
            "episodes": self.episodes.state(),
            "rate": self._rate.state(),
            "outputs": self._outputs.state(),
            "labels": self.labels.state(),
            "violations": self.violations.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        saved = state["monitor"]
        self.predictions, self.last_seen = saved["predictions"], saved["last_seen"]
        self.delays.restore(saved["delays"])
        self.coverage.restore(state["coverage"])
        self.performance.restore(saved["performance"])
        self.baselines.restore(saved["baselines"])
        self.fairness.restore(saved["fairness"])
        self.estimated.restore(saved["estimated"])
        self.episodes.restore(saved["episodes"])
        self._rate.restore(saved["rate"])
        # Every signal has its part of the budget before its state is restored.
        self._features.follow(state["features"])
        self._outputs.restore(saved["outputs"])
        self.labels.restore(saved["labels"])
        self.violations.restore(saved["violations"])
        self._features.restore(state["features"])
