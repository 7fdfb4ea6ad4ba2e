"""A snapshot as metric families."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from stream_monitor import __version__
from stream_monitor.performance.measures import MEASURES
from stream_monitor.pipeline.snapshot import (
    CountersSnapshot,
    DelaySnapshot,
    DriftSnapshot,
    JoinSnapshot,
    ModelSnapshot,
    Snapshot,
    TakeSnapshot,
)
from stream_monitor.server import catalog
from stream_monitor.server.catalog import Metric

_Row = tuple[Metric, Sequence[str], float]


class SnapshotCollector(Collector):
    """Renders a snapshot at each scrape."""

    def __init__(self, take: TakeSnapshot) -> None:
        self._take = take

    def collect(self) -> Iterator[Family]:
        snapshot = self._take()
        families = {metric: _family(metric) for metric in catalog.CATALOG if metric.kind != "histogram"}
        for metric, labels, value in _rows(snapshot):
            families[metric].add_metric(labels, value)
        yield from families.values()
        yield _delays(snapshot.models)


def _rows(snapshot: Snapshot) -> Iterator[_Row]:
    yield from _sidecar(snapshot)
    yield from _counters(snapshot.counters)
    yield from _join(snapshot.join)
    for model in snapshot.models:
        yield from _model(model)
        yield from _performance(model)
        yield from _features(model)
        yield from _signals(model)


def _sidecar(snapshot: Snapshot) -> Iterator[_Row]:
    yield catalog.OUTCOMES_EVICTED, (), snapshot.outcomes_evicted
    yield catalog.LAST_PASS, (), snapshot.loop.age
    yield catalog.BUILD_INFO, (__version__, platform.python_version()), 1
    yield catalog.RENDER_FAILURES, (), snapshot.failures
    for kind, count in snapshot.evicted.items():
        yield catalog.EVICTED, (kind,), count
    for position in snapshot.loop.positions:
        if position.lag is not None:
            yield catalog.LAG, (position.topic, str(position.partition)), position.lag


def _counters(counters: CountersSnapshot) -> Iterator[_Row]:
    yield catalog.LABELS, (), counters.labels
    yield catalog.TIMESTAMPS_REPLACED, (), counters.timestamps_replaced
    yield catalog.SOURCE_ERRORS, (), counters.source_errors
    for topic, count in counters.records.items():
        yield catalog.RECORDS, (topic,), count
    for topic, count in counters.gaps.items():
        yield catalog.RECORDS_LOST, (topic,), count
    for reason, count in counters.rejected.items():
        yield catalog.REJECTED, (reason.value,), count


def _join(join: JoinSnapshot) -> Iterator[_Row]:
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


def _model(model: ModelSnapshot) -> Iterator[_Row]:
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


def _performance(model: ModelSnapshot) -> Iterator[_Row]:
    key, performance = model.key, model.performance
    for measure, windows in performance.measures.items():
        metric = catalog.PERFORMANCE_RATIO if MEASURES[measure].is_unitless else catalog.PERFORMANCE_ERROR
        for window, value in windows.items():
            yield metric, (*key, measure, window), value
    for window, interval in performance.intervals.items():
        yield catalog.PERFORMANCE_LOWER, (*key, "accuracy", window), interval.lower
        yield catalog.PERFORMANCE_UPPER, (*key, "accuracy", window), interval.upper
    for window, count in performance.outcomes.items():
        yield catalog.PERFORMANCE_OUTCOMES, (*key, window), count


def _features(model: ModelSnapshot) -> Iterator[_Row]:
    for feature in model.features:
        where = (*model.key, feature.name)
        yield catalog.FEATURE_VALUES, (*where, "numeric"), feature.numeric
        yield catalog.FEATURE_VALUES, (*where, "text"), feature.text
        yield catalog.FEATURE_VALUES, (*where, "missing"), feature.missing
        yield catalog.FEATURE_VALUES, (*where, "other"), feature.other
        yield catalog.VIOLATIONS, where, feature.violations


def _signals(model: ModelSnapshot) -> Iterator[_Row]:
    for signal in model.signals:
        where = (*model.key, signal.name)
        if signal.kind != "category":
            yield catalog.SIGNAL_MEAN, where, signal.mean
        yield catalog.DRIFT_ACTIVE, where, float(signal.active_since is not None)
        yield catalog.BATCH_LENGTH, where, signal.batch_length
        yield catalog.EFFECTIVE, where, signal.effective_samples
        for measure, distance in signal.distances.items():
            yield catalog.DISTANCE, (*where, measure), distance.value
            yield catalog.DISTANCE_THRESHOLD, (*where, measure), distance.threshold
        for drift in signal.drifts:
            yield from _drift(drift, (*where, drift.detector))


def _drift(drift: DriftSnapshot, labels: Sequence[str]) -> Iterator[_Row]:
    yield catalog.DRIFTS, labels, drift.count
    if drift.count:
        yield catalog.DRIFT_BEFORE, labels, drift.before
        yield catalog.DRIFT_AFTER, labels, drift.after
        yield catalog.DRIFT_EFFECT, labels, drift.effect or 0.0
    if drift.last_ts is not None:
        yield catalog.DRIFT_TIME, labels, drift.last_ts


def _family(metric: Metric) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    return kind(metric.name, metric.help, labels=metric.label_names)


def _delays(models: Iterable[ModelSnapshot]) -> HistogramMetricFamily:
    metric = catalog.LABEL_DELAY
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.label_names)
    for model in models:
        family.add_metric(model.key, _buckets(model.delays), model.delays.total)
    return family


def _buckets(delays: DelaySnapshot) -> list[tuple[str, float]]:
    """Cumulative counts by upper bound, as Prometheus has them."""
    bounds = [*map(str, delays.bounds), "+Inf"]
    return list(zip(bounds, map(float, accumulate(delays.counts)), strict=True))
