"""A sample of the values of one period, to learn better normal scores from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats, pack, unpack

#: Number of values of a period that are kept.
SAMPLED = 1000
#: A score beyond the first is extreme. If more than the second share of a period is, the scores were learned in one
#: part of a strong season, and do not resolve the others.
EXTREME, MAX_EXTREME = 2.5, 0.08


class PeriodSample:
    """Evenly spaced values of a period, at most `SAMPLED`, and the number of its values with an extreme score."""

    def __init__(self) -> None:
        #: The raw values that are kept, shape (n,).
        self.values: Floats = np.empty(0)
        self._extreme, self._step, self._skip = 0, 1, 0

    def add(self, scores: Floats, values: Floats) -> None:
        """Add the next values and their normal scores, shape (n,) each."""
        self._extreme += int((np.abs(scores) > EXTREME).sum())
        self._keep(values)

    def is_extreme(self, count: float) -> bool:
        """Return whether too many of the period's ``count`` values have an extreme score."""
        return self._extreme > MAX_EXTREME * count

    def _keep(self, values: Floats) -> None:
        """Keep every n-th value; whenever there are too many, drop every other one and double n."""
        while len(values) > self._skip:
            room = SAMPLED - len(self.values)
            taken = values[self._skip :: self._step][:room]
            self.values = np.concatenate((self.values, taken))
            used = self._skip + len(taken) * self._step
            values, self._skip = values[min(used, len(values)) :], max(used - len(values), 0)
            if len(self.values) >= SAMPLED:
                self.values, self._step = self.values[::2].copy(), self._step * 2
        self._skip -= len(values)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {"sample": pack(self.values), "sampling": [self._step, self._skip, self._extreme]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self.values = unpack(state["sample"])
        self._step, self._skip, self._extreme = state["sampling"]
