"""The measures of single groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from stream_monitor.stats.intervals import Interval, wilson


class GroupCounts(NamedTuple):
    """Predictions and outcomes of one group, counted.

    Attributes:
        predictions: Predictions; ``selected`` are those of the positive class.
        outcomes: Outcomes; ``correct`` are those whose prediction was right.
        positives: Outcomes whose label is the positive class; ``true_positives`` were predicted to be.
        negatives: Outcomes whose label is another class; ``false_positives`` were predicted to be the positive one.
        residuals: The sum of the residuals of a regression, label less prediction.
        squares: The sum of their squares.
    """

    predictions: int = 0
    selected: int = 0
    outcomes: int = 0
    correct: int = 0
    positives: int = 0
    true_positives: int = 0
    negatives: int = 0
    false_positives: int = 0
    residuals: float = 0.0
    squares: float = 0.0

    @property
    def predicted_positives(self) -> int:
        """Outcomes whose prediction is the positive class."""
        return self.true_positives + self.false_positives

    @classmethod
    def total(cls, counts: Iterable[GroupCounts]) -> GroupCounts:
        """Return the sum of counts.

        >>> GroupCounts.total([GroupCounts(2, 1), GroupCounts(3)])[:2]
        (5, 1)
        """
        return cls(*map(sum, zip(*counts, strict=True)))


class GroupMeasure(NamedTuple):
    """A share of the predictions or outcomes of one group.

    Attributes:
        name: Value of the label ``measure``.
        numerator, denominator: The fields of `GroupCounts` whose quotient it is.
        base: The field that ``--group-min-count`` is about.
        description: One line for the documentation.
        needs_positive: Whether it needs ``--positive``.
        is_of_window: Whether it is also taken over the rolling window.
    """

    name: str
    numerator: str
    denominator: str
    base: str
    description: str
    needs_positive: bool = True
    is_of_window: bool = True

    def value(self, counts: GroupCounts) -> float:
        """Return the share from 0 to 1; NaN where it is not defined."""
        count = getattr(counts, self.denominator)
        return min(getattr(counts, self.numerator) / count, 1.0) if count else math.nan

    def interval(self, counts: GroupCounts) -> Interval:
        """Return the 95 % Wilson interval of the share."""
        return wilson(self.value(counts), getattr(counts, self.denominator))


COUNT = "count"
MEAN_RESIDUAL = "mean_residual"
GROUP_MEASURES: Sequence[GroupMeasure] = (
    GroupMeasure(
        "selection_rate", "selected", "predictions", "predictions", "share of the predictions that are positive"
    ),
    GroupMeasure("accuracy", "correct", "outcomes", "outcomes", "share of the outcomes that are right", False),
    GroupMeasure(
        "true_positive_rate",
        "true_positives",
        "positives",
        "outcomes",
        "share of the positive labels that were found",
    ),
    GroupMeasure(
        "false_positive_rate",
        "false_positives",
        "negatives",
        "outcomes",
        "share of the other labels that were predicted positive",
    ),
    GroupMeasure(
        "precision",
        "true_positives",
        "predicted_positives",
        "outcomes",
        "share of the positive predictions that are right, of those with a label",
    ),
    GroupMeasure(
        "label_coverage",
        "outcomes",
        "predictions",
        "predictions",
        "share of the predictions that have a label by now",
        needs_positive=False,
        is_of_window=False,
    ),
)
BY_NAME: Mapping[str, GroupMeasure] = {measure.name: measure for measure in GROUP_MEASURES}


def mean_residual(counts: GroupCounts) -> float:
    """Return the mean of label less prediction; NaN without outcomes."""
    return counts.residuals / counts.outcomes if counts.outcomes else math.nan


def variance_of_mean(counts: GroupCounts) -> float:
    """Return the squared standard error of the mean residual; infinite for fewer than two outcomes."""
    n = counts.outcomes
    if n < 2:
        return math.inf
    return max(counts.squares - counts.residuals * counts.residuals / n, 0.0) / (n - 1) / n
