"""How right the model is: cumulative, over a rolling window, and time-decayed.

Every measure is a formula over sums of a few columns, one row an outcome; a window is a way to add up. The sums run
strictly in order, so that they do not depend on where batches were cut.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np

from stream_monitor.core.arrays import Floats, fading_sums, pack, unpack
from stream_monitor.core.events import Target
from stream_monitor.stats.intervals import Interval, wilson

#: Measures without a unit; the others have the target's.
UNITLESS = ("accuracy", "r2")
Window = Literal["cumulative", "rolling", "decayed"]
_Sums = Sequence[float]


class Performance(Protocol):
    """The performance of one model version on one task."""

    def update_many(self, y_true: Sequence[Target], y_pred: Sequence[Target]) -> Floats:
        """Take outcomes; give the ``error`` signal: 0/1 loss, or the absolute residual."""
        ...

    def measures(self) -> dict[str, dict[Window, float]]:
        """Each measure over each window; empty before the first outcome."""
        ...

    def counts(self) -> dict[Window, float]:
        """Outcomes in each window; of the decayed one, how many of equal weight would be as sure."""
        ...

    def intervals(self) -> dict[Window, Interval]:
        """Where accuracy is in truth, with 95 % confidence; empty for a regression."""
        ...

    def totals(self) -> dict[str, float]:
        """Plain sums that add up over replicas."""
        ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: Mapping[str, Any]) -> None: ...


class Classification:
    """Accuracy: the share of predictions equal to their label.

    Prequential evaluation: Gama, Sebastião, Rodrigues, "On evaluating stream learning algorithms", Machine
    Learning 90 (2013), pp. 317-346; ``decay`` is their fading factor.

    >>> performance = Classification(window=1000, decay=0.999)
    >>> performance.update_many(["yes", "no"], ["yes", "yes"])
    array([0., 1.])
    >>> performance.measures()["accuracy"]["cumulative"]
    0.5
    """

    def __init__(self, window: int, decay: float) -> None:
        self._windows = _Windows(2, window, decay)

    def update_many(self, y_true: Sequence[Target], y_pred: Sequence[Target]) -> Floats:
        correct = np.array([t == p for t, p in zip(y_true, y_pred, strict=True)], dtype=np.float64)
        self._windows.add(np.stack((np.ones(len(correct)), correct)))
        return 1.0 - correct

    def measures(self) -> dict[str, dict[Window, float]]:
        return self._windows.evaluate({"accuracy": lambda sums: sums[1] / sums[0]})

    def counts(self) -> dict[Window, float]:
        return self._windows.counts()

    def intervals(self) -> dict[Window, Interval]:
        accuracy, counts = self.measures().get("accuracy", {}), self.counts()
        return {window: wilson(share, counts[window]) for window, share in accuracy.items()}

    def totals(self) -> dict[str, float]:
        count, correct = self._windows.cumulative
        return {"outcomes": count, "correct": correct}

    def state(self) -> dict[str, Any]:
        return self._windows.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        self._windows.restore(state)


class Regression:
    """Mean absolute error, root mean squared error and R2, in the target's own unit.

    R2 is 1 minus the squared error over the squared deviation from the mean of the same outcomes. Deviations are
    taken from the first label, so that a large mean costs no digits.

    >>> performance = Regression(window=1000, decay=0.999)
    >>> performance.update_many([3.0, 5.0], [2.0, 5.0])
    array([1., 0.])
    >>> performance.measures()["mae"]["cumulative"], performance.measures()["r2"]["cumulative"]
    (0.5, 0.5)
    """

    def __init__(self, window: int, decay: float) -> None:
        self._windows = _Windows(5, window, decay)
        self._origin: float | None = None

    def update_many(self, y_true: Sequence[Target], y_pred: Sequence[Target]) -> Floats:
        truth = np.array(y_true, dtype=np.float64)
        residual = np.abs(truth - np.array(y_pred, dtype=np.float64))
        if self._origin is None:
            self._origin = float(truth[0])
        offset = truth - self._origin
        self._windows.add(np.stack((np.ones(len(truth)), residual, residual**2, offset, offset**2)))
        return residual

    def measures(self) -> dict[str, dict[Window, float]]:
        return self._windows.evaluate({"mae": _mae, "rmse": _rmse, "r2": _r2})

    def counts(self) -> dict[Window, float]:
        return self._windows.counts()

    def intervals(self) -> dict[Window, Interval]:
        return {}

    def totals(self) -> dict[str, float]:
        count, absolute, squared, *_ = self._windows.cumulative
        return {"outcomes": count, "absolute_error": absolute, "squared_error": squared}

    def state(self) -> dict[str, Any]:
        return {**self._windows.state(), "origin": self._origin}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._windows.restore(state)
        self._origin = state["origin"]


def make_performance(task: str, window: int, decay: float) -> Performance:
    """The performance that fits a task."""
    return Regression(window, decay) if task == "regression" else Classification(window, decay)


def _mae(sums: _Sums) -> float:
    return sums[1] / sums[0]


def _rmse(sums: _Sums) -> float:
    return math.sqrt(sums[2] / sums[0])


def _r2(sums: _Sums) -> float:
    deviation = sums[4] - sums[3] ** 2 / sums[0]
    return 1.0 - sums[2] / deviation if deviation > 0 else math.nan


class _Windows:
    """Sums of the same columns, three ways."""

    def __init__(self, columns: int, window: int, decay: float) -> None:
        self.cumulative: _Sums = [0.0] * columns
        self._decayed: _Sums = [0.0] * columns
        self._decay = decay
        self._window = window
        self._recent = np.empty((columns, 0))

    def add(self, rows: Floats) -> None:
        """Take outcomes, shape (columns, n)."""
        self.cumulative = _fade(rows, self.cumulative, 1.0)
        self._decayed = _fade(rows, self._decayed, self._decay)
        self._recent = np.concatenate((self._recent, rows), axis=1)[:, -self._window :]

    def evaluate(self, measures: Mapping[str, Callable[[_Sums], float]]) -> dict[str, dict[Window, float]]:
        if not self.cumulative[0]:
            return {}
        sums: dict[Window, _Sums] = {
            "cumulative": self.cumulative,
            "rolling": self._recent.sum(axis=1).tolist(),
            "decayed": self._decayed,
        }
        return {name: {window: measure(s) for window, s in sums.items()} for name, measure in measures.items()}

    def counts(self) -> dict[Window, float]:
        """Outcomes in each window; with weights w, (sum of w)^2 / sum of w^2 (Kish 1965, section 11.7)."""
        count = self.cumulative[0]
        if not count:
            return {}
        decay = self._decay
        weights = -math.expm1(count * math.log(decay)) / (1 - decay)
        squares = -math.expm1(2 * count * math.log(decay)) / (1 - decay * decay)
        return {"cumulative": count, "rolling": float(self._recent.shape[1]), "decayed": weights**2 / squares}

    def state(self) -> dict[str, Any]:
        return {
            "cumulative": list(self.cumulative),
            "decayed": list(self._decayed),
            "recent": pack(self._recent),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.cumulative, self._decayed = state["cumulative"], state["decayed"]
        self._recent = unpack(state["recent"]).reshape(len(self.cumulative), -1)


def _fade(rows: Floats, sums: _Sums, decay: float) -> list[float]:
    """``s = decay s + x`` over each row, carried on from ``sums``."""
    return [float(fading_sums(row, decay, start)[-1]) for row, start in zip(rows, sums, strict=True)]
