"""Baselines that look at no feature: they predict from the labels before alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.core.events import Target
from stream_monitor.performance.class_codes import MAX_CLASSES, OTHER, UNLIKE

#: Stands for a prediction that a baseline can't make, because it knows no label yet.
NONE = -1


class Labels(NamedTuple):
    """The labels of n outcomes of a classification.

    Attributes:
        codes: Their codes from 0 to `OTHER`, shape (n,), as `ClassCodes` gives them.
        values: The labels as received, n of them.
    """

    codes: Ints
    values: Sequence[Target]


class MajorityClass:
    """Predicts the class that was the label most often so far; of several, the one that came first.

    >>> MajorityClass().update(Labels(np.array([0, 1, 1, 1]), ["no", "yes", "yes", "yes"])).tolist()
    [-1, 0, 0, 1]
    """

    def __init__(self) -> None:
        self._counts: Ints = np.zeros(MAX_CLASSES, np.int64)

    def update(self, labels: Labels) -> Ints:
        """Return the code of the prediction before each label, `NONE` without one, shape (n,); learn the labels."""
        codes = labels.codes
        before, self._counts = self._counts, self._counts + np.bincount(codes, minlength=OTHER + 1)[:OTHER]
        second, first = np.sort(before)[-2:].tolist()
        if first - second >= len(codes):
            # No other class can catch up before the last label.
            return np.full(len(codes), int(np.argmax(before)))
        is_label = codes[:, None] == np.arange(int(np.flatnonzero(self._counts)[-1]) + 1)
        counts = before[: is_label.shape[1]] + np.cumsum(is_label, axis=0) - is_label
        return np.where(counts.any(axis=1), np.argmax(counts, axis=1), NONE)

    def state(self) -> list[int]:
        counts: list[int] = self._counts.tolist()
        return counts

    def restore(self, state: Sequence[int]) -> None:
        self._counts = np.array(state, np.int64)


class LastLabel:
    """Predicts the label of the outcome before.

    >>> LastLabel().update(Labels(np.array([0, 1, 1]), ["no", "yes", "yes"])).tolist()
    [-1, 0, 1]
    """

    def __init__(self) -> None:
        self._code, self._value = NONE, ""  # type: int, Target

    def update(self, labels: Labels) -> Ints:
        """Return the code of the prediction before each label, `NONE` without one, shape (n,); learn the labels."""
        predicted = np.concatenate(([self._code], labels.codes[:-1]))
        values = [self._value, *labels.values]
        for row in np.flatnonzero((predicted == OTHER) & (labels.codes == OTHER)).tolist():
            if values[row] != values[row + 1]:
                predicted[row] = UNLIKE
        self._code, self._value = int(labels.codes[-1]), values[-1]
        return predicted

    def state(self) -> list[Any]:
        return [self._code, self._value]

    def restore(self, state: Sequence[Any]) -> None:
        self._code, self._value = state


class RunningMean:
    """Predicts the mean of the labels so far, of a regression.

    >>> RunningMean().update(np.array([3.0, 5.0, 10.0])).tolist()
    [nan, 3.0, 4.0]
    """

    def __init__(self) -> None:
        self._origin, self._sum, self._count = 0.0, 0.0, 0

    def update(self, labels: Floats) -> Floats:
        """Return the prediction before each label, NaN without one, shape (n,); learn the labels."""
        if not self._count:
            self._origin = float(labels[0])
        sums = np.add.accumulate(np.concatenate(([self._sum], labels - self._origin)))
        counts = np.arange(self._count, self._count + len(labels))
        self._sum, self._count = float(sums[-1]), self._count + len(labels)
        means: Floats = self._origin + sums[:-1] / np.maximum(counts, 1)
        return np.where(counts > 0, means, np.nan)

    def state(self) -> dict[str, Any]:
        return {"origin": self._origin, "sum": self._sum, "count": self._count}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._origin, self._sum, self._count = state["origin"], state["sum"], state["count"]


class LastNumber:
    """Predicts the label of the outcome before, of a regression.

    >>> LastNumber().update(np.array([3.0, 5.0])).tolist()
    [nan, 3.0]
    """

    def __init__(self) -> None:
        self._last: float | None = None

    def update(self, labels: Floats) -> Floats:
        """Return the prediction before each label, NaN without one, shape (n,); learn the labels."""
        predicted = np.concatenate(([np.nan if self._last is None else self._last], labels[:-1]))
        self._last = float(labels[-1])
        return predicted

    def state(self) -> float | None:
        return self._last

    def restore(self, state: float | None) -> None:
        self._last = state
