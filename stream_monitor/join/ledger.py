"""The ledger: counts of what became of every record that was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Ledger:
    """Counts of predictions and labels by their end; rejected records and those that wait are counted elsewhere.

    Attributes:
        applied_predictions: Predictions whose outcome was emitted.
        applied_labels: Labels that met a prediction.
        duplicate_predictions: Predictions of a version of an id that waits or is remembered.
        duplicate_labels: Labels that repeat one that waits or is remembered.
        revised_labels: Duplicate labels with another target than the label before.
        expired_predictions: Predictions dropped for their age or their number.
        expired_labels: Labels dropped for their age or their number.
        revoked: Predictions, labels and outcomes that waited when their partition was revoked.
        restored: By how many more predictions, labels and outcomes wait through records that were read again.
    """

    applied_predictions: int = 0
    applied_labels: int = 0
    duplicate_predictions: int = 0
    duplicate_labels: int = 0
    revised_labels: int = 0
    expired_predictions: int = 0
    expired_labels: int = 0
    revoked: int = 0
    restored: int = 0

    def unaccounted(self, records: int, rejected: int, waiting: int) -> int:
        """Return the count of records whose end is not known; any other number than 0 is a bug.

        >>> Ledger(applied_predictions=2, applied_labels=2).unaccounted(records=6, rejected=1, waiting=1)
        0
        """
        applied = self.applied_predictions + self.applied_labels
        duplicate = self.duplicate_predictions + self.duplicate_labels
        expired = self.expired_predictions + self.expired_labels
        ended = applied + rejected + duplicate + waiting + expired + self.revoked
        return records + self.restored - ended

    def state(self) -> dict[str, Any]:
        """Return the counts for the checkpoint."""
        return asdict(self)

    def restore(self, state: Mapping[str, int]) -> None:
        """Restore the counts."""
        for name, count in state.items():
            setattr(self, name, count)
