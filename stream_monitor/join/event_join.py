"""The join of one event: the definition of what the join of a batch gives."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from stream_monitor.core.events import Label, Prediction
from stream_monitor.core.records import TopicPartition
from stream_monitor.join.due import DueWork
from stream_monitor.join.expiry import Expiry
from stream_monitor.join.ledger import Ledger
from stream_monitor.join.matching import JoinTables, Matcher
from stream_monitor.join.restoring import RestoringMatcher

_NO_PARTITION = ("", 0)


class EventJoin:
    """Takes events one at a time.

    Attributes:
        restoring: Partitions that are being restored; their outcomes that fall due are not emitted.
    """

    def __init__(self, due: DueWork, expiry: Expiry, tables: JoinTables, ledger: Ledger, *, revises: bool) -> None:
        self._due, self._expiry, self._entries, self._epochs = due, expiry, tables.entries, tables.epochs
        self._live = Matcher(tables, ledger, tables.outcomes.add, revises=revises)
        self._restored = RestoringMatcher(tables, ledger, revises=revises)
        self.restoring: Collection[TopicPartition] = ()

    def prefetch(self, identities: Iterable[str]) -> None:
        """Read ahead what is known of the ids of the next events."""
        self._entries.prefetch(identities)

    def predict(
        self, prediction: Prediction, index: int, partition: TopicPartition = _NO_PARTITION, restored: bool = False
    ) -> bool:
        """Take a prediction.

        Args:
            prediction: The prediction.
            index: Its position in the stream of predictions.
            partition: The partition that it came from.
            restored: Whether it is read again only for what waits: then nothing is counted but ``Ledger.restored``,
                and no outcome of it is emitted that is mature already.

        Returns:
            False for a duplicate.
        """
        arrival = self._due.advance(prediction.ts, self.restoring)
        matcher = self._restored if restored else self._live
        is_new = matcher.predict(prediction, index, arrival, self._epochs.current(partition))
        self._expiry.enforce_bounds(arrival)
        return is_new

    def label(self, label: Label, partition: TopicPartition = _NO_PARTITION, restored: bool = False) -> bool:
        """Take a label; return False for a duplicate. The arguments are those of `predict`."""
        arrival = self._due.advance(label.ts, self.restoring)
        matcher = self._restored if restored else self._live
        is_new = matcher.label(label, arrival, self._epochs.current(partition))
        self._expiry.enforce_bounds(arrival)
        return is_new
