"""Estimated performance as plain values, and remarks on it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from stream_monitor.performance.estimated import EstimatedResult

#: The share of the newest scores that the calibration has not seen as often, from which on it is told.
MIN_SHIFT = 0.1


def estimated_summary(results: Sequence[EstimatedResult]) -> dict[str, Any]:
    """Return the estimate over all predictions of several versions, and its error over all outcomes.

    ``accuracy`` is None where no version has an estimate, and ``why_not`` then has the reason.
    """
    estimates = [each.estimates["cumulative"] for each in results if each.estimates]
    errors = [each.errors["cumulative"] for each in results if each.errors]
    known = sum(each.count for each in errors)
    error = math.fsum(each.value * each.count for each in errors) / known if known else None
    if not estimates:
        why_not = results[0].why_not if results else "there is no prediction"
        return {"accuracy": None, "lower": None, "upper": None, "count": 0, "error": error, "why_not": why_not}
    sizes = [each.count for each in estimates]
    count = sum(sizes)
    value, lower, upper = (
        math.fsum(size * each for size, each in zip(sizes, column, strict=True)) / count
        for column in zip(*((each.value, each.lower, each.upper) for each in estimates), strict=True)
    )
    return {"accuracy": value, "lower": lower, "upper": upper, "count": count, "error": error, "why_not": ""}


def version_estimated(result: EstimatedResult) -> dict[str, Any]:
    """Return the estimates of one model version and their errors, by window."""
    return {
        "accuracy": {window: asdict(estimate) for window, estimate in result.estimates.items()},
        "error": {window: asdict(error) for window, error in result.errors.items()},
        "why_not": result.why_not,
    }


def estimated_caveats(result: EstimatedResult) -> Iterator[str]:
    """Yield a line if the newest scores are others than those that were calibrated."""
    estimate = result.estimates.get("rolling")
    if estimate and estimate.shift >= MIN_SHIFT:
        yield (
            f"{estimate.shift:.0%} of the newest scores are where few predictions with a label were: the interval of "
            "the estimated accuracy is wider for it"
        )
