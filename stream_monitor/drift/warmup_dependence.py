"""The dependence of the values of a warm-up, which may drift."""

from __future__ import annotations

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.context import RunnerContext
from stream_monitor.drift.dependence import Dependence, dependence_of, lag1_of
from stream_monitor.drift.dependence_check import DependenceCheck
from stream_monitor.drift.warmup import Learned
from stream_monitor.stats.autocorrelation import autocorrelation_time, median_lag1
from stream_monitor.stats.variance_ratios import SURE, VarianceRatios

#: Fewest values of a warm-up that a dependence is estimated from.
MIN_VALUES = 50
#: Parts of a warm-up that are estimated separately, and the largest lag-1 autocorrelation that is accepted.
QUARTERS, MAX_LAG1 = 4, 0.99
#: An autocorrelation time longer than this multiple of that of the lag-1 autocorrelation comes from a drift.
DRIFTING = 3.0


def warmup_autocorrelation_time(values: Floats) -> float:
    """Return the integrated autocorrelation time where a dependence is beyond doubt, else 1.

    In a warm-up that drifts, neighbours are alike for another reason. So the lag-1 autocorrelation is the median over
    its quarters, each with its own mean, and the time over all lags counts only where it is near that of a
    first-order autoregression.
    """
    if len(values) < MIN_VALUES:
        return 1.0
    lag1 = median_lag1(values, min(QUARTERS, len(values) // MIN_VALUES))
    if lag1 <= SURE / len(values) ** 0.5:
        return 1.0
    lag1 = min(lag1, MAX_LAG1)
    short = (1.0 + lag1) / (1.0 - lag1)
    long = autocorrelation_time(values)
    return long if short < long < DRIFTING * short else short


def learned_dependence(check: DependenceCheck, context: RunnerContext, learned: Learned) -> Dependence:
    """Return the dependence that a warm-up and all before it show, at least the known one."""
    if not check.is_enabled:
        return Dependence()
    lag1 = lag1_of(max(warmup_autocorrelation_time(learned.measured), context.autocorrelation_time))
    are_scores = learned.transform.kind == "number"
    found = check.start(learned.measured, lag1, are_scores=are_scores)
    return dependence_of(found, in_batches=learned.transform.has_means)


def neighbours_dependence(learned: Learned) -> Dependence:
    """Return the dependence of neighbouring values alone: in a cycle that is unknown yet, distant ones are alike."""
    lag1 = lag1_of(warmup_autocorrelation_time(learned.measured))
    return dependence_of(VarianceRatios(lag1), in_batches=learned.transform.has_means)
