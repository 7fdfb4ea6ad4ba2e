"""Makes a snapshot of a pipeline."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import TypeVar

from stream_monitor.actions.deployments import Deployments
from stream_monitor.core.events import ModelVersion
from stream_monitor.drift.episode import Episode
from stream_monitor.drift.episode_signal import EpisodeSignal
from stream_monitor.join.joiner import Joiner
from stream_monitor.monitors.comparison import Comparison, many_distances
from stream_monitor.monitors.feature_counts import FeatureCounts
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.skew_detection import with_verdict
from stream_monitor.monitors.verdicts import verdicts
from stream_monitor.performance.label_delay import Histogram
from stream_monitor.performance.realized import Performance
from stream_monitor.pipeline.actions_snapshot import actions_snapshot
from stream_monitor.pipeline.evaluation_snapshot import evaluation_counts
from stream_monitor.pipeline.fairness_snapshot import FairnessSnapshot
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.pipeline.processor import BatchProcessor
from stream_monitor.pipeline.snapshot import (
    CountersSnapshot,
    DelaySnapshot,
    DeploymentSnapshot,
    DriftSnapshot,
    FeatureSnapshot,
    JoinSnapshot,
    ModelSnapshot,
    PerformanceSnapshot,
    SignalSnapshot,
    Snapshot,
)
from stream_monitor.stats.moments import means
from stream_monitor.stats.reference import NumericReference
from stream_monitor.stats.training_verdict import SignalVerdict

_T = TypeVar("_T")
logger = logging.getLogger(__name__)


class SnapshotTaker:
    """Takes snapshots of a pipeline, each in one piece and of a saved state.

    The loop waits only while its numbers and newest values are copied; means and distances are computed after that.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._failures = 0
        self._counting = Lock()

    def take(self) -> Snapshot:
        """Return a snapshot; called from any thread.

        A model of which none can be taken is left out, logged and counted in ``failures``.

        Raises:
            StateError: the loop has ended, so that no state is saved any more.
        """
        snapshot, readings = self._pipeline.reads.read(self._read)
        models = tuple(self._made((each.model.key, each.completed) for each in readings))
        shown = {model.key.model for model in models}
        rollouts = tuple(each for each in snapshot.rollouts if each.model in shown)
        export = self._pipeline.evaluation
        evaluation = replace(snapshot.evaluation, sets=export.sets()) if export else snapshot.evaluation
        return replace(snapshot, models=models, rollouts=rollouts, evaluation=evaluation, failures=self._failures)

    def _read(self) -> tuple[Snapshot, list[ModelReading]]:
        """Return a snapshot without models, and the readings of the models."""
        processor, fleet = self._pipeline.processor, self._pipeline.processor.fleet
        monitors = fleet.monitors.values()
        readings = list(
            self._made((monitor.key, partial(read_model, monitor, fleet.settings)) for monitor in monitors)
        )
        snapshot = Snapshot(
            loop=self._pipeline.status(),
            counters=_counters(processor),
            join=_join(processor.joiner, processor.unaccounted),
            models=(),
            evicted=dict(fleet.evicted),
            outcomes_evicted=fleet.outcomes_evicted,
            detections=tuple(fleet.recent),
            small=tuple(fleet.small),
            failures=0,
            violation_examples=dict(processor.contract.examples) if processor.contract else None,
            # Numbers that are not standardized have no effect size.
            min_effect=fleet.settings.min_effect if fleet.settings.warmup else 0.0,
            evaluation=evaluation_counts(processor.sample),
            rollouts=tuple(fleet.rollouts.results()),
            deployments=_deployments(self._pipeline.deployments),
            actions=actions_snapshot(fleet.retraining, self._pipeline.outbox),
            watched=self._pipeline.watched,
        )
        return snapshot, readings

    def _made(self, models: Iterable[tuple[ModelVersion, Callable[[], _T]]]) -> Iterator[_T]:
        """Yield what is made of each model, but of those that fail."""
        for key, make in models:
            try:
                yield make()
            except Exception:
                with self._counting:
                    self._failures += 1
                logger.exception("no snapshot of %s/%s: it is left out", *key)


@dataclass(frozen=True, slots=True)
class ModelReading:
    """The parts of a snapshot of a model version, copied.

    ``model``: the snapshot without signals. ``signals``: each as a snapshot that lacks ``mean`` and ``distances``,
    and what these are computed from.
    """

    model: ModelSnapshot
    signals: Sequence[tuple[partial[SignalSnapshot], Comparison]]

    def completed(self) -> ModelSnapshot:
        """Return the snapshot."""
        comparisons = [comparison for _, comparison in self.signals]
        rows = zip(self.signals, means(each.values for each in comparisons), many_distances(comparisons), strict=True)
        signals = tuple(
            make(mean=math.nan if comparison.categories is not None else mean, distances=distances)
            for (make, comparison), mean, distances in rows
        )
        return replace(self.model, signals=signals)


