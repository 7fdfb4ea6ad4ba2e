"""Plain counts that a monitor keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from stream_monitor.signals import FeatureColumn

FeatureType = Literal["numeric", "categorical"]


@dataclass
class FeatureCounts:
    """What has come in one feature; ``last_seen`` orders features for retirement.

    ``type`` is None until enough has come to tell it, unless it was given.
    """

    numeric: int = 0
    text: int = 0
    missing: int = 0
    other: int = 0
    last_seen: int = 0
    type: FeatureType | None = None
    is_given: bool = False

    @property
    def violations(self) -> int:
        """Values that are not of the feature's type."""
        if self.type is None:
            return 0
        wrong = self.text if self.type == "numeric" else 0 if self.is_given else self.numeric
        return wrong + self.other

    def decide(self, column: FeatureColumn, fewest: int) -> bool:
        """Settle the type where so many values are there with those that come: what most of them are."""
        numeric, text = self.numeric, self.text
        for value in column.raw:
            kind = type(value)
            text += kind is str
            numeric += kind in (int, bool) or (kind is float and math.isfinite(value))
            if numeric + text >= max(fewest, 1):
                self.type = "numeric" if numeric >= text else "categorical"
                return True
        return False

    def add(self, column: FeatureColumn) -> None:
        missing = int(column.missing.sum())
        self.text += column.text
        self.other += column.other
        self.missing += missing
        self.numeric += len(column.values) - missing - column.text - column.other


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
