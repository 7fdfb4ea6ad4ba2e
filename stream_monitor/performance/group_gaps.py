"""Gaps between groups: how differently a model treats them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import Task
from stream_monitor.performance.group_measures import (
    BY_NAME,
    GroupCounts,
    GroupMeasure,
    mean_residual,
    variance_of_mean,
)
from stream_monitor.performance.subgroup_codes import MISSING_NAME
from stream_monitor.stats.range_intervals import (
    Estimate,
    Shares,
    largest,
    range_of_means,
    range_of_shares,
    ratio_of_shares,
)

#: The gap of a regression.
MEAN_RESIDUAL_GAP = "mean_residual_gap"


class Gap(NamedTuple):
    """A gap between groups.

    Attributes:
        estimate: The gap with its 95 % interval.
        highest, lowest: The groups that it is between.
    """

    estimate: Estimate
    highest: str
    lowest: str


class GapMeasure(NamedTuple):
    """A gap of shares.

    Attributes:
        name: Value of the label ``measure``.
        of: The measures of single groups that it is about; of several, the largest gap counts.
        combine: Returns the gap of shares, with its interval; its level is shared out over so many measures.
        description: One line for the documentation.
    """

    name: str
    of: Sequence[GroupMeasure]
    combine: Callable[[Shares, int], Estimate]
    description: str


def _ratio(shares: Shares, _: int) -> Estimate:
    return ratio_of_shares(shares)


GAP_MEASURES: Sequence[GapMeasure] = (
    GapMeasure(
        "statistical_parity_difference",
        [BY_NAME["selection_rate"]],
        range_of_shares,
        "largest less smallest selection rate",
    ),
    GapMeasure(
        "disparate_impact_ratio",
        [BY_NAME["selection_rate"]],
        _ratio,
        "smallest selection rate divided by the largest",
    ),
    GapMeasure(
        "equal_opportunity_difference",
        [BY_NAME["true_positive_rate"]],
        range_of_shares,
        "largest less smallest true positive rate",
    ),
    GapMeasure(
        "equalized_odds_difference",
        [BY_NAME["true_positive_rate"], BY_NAME["false_positive_rate"]],
        range_of_shares,
        "the larger difference of true positive rates and of false positive rates",
    ),
    GapMeasure("accuracy_gap", [BY_NAME["accuracy"]], range_of_shares, "largest less smallest accuracy"),
)

GAP_NAMES = (*(measure.name for measure in GAP_MEASURES), MEAN_RESIDUAL_GAP)


def gaps(
    values: Mapping[str, GroupCounts], task: Task, min_count: int, *, has_positive: bool = True
) -> dict[str, Gap]:
    """Return the gaps between the values of a group, by name; one that is not defined is left out.

    Args:
        values: The counts of each value; what is missing is no group.
        task: The kind of model.
        min_count: Predictions, or outcomes for a measure that needs labels, that a value has at least to take part.
        has_positive: Whether there is a positive class.

    >>> fair, unfair = GroupCounts(100, 50, 100, 90), GroupCounts(100, 50, 100, 60)
    >>> gap = gaps({"f": fair, "m": unfair}, "classification", 100)["accuracy_gap"]
    >>> round(gap.estimate.value, 2), round(gap.estimate.lower, 4), gap.highest, gap.lowest
    (0.3, 0.1828, 'f', 'm')
    """
    named = {name: counts for name, counts in values.items() if name != MISSING_NAME}
    if task == "regression":
        gap = _of_means({name: counts for name, counts in named.items() if counts.outcomes >= max(min_count, 2)})
        return {MEAN_RESIDUAL_GAP: gap} if gap else {}
    found = {
        measure.name: _of_shares(measure, named, min_count)
        for measure in GAP_MEASURES
        if has_positive or not measure.of[0].needs_positive
    }
    return {name: gap for name, gap in found.items() if gap}


def is_small(counts: GroupCounts, base: str, min_count: int) -> bool:
    """Return whether a value has too few predictions, or outcomes, to take part in gaps."""
    count: int = getattr(counts, base)
    return count < min_count


def _of_shares(measure: GapMeasure, values: Mapping[str, GroupCounts], min_count: int) -> Gap | None:
    found = [gap for part in measure.of if (gap := _of_one(measure, part, values, min_count))]
    if not found:
        return None
    widest = max(found, key=lambda gap: gap.estimate.value)
    return widest._replace(estimate=largest([gap.estimate for gap in found]))


def _of_one(measure: GapMeasure, part: GroupMeasure, values: Mapping[str, GroupCounts], min_count: int) -> Gap | None:
    """Return the gap of one measure of single groups; None with fewer than two groups."""
    taken = {
        name: counts
        for name, counts in values.items()
        if not is_small(counts, part.base, min_count) and getattr(counts, part.denominator)
    }
    if len(taken) < 2:
        return None
    numbers = ([getattr(counts, field) for counts in taken.values()] for field in (part.numerator, part.denominator))
    shares = Shares(*(np.array(each, np.float64) for each in numbers))
    estimate = measure.combine(shares, len(measure.of))
    return None if np.isnan(estimate.value) else _between(estimate, list(taken), shares.values)


def _of_means(values: Mapping[str, GroupCounts]) -> Gap | None:
    if len(values) < 2:
        return None
    means = np.array([mean_residual(counts) for counts in values.values()])
    variances = np.array([variance_of_mean(counts) for counts in values.values()])
    return _between(range_of_means(means, variances), list(values), means)


def _between(estimate: Estimate, names: Sequence[str], values: Floats) -> Gap:
    return Gap(estimate, names[int(values.argmax())], names[int(values.argmin())])
