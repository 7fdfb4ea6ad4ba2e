"""Fairness: the predictions and outcomes of each group, counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import eq
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import Target, Task
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.decoding.values import spelled
from stream_monitor.performance.cell_counts import CellCounts, CellSums
from stream_monitor.performance.group_measures import GroupCounts
from stream_monitor.performance.groups import Grouping
from stream_monitor.performance.subgroup_codes import AND, CODES, MISSING_NAME, OTHER_NAME, SubgroupCodes
from stream_monitor.performance.windows import Window

#: Counts by the value of a group.
ValueCounts = Mapping[str, GroupCounts]


@dataclass(frozen=True, slots=True)
class FairnessSettings:
    """The groups that are compared.

    Attributes:
        groupings: The ways to divide predictions into groups.
        intersections: Whether the intersection of all groups is a group, too.
        positive: The class that counts as positive; None if there is none.
        min_count: Predictions, or outcomes, that a value of a group has at least to take part in gaps.
    """

    groupings: Sequence[Grouping] = field(default=())
    intersections: bool = False
    positive: str | None = None
    min_count: int = 100

    @property
    def paths(self) -> dict[str, str]:
        """The paths of the values of each group, by its name; the intersection of all of them is the last group."""
        paths = {grouping.name: grouping.path for grouping in self.groupings}
        if self.intersections and len(paths) > 1:
            paths[AND.join(paths)] = ", ".join(paths.values())
        return paths


class GroupOutcomes(NamedTuple):
    """The groups of n outcomes.

    Attributes:
        names: The names of the values of each group by code, by group.
        codes: The code of each outcome in each group, shape (n, groups).
        losses: 0/1 loss, or the residual, label less prediction, shape (n,).
        is_positive: Which labels are of the positive class, shape (n,).
    """

    names: Mapping[str, Sequence[str]]
    codes: NDArray[np.uint8]
    losses: Floats
    is_positive: Bools


class Fairness:
    """Counts the predictions and the outcomes of each value of each group, of one model version.

    Args:
        settings: The groups.
        task: The kind of model.
        window: Predictions, and outcomes, in the rolling window.
    """

    def __init__(self, settings: FairnessSettings, task: Task, window: int) -> None:
        names = list(settings.paths)
        self._codes = SubgroupCodes(names)
        for grouping in settings.groupings:
            self._codes.restore(grouping.name, grouping.bins)
        self._tallies = [_Tally(task, window) for _ in names]
        self._task: Task = task
        self._positives = frozenset[Target]() if settings.positive is None else spellings(settings.positive)

    def update(self, batch: PredictionBatch, index: Ints, outcomes: OutcomeBatch | None) -> GroupOutcomes | None:
        """Count the next predictions and outcomes; return the groups of the outcomes, None for none.

        Args:
            batch: The predictions.
            index: Their positions in the stream, shape (len(batch),).
            outcomes: The outcomes, None for none.
        """
        if not self._tallies:
            return None
        predicted = batch.subgroups or [None] * len(batch)
        labelled = (outcomes.subgroups or [None] * len(outcomes)) if outcomes else []
        if not (self._codes.are_known(predicted) and self._codes.are_known(labelled)):
            self._codes.learn(_in_order(predicted, index, labelled, outcomes))
        if len(batch):
            self._count_predictions(self._codes.encode(predicted), batch.y_pred)
        if not outcomes:
            return None
        return self._count_outcomes(self._codes.encode(labelled), outcomes.y_true, outcomes.y_pred)

    def _count_predictions(self, codes: NDArray[np.uint8], y_pred: Sequence[Target]) -> None:
        selected = self._are_positive(y_pred)
        for tally, code in zip(self._tallies, codes.T, strict=True):
            tally.predictions.add(code * np.uint8(2) + selected)

    def _count_outcomes(
        self, codes: NDArray[np.uint8], y_true: Sequence[Target], y_pred: Sequence[Target]
    ) -> GroupOutcomes:
        correct, is_positive = np.fromiter(map(eq, y_true, y_pred), np.uint8, len(y_true)), self._are_positive(y_true)
        kinds = correct * np.uint8(4) + is_positive * np.uint8(2) + self._are_positive(y_pred)
        for tally, code in zip(self._tallies, codes.T, strict=True):
            tally.outcomes.add(code * np.uint8(8) + kinds)
        if self._task == "classification":
            return GroupOutcomes(self._codes.names, codes, 1.0 - correct.astype(np.float64), is_positive)
        residuals = np.array(y_true, np.float64) - np.array(y_pred, np.float64)
        for tally, code in zip(self._tallies, codes.T, strict=True):
            tally.residuals.add(code, residuals)
        return GroupOutcomes(self._codes.names, codes, residuals, is_positive)

    def _are_positive(self, values: Sequence[Target]) -> Bools:
        if not self._positives:
            return np.zeros(len(values), bool)
        return np.fromiter(map(self._positives.__contains__, values), bool, len(values))

    def counts(self) -> dict[str, dict[Window, ValueCounts]]:
        """Return the counts of each value of each group, by window; of values that never came, none."""
        names = self._codes.names.items()
        return {
            group: tally.counts([*values, OTHER_NAME, MISSING_NAME])
            for (group, values), tally in zip(names, self._tallies, strict=True)
        }

    def state(self) -> dict[str, Any]:
        tallies = zip(self._codes.state().items(), self._tallies, strict=True)
        return {group: {"names": names, "tally": tally.state()} for (group, names), tally in tallies}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned; a group that it does not have starts anew."""
        for group, tally in zip(list(self._codes.names), self._tallies, strict=True):
            if group in state:
                self._codes.restore(group, state[group]["names"])
                tally.restore(state[group]["tally"])


