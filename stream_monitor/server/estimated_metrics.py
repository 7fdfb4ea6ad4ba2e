"""The metrics of estimated performance, and their samples."""

from __future__ import annotations

from collections.abc import Iterator

from stream_monitor.core.events import ModelVersion
from stream_monitor.performance.estimated import EstimatedResult
from stream_monitor.server.metric import VERSION, Sample, metric

ESTIMATED_RATIO = metric(
    "performance_estimated_ratio",
    "gauge",
    "Performance of the newest predictions, estimated from their calibrated scores before labels come: accuracy.",
    *VERSION,
    "measure",
    "window",
)
ESTIMATED_LOWER = metric(
    "performance_estimated_lower_ratio",
    "gauge",
    "Lower bound of the 95 % interval of what the labels will show.",
    *VERSION,
    "measure",
    "window",
)
ESTIMATED_UPPER = metric(
    "performance_estimated_upper_ratio",
    "gauge",
    "Upper bound of the 95 % interval of what the labels will show.",
    *VERSION,
    "measure",
    "window",
)
ESTIMATED_PREDICTIONS = metric(
    "performance_estimated_predictions", "gauge", "Predictions that an estimate is of.", *VERSION, "window"
)
ESTIMATED_SHIFT = metric(
    "performance_estimated_shift_ratio",
    "gauge",
    "Share of the scores of these predictions that the calibration has not seen as often: what widens the interval.",
    *VERSION,
    "window",
)
ESTIMATION_ERROR = metric(
    "performance_estimation_error",
    "gauge",
    "Estimated less realized performance of the same predictions, as estimated when they were made: accuracy.",
    *VERSION,
    "measure",
    "window",
)

#: All of them, in the order of the page.
ESTIMATED_METRICS = (
    ESTIMATED_RATIO,
    ESTIMATED_LOWER,
    ESTIMATED_UPPER,
    ESTIMATED_PREDICTIONS,
    ESTIMATED_SHIFT,
    ESTIMATION_ERROR,
)


def estimated_samples(key: ModelVersion, estimated: EstimatedResult) -> Iterator[Sample]:
    """Yield the samples of one model version."""
    for window, estimate in estimated.estimates.items():
        of = *key, "accuracy", window
        yield ESTIMATED_RATIO, of, estimate.value
        yield ESTIMATED_LOWER, of, estimate.lower
        yield ESTIMATED_UPPER, of, estimate.upper
        yield ESTIMATED_PREDICTIONS, (*key, window), estimate.count
        yield ESTIMATED_SHIFT, (*key, window), estimate.shift
    for past, error in estimated.errors.items():
        yield ESTIMATION_ERROR, (*key, "accuracy", past), error.value
