"""The newest outcomes of each version of a model, and the performance over them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.actions.retrain_request import WindowPerformance
from stream_monitor.core.arrays import Floats, Ints, pack, unpack
from stream_monitor.core.events import Task
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.stats.intervals import Z95, Interval, wilson

#: Outcomes below which there is no performance.
MIN_OUTCOMES = 30


class OutcomeWindows:
    """Keeps the losses of the newest outcomes of each version: 0 or 1, or the absolute residual.

    Args:
        task: The kind of model.
        window: Outcomes of a version that are kept.

    >>> windows = OutcomeWindows("classification", 1000)
    >>> windows.add(["1"], np.zeros(40, np.int64), np.repeat([0.0, 1.0], 20))
    >>> windows.performance("1").value, windows.performance("2")
    (0.5, None)
    """

    def __init__(self, task: Task, window: int) -> None:
        self._task, self._window = task, window
        self._losses: dict[str, deque[float]] = {}

    def add(self, versions: Sequence[str], which: Ints, losses: Floats) -> None:
        """Add outcomes, in order.

        Args:
            versions: Names of versions.
            which: For each outcome the position of its version among them, shape (n,).
            losses: Their losses, shape (n,).
        """
        for code in np.unique(which).tolist():
            kept = self._losses.setdefault(versions[code], deque(maxlen=self._window))
            kept.extend(losses[which == code].tolist())

    def performance(self, version: str | None) -> WindowPerformance | None:
        """Return the performance of a version, None where it has too few outcomes."""
        losses = self._losses.get(version or "", ())
        if version is None or len(losses) < MIN_OUTCOMES:
            return None
        count, mean = len(losses), math.fsum(losses) / len(losses)
        if self._task == "classification":
            share = 1.0 - mean
            return WindowPerformance(version, "accuracy", share, wilson(share, count), count)
        squares = math.fsum((loss - mean) ** 2 for loss in losses)
        reach = Z95 * math.sqrt(squares / (count - 1) / count)
        return WindowPerformance(version, "mae", mean, Interval(mean - reach, mean + reach), count)

    def all(self) -> list[WindowPerformance]:
        """Return the performance of each version that has enough outcomes, by name."""
        found = map(self.performance, sorted(self._losses))
        return [each for each in found if each]

    def retain(self, versions: Collection[str]) -> None:
        """Drop all versions but these."""
        self._losses = {name: losses for name, losses in self._losses.items() if name in versions}

    def state(self) -> dict[str, Any]:
        return {name: pack(np.array(self._losses[name], np.float64)) for name in sorted(self._losses)}

    def restore(self, state: Mapping[str, Any]) -> None:
        for name, packed in state.items():
            self._losses[name] = deque(unpack(packed).tolist(), maxlen=self._window)


def losses_of(outcomes: OutcomeBatch, task: Task) -> Floats:
    """Return the 0/1 loss of each outcome, or its absolute residual, shape (n,)."""
    if task == "regression":
        return np.abs(np.array(outcomes.y_true, np.float64) - np.array(outcomes.y_pred, np.float64))
    return np.array([one != other for one, other in zip(outcomes.y_true, outcomes.y_pred, strict=True)], np.float64)