class _Tally:
    """The counts of one group."""

    def __init__(self, task: Task, window: int) -> None:
        self.predictions, self.outcomes = CellCounts(CODES * 2, window), CellCounts(CODES * 8, window)
        self.residuals = CellSums(CODES, window if task == "regression" else 1)

    def counts(self, names: Sequence[str]) -> dict[Window, ValueCounts]:
        """Return the counts by window and value; ``names`` are those of the values, the last two of other codes."""
        places = [*range(len(names) - 2), CODES - 2, CODES - 1]
        ever = _counted(self.predictions.cumulative, self.outcomes.cumulative, self.residuals.cumulative)
        newest = _counted(self.predictions.rolling, self.outcomes.rolling, self.residuals.rolling)
        shown = [(name, at) for name, at in zip(names, places, strict=True) if any(ever[at])]
        return {
            "cumulative": {name: ever[at] for name, at in shown},
            "rolling": {name: newest[at] for name, at in shown},
        }

    def state(self) -> dict[str, Any]:
        return {
            "predictions": self.predictions.state(),
            "outcomes": self.outcomes.state(),
            "residuals": self.residuals.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.predictions.restore(state["predictions"])
        self.outcomes.restore(state["outcomes"])
        self.residuals.restore(state["residuals"])


def spellings(text: str) -> frozenset[Target]:
    """Return the values that a class's name on the command line stands for.

    >>> sorted(map(str, spellings("1"))), sorted(map(str, spellings("yes")))
    (['1', '1'], ['yes'])
    """
    value = spelled(text)
    return frozenset({text} if value is None else {text, value, str(value)})


def _in_order(
    predicted: Sequence[str | None], index: Ints, labelled: Sequence[str | None], outcomes: OutcomeBatch | None
) -> list[str | None]:
    """Return the subgroups of predictions and outcomes in the order of the stream.

    An outcome comes before the prediction that is next after it.
    """
    befores = outcomes.before if outcomes else index[:0]
    places = np.concatenate((2 * index + 1, 2 * befores))
    both = [*predicted, *labelled]
    return [both[at] for at in np.argsort(places, kind="stable").tolist()]


def _counted(predictions: Ints, outcomes: Ints, residuals: Floats) -> list[GroupCounts]:
    """Return the counts of each code, given those of its cells."""
    selected = predictions.reshape(CODES, 2)
    cells = outcomes.reshape(CODES, 2, 2, 2)  # by code; wrong, right; label and prediction: another, the positive
    columns = (
        selected.sum(axis=1),
        selected[:, 1],
        cells.sum(axis=(1, 2, 3)),
        cells[:, 1].sum(axis=(1, 2)),
        cells[:, :, 1].sum(axis=(1, 2)),
        cells[:, :, 1, 1].sum(axis=1),
        cells[:, :, 0].sum(axis=(1, 2)),
        cells[:, :, 0, 1].sum(axis=1),
        *residuals.T,
    )
    return [GroupCounts(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
