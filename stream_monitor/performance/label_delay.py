"""The distribution of label delays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats

#: Upper bounds of ``label_delay_seconds``: a second to a month.
DELAY_BUCKETS = (
    1.0,
    10.0,
    60.0,
    600.0,
    3600.0,
    6 * 3600.0,
    86_400.0,
    3 * 86_400.0,
    7 * 86_400.0,
    30 * 86_400.0,
)


class Histogram:
    """A histogram as Prometheus has it.

    Attributes:
        counts: Values in each bucket, not cumulative; the last is that of values above all bounds.
        total: Sum of all values.

    Args:
        bounds: Upper bounds of the buckets, rising.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add_many(self, values: Floats) -> None:
        """Add values, shape (n,), one after the other: the sum must not depend on where they are cut into batches."""
        if not len(values):
            return
        counts = np.bincount(np.searchsorted(self.bounds, values), minlength=len(self.counts)).tolist()
        self.counts = [old + new for old, new in zip(self.counts, counts, strict=True)]
        self.total = float(np.add.accumulate(np.concatenate(([self.total], values)))[-1])

    def state(self) -> dict[str, Any]:
        return {"counts": self.counts, "total": self.total}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.counts, self.total = list(state["counts"]), state["total"]
