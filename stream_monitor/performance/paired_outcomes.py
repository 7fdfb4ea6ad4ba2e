"""Differences between two versions that have both seen the same events: a shadow deployment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Bools, Floats
from stream_monitor.performance.alternating_outcomes import Differences

#: Ids that wait for the outcome of the other version; above it the oldest is dropped.
MAX_UNPAIRED = 10_000


class PairedOutcomes:
    """Pairs outcomes of two versions by id: the difference is 1, 0 or -1.

    >>> outcomes = PairedOutcomes()
    >>> outcomes.add(["a", "b", "b"], np.array([False, False, True]), np.array([0.0, 1.0, 0.0])).values.tolist()
    [-1.0]
    """

    def __init__(self) -> None:
        self._unpaired: dict[str, tuple[bool, float]] = {}

    def add(self, ids: Sequence[str], is_challenger: Bools, scores: Floats) -> Differences:
        """Return the differences that the next outcomes complete.

        Args:
            ids: The ids of the predictions, n of them.
            is_challenger: True for an outcome of the challenger, False for one of the champion, shape (n,).
            scores: A larger one is better, shape (n,).
        """
        values, rows, unpaired = [], [], self._unpaired
        for row, (identity, which, score) in enumerate(
            zip(ids, is_challenger.tolist(), scores.tolist(), strict=True)
        ):
            other = unpaired.pop(identity, None)
            if other is None or other[0] is which:
                unpaired[identity] = which, score
                if len(unpaired) > MAX_UNPAIRED:
                    del unpaired[next(iter(unpaired))]
                continue
            better = float((score > other[1]) - (score < other[1]))
            values.append(better if which else -better)
            rows.append(row)
        return Differences(np.array(values, np.float64), np.array(rows, np.int64))

    def state(self) -> list[Any]:
        return [[identity, *each] for identity, each in self._unpaired.items()]

    def restore(self, state: Sequence[Any]) -> None:
        self._unpaired = {identity: (which, score) for identity, which, score in state}