def read_model(monitor: ModelMonitor, settings: MonitorSettings) -> ModelReading:
    """Return the reading of one model version."""
    coverage, training = monitor.coverage, tuple(verdicts(monitor, settings.profile))
    skew = monitor.episodes.skew
    model = ModelSnapshot(
        key=monitor.key,
        predictions=monitor.predictions,
        features_ignored=monitor.features_ignored,
        mature=coverage.mature,
        mature_labelled=coverage.mature_labelled,
        coverage=None if math.isnan(coverage.share) else coverage.share,
        performance=_performance(monitor.performance),
        estimated=monitor.estimated.result(),
        delays=_delays(monitor.delays),
        episode_count=monitor.episodes.count,
        skew=_skew(skew, training) if skew else None,
        episodes=tuple(_episode(episode, monitor) for episode in monitor.episodes.recent),
        features=tuple(_feature(name, counts) for name, counts in monitor.features.items()),
        signals=(),
        training=training,
        seasons_left_in=monitor.seasons_left_in,
        fairness=_fairness(monitor, settings) if settings.fairness.groupings else None,
        violations=dict(monitor.violations.rules),
        invalid=monitor.violations.invalid,
        baselines=tuple(monitor.baselines.results(monitor.performance.classes)),
    )
    return ModelReading(model, [(_signal(signal), signal.comparison()) for signal in monitor.signals.values()])


def _counters(processor: BatchProcessor) -> CountersSnapshot:
    counters, letters = processor.counters, processor.dead_letters
    return CountersSnapshot(
        records=dict(counters.records),
        gaps=dict(counters.gaps),
        rejected=dict(counters.rejected),
        predictions=counters.predictions,
        labels=counters.labels,
        source_errors=counters.source_errors,
        timestamps_replaced=processor.codec.timestamps_replaced,
        backward=counters.backward,
        dead_letters=dict(letters.written) if letters else {},
        dead_letter_errors=letters.errors if letters else 0,
    )


def _join(joiner: Joiner, unaccounted: int) -> JoinSnapshot:
    return JoinSnapshot(
        **joiner.ledger.state(),
        waiting_predictions=joiner.waiting_predictions,
        waiting_labels=joiner.waiting_labels,
        waiting_outcomes=joiner.waiting_outcomes,
        unaccounted=unaccounted,
        stream_time=joiner.stream_time,
    )


def _deployments(deployments: Deployments | None) -> DeploymentSnapshot | None:
    if deployments is None:
        return None
    return DeploymentSnapshot(deployments.waiting, dict(deployments.outcomes), dict(deployments.faults))


def _performance(performance: Performance) -> PerformanceSnapshot:
    return PerformanceSnapshot(
        totals=performance.totals(),
        measures=performance.measures(),
        intervals=performance.intervals(),
        outcomes=performance.counts(),
        classes=performance.class_measures(),
        confusion=performance.confusion(),
    )


def _fairness(monitor: ModelMonitor, settings: MonitorSettings) -> FairnessSnapshot:
    compared = settings.fairness
    positive = compared.positive if settings.task == "classification" else None
    groups = monitor.fairness.counts()
    return FairnessSnapshot(settings.task, positive, compared.min_count, compared.paths, groups)


def _delays(delays: Histogram) -> DelaySnapshot:
    return DelaySnapshot(tuple(delays.bounds), tuple(delays.counts), delays.total)


def _skew(episode: Episode, training: Iterable[SignalVerdict]) -> Episode:
    """Return a copy of the episode of skew with the newest verdicts, where they are still of all values."""
    found = {each.name: each for each in training if each.verdict.is_skew}
    rows = {
        name: EpisodeSignal.begun_by(with_verdict(row.first, found[name].verdict, found[name].kind))
        if name in found
        else replace(row)
        for name, row in episode.signals.items()
    }
    return replace(episode, signals=rows, weaker=set())


def _episode(episode: Episode, monitor: ModelMonitor) -> Episode:
    """Return a copy of an episode whose changes reach up to the newest values, where they last."""
    rows = {name: _episode_signal(row, monitor) for name, row in episode.signals.items()}
    return replace(episode, signals=rows, weaker=set())


def _episode_signal(row: EpisodeSignal, monitor: ModelMonitor) -> EpisodeSignal:
    signal = monitor.signals.get(row.signal)
    if row.end is not None or signal is None:
        return replace(row)
    if signal.back and signal.back[0] > row.last_index:
        index, ts = signal.back
        return replace(row, end=(index, None if math.isnan(ts) else ts))
    if monitor.episodes.is_settled(row, monitor.predictions):
        row = replace(row, is_unstable=False)
    tail = signal.detectors.since_change(row.first.detector, row.first.category)
    return row.until(*tail) if tail else replace(row)


def _feature(name: str, counts: FeatureCounts) -> FeatureSnapshot:
    return FeatureSnapshot(
        name=name,
        type=counts.type,
        is_given=counts.is_given,
        numeric=counts.numeric,
        text=counts.text,
        missing=counts.missing,
        other=counts.other,
        violations=counts.violations,
    )


def _signal(signal: SignalMonitor) -> partial[SignalSnapshot]:
    """Return the snapshot of a signal, without its mean and its distances."""
    reference, detectors = signal.reference.distribution, signal.counted.detectors
    return partial(
        SignalSnapshot,
        name=signal.name,
        kind=signal.kind,
        active_since=signal.active_since,
        batch_length=detectors.batch_length,
        effective_samples=detectors.effective_samples,
        awaited_seasons=detectors.awaited_seasons,
        seasons=detectors.seasons,
        drifts=tuple(
            DriftSnapshot(detector, drift.count, drift.last_ts, drift.before, drift.after, drift.effect, drift.small)
            for detector, drift in detectors.drifts.items()
        ),
        reference_values=reference.distinct if isinstance(reference, NumericReference) else None,
        categories=tuple(signal.categories.state()) if signal.categories else (),
        false_alarms=signal.counted.false_alarms,
    )
