"""Counts of the values of one feature, and its type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stream_monitor.core.events import FeatureType
from stream_monitor.signals.columns import FeatureColumn


@dataclass
class FeatureCounts:
    """Counts of the values of one feature.

    Attributes:
        numeric, text, missing, other: Values of each kind: finite numbers; strings; null, absent or not finite;
            anything else.
        last_seen: Position of the newest prediction that carried the feature; the oldest is evicted first.
        type: The type, None until it is inferred from the first values.
        is_given: Whether the settings or the profile gave the type.
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
        """Values that are not of the feature's type; 0 until that is known."""
        if self.type is None:
            return 0
        wrong = self.text if self.type == "numeric" else 0 if self.is_given else self.numeric
        return wrong + self.other

    def infer(self, column: FeatureColumn, count: int) -> bool:
        """Infer the type that most of the first ``count`` values have; return whether there are as many by now."""
        numeric, text = self.numeric, self.text
        is_text = [type(value) is str for value in column.raw] if column.raw else [False] * len(column.values)
        for is_string, is_number in zip(is_text, np.isfinite(column.values).tolist(), strict=True):
            text += is_string
            numeric += is_number
            if numeric + text >= max(count, 1):
                self.type = "numeric" if numeric >= text else "categorical"
                return True
        return False

    def is_enough(self, count: int, more: int) -> bool:
        """Return whether the type of ``count`` first values can be inferred with so many more numbers."""
        return self.numeric + self.text + more >= max(count, 1)

    def add(self, column: FeatureColumn) -> None:
        """Count the values of a batch."""
        missing = int(column.missing.sum())
        self.text += column.text
        self.other += column.other
        self.missing += missing
        self.numeric += len(column.values) - missing - column.text - column.other
