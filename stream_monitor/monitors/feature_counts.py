"""Plain counts that a monitor keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stream_monitor.core.events import FeatureType
from stream_monitor.signals.columns import FeatureColumn


@dataclass
class FeatureCounts:
    """What has come in one feature; ``last_seen`` orders features for eviction.

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
