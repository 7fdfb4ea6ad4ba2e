"""How long labels take to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class Histogram:
    """Counts under upper bounds, as Prometheus has them."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add_many(self, values: Sequence[float]) -> None:
        """Take values, in order: the sum must not depend on how they are cut."""
        for at in np.searchsorted(self.bounds, values).tolist():
            self.counts[at] += 1
        for value in values:
            self.total += value

    def state(self) -> dict[str, Any]:
        return {"counts": self.counts, "total": self.total}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.counts, self.total = list(state["counts"]), state["total"]
