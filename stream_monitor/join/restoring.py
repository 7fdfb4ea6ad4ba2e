"""Restoring of partitions: their events are read again for what waits in them, and for nothing else."""

from __future__ import annotations

from stream_monitor.core.events import Label, Prediction
from stream_monitor.join.ledger import Ledger
from stream_monitor.join.matching import JoinTables, Matcher
from stream_monitor.join.partition_epochs import Kept


class RestoringMatcher:
    """Matches events that are restored: the previous owner of their partition has counted and emitted them.

    Their ends are counted in a ledger of their own, which is not reported, and their mature outcomes are not emitted.
    The reported ledger counts as ``restored`` by how much more waits.
    """

    def __init__(self, tables: JoinTables, ledger: Ledger, *, revises: bool) -> None:
        self._matcher = Matcher(tables, Ledger(), tables.outcomes.add_restored, revises=revises)
        self._ledger = ledger
        self._kept: Kept = tables.epochs.total

    def predict(self, prediction: Prediction, index: int, arrival: float, epoch: int) -> bool:
        """Take a prediction; return False for a duplicate."""
        before = self._kept.unfinished
        is_new = self._matcher.predict(prediction, index, arrival, epoch)
        self._ledger.restored += self._kept.unfinished - before
        return is_new

    def label(self, label: Label, arrival: float, epoch: int) -> bool:
        """Take a label; return False for a duplicate."""
        before = self._kept.unfinished
        is_new = self._matcher.label(label, arrival, epoch)
        self._ledger.restored += self._kept.unfinished - before
        return is_new
