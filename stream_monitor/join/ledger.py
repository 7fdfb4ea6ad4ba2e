"""The ledger: counts of what became of every record that was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Ledger:
    """Counts of records by their end, besides those that were rejected and those that still wait.

    ``applied_predictions`` have given an outcome to their model's monitor, ``applied_labels`` have met a prediction.
    ``revised_labels`` are among the duplicates: they say something else than the label before. ``revoked`` and
    ``restored`` are what waited when a partition went to another member, and what was read again when one came.
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
        """Records that are nowhere: 0, or something is wrong.

        >>> Ledger(applied_predictions=2, applied_labels=2).unaccounted(records=6, rejected=1, waiting=1)
        0
        """
        applied = self.applied_predictions + self.applied_labels
        duplicate = self.duplicate_predictions + self.duplicate_labels
        expired = self.expired_predictions + self.expired_labels
        ended = applied + rejected + duplicate + waiting + expired + self.revoked
        return records + self.restored - ended

    def state(self) -> dict[str, Any]:
        return asdict(self)

    def restore(self, state: Mapping[str, int]) -> None:
        for name, count in state.items():
            setattr(self, name, count)
