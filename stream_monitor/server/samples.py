"""A snapshot as samples of the metrics in the catalog."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily

from stream_monitor import __version__
from stream_monitor.core.events import ModelVersion
from stream_monitor.core.formatting import period_text
from stream_monitor.performance.group_measures import GroupCounts, mean_residual
from stream_monitor.performance.known_measures import KNOWN
from stream_monitor.performance.windows import Window
from stream_monitor.pipeline.against_training import VERDICTS
from stream_monitor.pipeline.evaluation_snapshot import EvaluationSnapshot
from stream_monitor.pipeline.fairness_snapshot import FairnessSnapshot
from stream_monitor.pipeline.snapshot import (
    CountersSnapshot,
    DelaySnapshot,
    DriftSnapshot,
    JoinSnapshot,
    ModelSnapshot,
    Snapshot,
)
from stream_monitor.server import catalog, group_metrics
from stream_monitor.server.action_metrics import action_samples
from stream_monitor.server.baseline_samples import baseline_samples
from stream_monitor.server.estimated_metrics import estimated_samples
from stream_monitor.server.metric import Sample
from stream_monitor.server.version_samples import deployment_samples, version_samples


def samples(snapshot: Snapshot) -> Iterator[Sample]:
    """Yield the samples of all counters and gauges, those of one metric in the order in which they are shown."""
    yield from _sidecar(snapshot)
    yield from _counters(snapshot.counters)
    yield from _join(snapshot.join)
    yield from _evaluation(snapshot.evaluation)
    for model in snapshot.models:
        yield from _model(model)
        yield from _performance(model)
        yield from estimated_samples(model.key, model.estimated)
        if model.fairness:
            yield from _fairness(model.key, model.fairness)
        for baseline in model.baselines:
            yield from baseline_samples(model.key, baseline)
        yield from _features(model)
        yield from _signals(model)
        yield from _training(model)
    for rollout in snapshot.rollouts:
        yield from version_samples(rollout)
    yield from action_samples(snapshot.actions)
    if snapshot.deployments:
        yield from deployment_samples(snapshot.deployments)


def label_delays(models: Iterable[ModelSnapshot]) -> HistogramMetricFamily:
    """Return the histograms of the label delays of all model versions."""
    metric = catalog.LABEL_DELAY
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.label_names)
    for model in models:
        family.add_metric(model.key, _buckets(model.delays), model.delays.total)
    return family


def _sidecar(snapshot: Snapshot) -> Iterator[Sample]:
    yield catalog.OUTCOMES_EVICTED, (), snapshot.outcomes_evicted
    yield catalog.LAST_PASS, (), snapshot.loop.age
    yield catalog.BUILD_INFO, (__version__, platform.python_version()), 1
    yield catalog.RENDER_FAILURES, (), snapshot.failures
    for kind, count in snapshot.evicted.items():
        yield catalog.EVICTED, (kind,), count
    for position in snapshot.loop.positions:
        if position.lag is not None:
            yield catalog.LAG, (position.topic, str(position.partition)), position.lag


def _counters(counters: CountersSnapshot) -> Iterator[Sample]:
    yield catalog.LABELS, (), counters.labels
    yield catalog.TIMESTAMPS_REPLACED, (), counters.timestamps_replaced
    yield catalog.SOURCE_ERRORS, (), counters.source_errors
    for topic, count in counters.records.items():
        yield catalog.RECORDS, (topic,), count
    for topic, count in counters.gaps.items():
        yield catalog.RECORDS_LOST, (topic,), count
    for name, count in counters.dead_letters.items():
        yield catalog.DEAD_LETTERS, (name,), count
    yield catalog.DEAD_LETTER_ERRORS, (), counters.dead_letter_errors
    for reason, count in counters.rejected.items():
        yield catalog.REJECTED, (reason.value,), count


def _evaluation(evaluation: EvaluationSnapshot) -> Iterator[Sample]:
    yield catalog.EVALUATION_WRITTEN, (), evaluation.written
    yield catalog.EVALUATION_WAITING, (), evaluation.waiting
    yield catalog.EVALUATION_FAILURES, (), evaluation.failures
    yield catalog.EVALUATION_LATE, (), evaluation.late
    yield catalog.EVALUATION_DROPPED, (), evaluation.dropped


def _join(join: JoinSnapshot) -> Iterator[Sample]:
    yield catalog.APPLIED, ("prediction",), join.applied_predictions
    yield catalog.APPLIED, ("label",), join.applied_labels
    yield catalog.DUPLICATE_PREDICTIONS, (), join.duplicate_predictions
    yield catalog.DUPLICATE_LABELS, (), join.duplicate_labels
    yield catalog.EXPIRED, (), join.expired_predictions
    yield catalog.LABELS_EXPIRED, (), join.expired_labels
    yield catalog.WAITING, (), join.waiting_predictions
    yield catalog.WAITING_LABELS, (), join.waiting_labels
    yield catalog.WAITING_OUTCOMES, (), join.waiting_outcomes
    yield catalog.LABELS_REVISED, (), join.revised_labels
    yield catalog.HANDED_OVER, (), join.revoked
    yield catalog.RESTORED, (), join.restored
    yield catalog.UNACCOUNTED, (), join.unaccounted


def _model(model: ModelSnapshot) -> Iterator[Sample]:
    key, totals = model.key, model.performance.totals
    yield catalog.PREDICTIONS, key, model.predictions
    yield catalog.EPISODES, key, model.episode_count
    yield catalog.FEATURES_IGNORED, key, model.features_ignored
    yield catalog.OUTCOMES, key, totals["outcomes"]
    for name, metric in catalog.OUTCOME_SUMS.items():
        if name in totals:
            yield metric, key, totals[name]
    yield catalog.MATURE, key, model.mature
    yield catalog.MATURE_LABELLED, key, model.mature_labelled
    if model.coverage is not None:
        yield catalog.COVERAGE, key, model.coverage


def _performance(model: ModelSnapshot) -> Iterator[Sample]:
    key, performance = model.key, model.performance
    for measure, windows in performance.measures.items():
        metric = catalog.PERFORMANCE_RATIO if KNOWN[measure].is_unitless else catalog.PERFORMANCE_ERROR
        for window, value in windows.items():
            yield metric, (*key, measure, window), value
    for window, interval in performance.intervals.items():
        yield catalog.PERFORMANCE_LOWER, (*key, "accuracy", window), interval.lower
        yield catalog.PERFORMANCE_UPPER, (*key, "accuracy", window), interval.upper
    for name, measures in performance.classes.items():
        for measure, windows in measures.items():
            for window, value in windows.items():
                yield catalog.PERFORMANCE_CLASS, (*key, name, measure, window), value
    for pair, times in performance.confusion.items():
        yield catalog.CONFUSION, (*key, *pair), times
    for window, count in performance.outcomes.items():
        yield catalog.PERFORMANCE_OUTCOMES, (*key, window), count


def _fairness(key: ModelVersion, fairness: FairnessSnapshot) -> Iterator[Sample]:
    for group, windows in fairness.groups.items():
        for value, counts in windows["cumulative"].items():
            yield group_metrics.GROUP_PREDICTIONS, (*key, group, value), counts.predictions
            yield group_metrics.GROUP_OUTCOMES, (*key, group, value), counts.outcomes
        for window, values in windows.items():
            for value, counts in values.items():
                yield from _group((*key, group, value), window, counts, fairness)
            for name, gap in fairness.gaps(values).items():
                where = (*key, group, name, window)
                yield group_metrics.FAIRNESS_GAP, where, gap.estimate.value
                yield group_metrics.FAIRNESS_GAP_LOWER, where, gap.estimate.lower
                yield group_metrics.FAIRNESS_GAP_UPPER, where, gap.estimate.upper


def _group(
    where: tuple[str, ...], window: Window, counts: GroupCounts, fairness: FairnessSnapshot
) -> Iterator[Sample]:
    for measure in fairness.measures:
        value = measure.value(counts)
        if not math.isnan(value) and (window == "cumulative" or measure.is_of_window):
            yield group_metrics.GROUP_PERFORMANCE, (*where, measure.name, window), value
    if fairness.task == "regression" and counts.outcomes:
        yield group_metrics.GROUP_RESIDUAL, (*where, window), mean_residual(counts)


def _features(model: ModelSnapshot) -> Iterator[Sample]:
    for feature in model.features:
        where = (*model.key, feature.name)
        yield catalog.FEATURE_VALUES, (*where, "numeric"), feature.numeric
        yield catalog.FEATURE_VALUES, (*where, "text"), feature.text
        yield catalog.FEATURE_VALUES, (*where, "missing"), feature.missing
        yield catalog.FEATURE_VALUES, (*where, "other"), feature.other
        yield catalog.VIOLATIONS, where, feature.violations
    if model.violations:
        yield catalog.INVALID, model.key, model.invalid
    for rule, count in model.violations.items():
        yield catalog.FEATURE_VIOLATIONS, (*model.key, *rule), count


def _signals(model: ModelSnapshot) -> Iterator[Sample]:
    for signal in model.signals:
        where = (*model.key, signal.name)
        if signal.kind != "category":
            yield catalog.SIGNAL_MEAN, where, signal.mean
        yield catalog.DRIFT_ACTIVE, where, float(signal.active_since is not None)
        yield catalog.BATCH_LENGTH, where, signal.batch_length
        yield catalog.EFFECTIVE, where, signal.effective_samples
        if math.isfinite(signal.false_alarms.ratio):
            yield catalog.FALSE_ALARM_RATIO, where, signal.false_alarms.ratio
        for period, strength in signal.seasons.items():
            yield catalog.SEASONAL_STRENGTH, (*where, period_text(period)), strength
        for measure, distance in signal.distances.items():
            yield catalog.DISTANCE, (*where, measure), distance.value
            if math.isfinite(distance.threshold):
                yield catalog.DISTANCE_THRESHOLD, (*where, measure), distance.threshold
        for drift in signal.drifts:
            yield from _drift(drift, (*where, drift.detector))


def _training(model: ModelSnapshot) -> Iterator[Sample]:
    for signal in model.training:
        for name in VERDICTS:
            labels = (*model.key, signal.name, name.replace(" ", "_"))
            yield catalog.VERDICT, labels, float(signal.verdict.verdict == name)


def _drift(drift: DriftSnapshot, labels: tuple[str, ...]) -> Iterator[Sample]:
    yield catalog.DRIFTS, labels, drift.count
    yield catalog.SMALL_CHANGES, labels, drift.small
    if drift.count:
        yield catalog.DRIFT_BEFORE, labels, drift.before
        yield catalog.DRIFT_AFTER, labels, drift.after
        yield catalog.DRIFT_EFFECT, labels, drift.effect or 0.0
    if drift.last_ts is not None:
        yield catalog.DRIFT_TIME, labels, drift.last_ts


def _buckets(delays: DelaySnapshot) -> list[tuple[str, float]]:
    """Cumulative counts by upper bound, as Prometheus has them."""
    bounds = [*map(str, delays.bounds), "+Inf"]
    return list(zip(bounds, map(float, accumulate(delays.counts)), strict=True))
