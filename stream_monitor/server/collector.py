"""A snapshot of the pipeline as metric families."""

from __future__ import annotations

import logging
import platform
from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from stream_monitor import __version__
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.performance.realized import UNITLESS
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.server import catalog
from stream_monitor.server.catalog import Metric

logger = logging.getLogger(__name__)
_Row = tuple[Metric, Sequence[str], float]


class PipelineCollector(Collector):
    """Renders the pipeline at each scrape, as it was saved. One model that fails is left out, not the scrape."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._failures = 0

    def collect(self) -> Iterator[Family]:
        rows, delays = self._pipeline.readers.read(self._rows)
        rows.append((catalog.RENDER_FAILURES, (), self._failures))
        families = {metric: _family(metric) for metric in catalog.CATALOG if metric.kind != "histogram"}
        for metric, labels, value in rows:
            families[metric].add_metric(labels, value)
        yield from families.values()
        yield delays

    def _rows(self) -> tuple[list[_Row], HistogramMetricFamily]:
        rows, delays = list(self._sidecar()), _histogram(catalog.LABEL_DELAY)
        for monitor in self._pipeline.fleet.monitors.values():
            rows += self._model(monitor, delays)
        return rows, delays

    def _model(self, monitor: ModelMonitor, delays: HistogramMetricFamily) -> list[_Row]:
        try:
            rows = list(_monitor(monitor))
            _delays(monitor, delays)
        except Exception:
            self._failures += 1
            logger.exception("could not render %s/%s", *monitor.key)
            return []
        return rows

    def _sidecar(self) -> Iterator[_Row]:
        pipeline, stats = self._pipeline, self._pipeline.stats
        fleet = pipeline.fleet
        yield catalog.LABELS, (), stats.labels
        yield from self._book()
        yield catalog.OUTCOMES_EVICTED, (), fleet.outcomes_evicted
        yield catalog.TIMESTAMPS_REPLACED, (), pipeline.codec.timestamps_replaced
        yield catalog.SOURCE_ERRORS, (), stats.source_errors
        yield catalog.LAST_PASS, (), pipeline.age
        yield catalog.BUILD_INFO, (__version__, platform.python_version()), 1
        for topic, count in stats.records.items():
            yield catalog.RECORDS, (topic,), count
        for topic, count in stats.gaps.items():
            yield catalog.RECORDS_LOST, (topic,), count
        for reason, count in stats.rejected.items():
            yield catalog.REJECTED, (reason.value,), count
        for kind, count in fleet.evicted.items():
            yield catalog.EVICTED, (kind,), count
        for position in pipeline.positions:
            if position.lag is not None:
                yield catalog.LAG, (position.topic, str(position.partition)), position.lag

    def _book(self) -> Iterator[_Row]:
        joiner, book = self._pipeline.joiner, self._pipeline.joiner.book
        yield catalog.APPLIED, ("prediction",), book.applied_predictions
        yield catalog.APPLIED, ("label",), book.applied_labels
        yield catalog.DUPLICATE_PREDICTIONS, (), book.duplicate_predictions
        yield catalog.DUPLICATE_LABELS, (), book.duplicate_labels
        yield catalog.EXPIRED, (), book.expired_predictions
        yield catalog.LABELS_EXPIRED, (), book.expired_labels
        yield catalog.WAITING, (), joiner.waiting_predictions
        yield catalog.WAITING_LABELS, (), joiner.waiting_labels
        yield catalog.WAITING_OUTCOMES, (), joiner.held
        yield catalog.LABELS_REVISED, (), book.revised_labels
        yield catalog.HANDED_OVER, (), book.handed_over
        yield catalog.RESTORED, (), book.restored
        yield catalog.UNACCOUNTED, (), self._pipeline.unaccounted


def _family(metric: Metric) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    return kind(metric.name, metric.help, labels=metric.label_names)


def _histogram(metric: Metric) -> HistogramMetricFamily:
    return HistogramMetricFamily(metric.name, metric.help, labels=metric.label_names)


def _monitor(monitor: ModelMonitor) -> Iterator[_Row]:
    key = monitor.key
    totals = monitor.performance.totals()
    yield catalog.PREDICTIONS, key, monitor.predictions
    yield catalog.EPISODES, key, monitor.episodes.count
    yield catalog.FEATURES_IGNORED, key, monitor.features_ignored
    yield catalog.OUTCOMES, key, totals["outcomes"]
    for name, metric in (
        ("correct", catalog.CORRECT),
        ("absolute_error", catalog.ABSOLUTE_ERROR),
        ("squared_error", catalog.SQUARED_ERROR),
    ):
        if name in totals:
            yield metric, key, totals[name]
    for measure, windows in monitor.performance.measures().items():
        metric = catalog.PERFORMANCE_RATIO if measure in UNITLESS else catalog.PERFORMANCE_ERROR
        for window, value in windows.items():
            yield metric, (*key, measure, window), value
    for window, interval in monitor.performance.intervals().items():
        yield catalog.PERFORMANCE_LOWER, (*key, "accuracy", window), interval.lower
        yield catalog.PERFORMANCE_UPPER, (*key, "accuracy", window), interval.upper
    for window, count in monitor.performance.counts().items():
        yield catalog.PERFORMANCE_OUTCOMES, (*key, window), count
    yield catalog.MATURE, key, monitor.coverage.mature
    yield catalog.MATURE_LABELLED, key, monitor.coverage.mature_labelled
    if monitor.coverage.mature:
        yield catalog.COVERAGE, key, monitor.coverage.share
    for feature, counts in monitor.features.items():
        for kind in ("numeric", "text", "missing", "other"):
            yield catalog.FEATURE_VALUES, (*key, feature, kind), getattr(counts, kind)
        yield catalog.VIOLATIONS, (*key, feature), counts.violations
    yield from _signals(monitor)


def _signals(monitor: ModelMonitor) -> Iterator[_Row]:
    for name, signal in monitor.signals.items():
        where = (*monitor.key, name)
        if signal.kind != "category":
            yield catalog.SIGNAL_MEAN, where, signal.mean
        yield catalog.DRIFT_ACTIVE, where, float(signal.active_since is not None)
        yield catalog.BATCH_LENGTH, where, signal.block_length
        yield catalog.EFFECTIVE, where, signal.effective_samples
        for measure, distance in signal.distances().items():
            yield catalog.DISTANCE, (*where, measure), distance.value
            yield catalog.DISTANCE_THRESHOLD, (*where, measure), distance.threshold
        for detector, drift in signal.drifts.items():
            labels = (*monitor.key, name, detector)
            yield catalog.DRIFTS, labels, drift.count
            if drift.count:
                yield catalog.DRIFT_BEFORE, labels, drift.before
                yield catalog.DRIFT_AFTER, labels, drift.after
                yield catalog.DRIFT_EFFECT, labels, drift.effect or 0.0
            if drift.last_ts is not None:
                yield catalog.DRIFT_TIME, labels, drift.last_ts


def _delays(monitor: ModelMonitor, family: HistogramMetricFamily) -> None:
    counts, buckets, total = monitor.delays.counts, [], 0
    for bound, count in zip((*monitor.delays.bounds, float("inf")), counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
    family.add_metric(monitor.key, buckets, monitor.delays.total)
