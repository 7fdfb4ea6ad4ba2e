"""Sums over outcomes in three windows: all outcomes, the newest ones, and all with a weight that decays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from stream_monitor.core.arrays import Floats, pack, unpack
from stream_monitor.core.fading import fading_by

#: Outcomes that wait until they are added: many cost little more than a few.
MAX_WAITING = 2_048

Window = Literal["cumulative", "rolling", "decayed"]


class Windows:
    """Sums of the same values in each window.

    They are added strictly in order, so that no sum depends on where a stream was cut into batches.

    Args:
        names: The names of the sums; the first is that of the number of outcomes.
        window: Outcomes in the rolling window.
        decay: Weight of an outcome relative to the one after it, in the decayed window.
    """

    def __init__(self, names: Sequence[str], window: int, decay: float) -> None:
        self._names = names
        self._cumulative: Floats = np.zeros(len(names))
        self._scaled: Floats = np.zeros(len(names))
        self._decay, self._fading = decay, fading_by(decay)
        self._window = window
        self._recent: Floats = np.empty((len(names), 0))
        self._waiting: list[Floats] = []
        self._waiting_count = 0

    def add(self, rows: Floats) -> None:
        """Add the values of n outcomes, shape (len(names), n); those of the first row are ones."""
        self._waiting.append(rows)
        self._waiting_count += rows.shape[1]
        if self._waiting_count >= MAX_WAITING:
            self._add_waiting()

    def _add_waiting(self) -> None:
        if not self._waiting:
            return
        rows = np.concatenate(self._waiting, axis=1)
        self._waiting, self._waiting_count = [], 0
        _, self._scaled = self._fading.sums(rows, self._scaled, int(self._cumulative[0]))
        self._cumulative = np.cumsum(np.concatenate((self._cumulative[:, None], rows), axis=1), axis=1)[:, -1].copy()
        self._recent = np.concatenate((self._recent, rows), axis=1)[:, -self._window :]

    @property
    def _count(self) -> int:
        """The number of outcomes, all of them added."""
        self._add_waiting()
        return int(self._cumulative[0])

    @property
    def cumulative(self) -> dict[str, float]:
        """The sums over all outcomes, by name."""
        self._add_waiting()
        return self._named(self._cumulative.tolist())

    def sums(self) -> dict[Window, dict[str, float]]:
        """Return the sums by window and name; empty before the first outcome."""
        if not self._count:
            return {}
        return {
            "cumulative": self.cumulative,
            "rolling": self._named(self._recent.sum(axis=1).tolist()),
            "decayed": self._named(self._fading.values(self._scaled, self._count).tolist()),
        }

    def counts(self) -> dict[Window, float]:
        """Return the outcomes in each window; of the decayed one, the number of equal weight that are as sure.

        With weights w that is (sum of w)^2 / sum of w^2 (Kish 1965, section 11.7).
        """
        count = float(self._count)
        if not count:
            return {}
        decay = self._decay
        weights = -math.expm1(count * math.log(decay)) / (1 - decay)
        squares = -math.expm1(2 * count * math.log(decay)) / (1 - decay * decay)
        return {"cumulative": count, "rolling": float(self._recent.shape[1]), "decayed": weights**2 / squares}

    def _named(self, sums: Sequence[float]) -> dict[str, float]:
        return dict(zip(self._names, sums, strict=True))

    def state(self) -> dict[str, Any]:
        self._add_waiting()
        return {
            "cumulative": self._cumulative.tolist(),
            "scaled": self._scaled.tolist(),
            "recent": pack(self._recent),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._waiting, self._waiting_count = [], 0
        self._cumulative, self._scaled = np.array(state["cumulative"]), np.array(state["scaled"])
        self._recent = unpack(state["recent"]).reshape(len(self._names), -1)
