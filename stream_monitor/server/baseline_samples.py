"""The baselines beside a model version as samples."""

from __future__ import annotations

import math
from collections.abc import Iterator

from stream_monitor.core.events import ModelVersion
from stream_monitor.performance.baseline_result import BASELINE_VERDICTS, BaselineResult, ByMeasure
from stream_monitor.performance.known_measures import KNOWN
from stream_monitor.server import baseline_metrics as metrics
from stream_monitor.server.metric import Metric, Sample


def baseline_samples(key: ModelVersion, result: BaselineResult) -> Iterator[Sample]:
    """Yield the samples of one baseline."""
    where = (*key, result.name)
    yield metrics.BASELINE_OUTCOMES, where, result.outcomes
    for name, windows in result.performance.items():
        metric = metrics.BASELINE_RATIO if KNOWN[name].is_unitless else metrics.BASELINE_ERROR
        yield from _measures(metric, where, {name: windows})
    yield from _measures(metrics.SKILL, where, result.skill)
    for verdict in BASELINE_VERDICTS:
        yield metrics.BASELINE_VERDICT, (*where, verdict), float(result.verdict == verdict)
    estimates = {"lower": result.bounds.lower, "estimate": result.difference, "upper": result.bounds.upper}
    for bound, value in estimates.items():
        if math.isfinite(value):
            yield metrics.BASELINE_DIFFERENCE, (*where, result.measure, bound), value
    for predictor, payoff in (("model", result.model_payoff), ("baseline", result.payoff)):
        for window, value in payoff.items():
            yield metrics.PAYOFF, (*where, predictor, window), value


def _measures(metric: Metric, where: tuple[str, ...], found: ByMeasure) -> Iterator[Sample]:
    for measure, windows in found.items():
        for window, value in windows.items():
            if math.isfinite(value):
                yield metric, (*where, measure, window), value
