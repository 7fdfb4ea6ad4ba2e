"""The joiner: pairs labels with predictions by id, whichever comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from stream_monitor.core.event_batch import EventBatch
from stream_monitor.core.events import Outcome
from stream_monitor.core.records import TopicPartition
from stream_monitor.join.arrival_queues import ArrivalQueues
from stream_monitor.join.batch_join import BatchJoin, Joined
from stream_monitor.join.due import DueWork
from stream_monitor.join.entry_store import EntryStore
from stream_monitor.join.event_join import EventJoin
from stream_monitor.join.expiry import Expiry, Limits
from stream_monitor.join.horizon import Horizon
from stream_monitor.join.ledger import Ledger
from stream_monitor.join.matching import JoinTables
from stream_monitor.join.maturity_buffer import MaturityBuffer
from stream_monitor.join.origins import Origins
from stream_monitor.join.outcomes import Outcomes
from stream_monitor.join.partition_epochs import PartitionEpochs
from stream_monitor.join.run_expiry import RunExpiry
from stream_monitor.join.run_matching import RunMatcher
from stream_monitor.join.run_outcomes import RunOutcomes
from stream_monitor.join.stream_time import StreamTime
from stream_monitor.join.waiting import WaitingEvents
from stream_monitor.state.key_value_store import KeyValueStore, MemoryStore


class Joiner:
    """Pairs labels with predictions by id.

    One id predicted by several model versions gives an outcome for each of them. The ids of the newest labelled
    predictions are remembered, so that duplicates are recognised.

    Args:
        store: Keeps everything that waits; by default it is in memory.
        max_waiting: Waiting predictions, and early labels, of each at most this many; above it the oldest expires.
        ttl: Seconds of stream time that a prediction waits, and that a labelled id is remembered.
        early_ttl: Seconds of stream time that a label waits for its prediction; by default ``ttl``.
        maturity: Age in seconds of a prediction at which its outcome is emitted; outcomes are emitted in the order of
            their predictions' times.
        label_updates: Which label holds when a second one has another target. The last can revise an outcome only
            until it is emitted.
        max_labelled: Labelled ids that are remembered at most.
        max_memory: Bytes that what waits may take in memory, about, if the store holds more than fits in memory.

    Attributes:
        ledger: Counts of predictions and labels by their end.
        events: Takes events one at a time, as `join` takes those of a batch.
    """

    def __init__(
        self,
        store: KeyValueStore | None = None,
        *,
        max_waiting: int = 1_000_000,
        ttl: float = 30 * 86_400.0,
        early_ttl: float | None = None,
        maturity: float = 0.0,
        label_updates: Literal["first", "last"] = "first",
        max_labelled: int = 1_000_000,
        max_memory: int = 96 << 20,
    ) -> None:
        store = MemoryStore() if store is None else store
        self.ledger = Ledger()
        self._time, self._epochs, self._queues = StreamTime(), PartitionEpochs(), ArrivalQueues(store)
        self._entries = EntryStore(store, self._epochs.alive, max_memory)
        limits = Limits(max_waiting, max_labelled, ttl, ttl if early_ttl is None else early_ttl)
        self._expiry = Expiry(self._entries, self._queues, self._epochs, self._time, self.ledger, limits)
        buffer = MaturityBuffer(store, maturity)
        self._outcomes = Outcomes(buffer, self._epochs, self._time, self.ledger)
        self._due = DueWork(self._time, self._expiry, self._outcomes)
        waiting = WaitingEvents(self._queues, self._epochs)
        tables = JoinTables(self._entries, self._queues, waiting, self._epochs, self._outcomes)
        self.events = EventJoin(self._due, self._expiry, tables, self.ledger, revises=label_updates == "last")
        outcomes = RunOutcomes(self._outcomes, buffer, self._epochs, self.ledger, Expiry.MAX_PER_EVENT)
        expiry = RunExpiry(tables, self._time, self._expiry, self.ledger, limits)
        horizon = Horizon(self._entries, self._time, expiry, outcomes)
        runs = RunMatcher(tables, outcomes, self._time, expiry, self.ledger)
        self._batches = BatchJoin(self.events, horizon, runs, tables)

    @property
    def waiting_predictions(self) -> int:
        """Predictions that wait for their label."""
        return self._epochs.total.waiting

    @property
    def waiting_labels(self) -> int:
        """Labels that came before their prediction."""
        return self._epochs.total.early

    @property
    def waiting_outcomes(self) -> int:
        """Outcomes in the maturity buffer."""
        return self._epochs.total.buffered

    @property
    def waiting(self) -> int:
        """Predictions, labels and outcomes that wait."""
        return self._epochs.total.unfinished

    @property
    def unsaved(self) -> int:
        """Changes of what waits that `state` has not written to the store yet."""
        return self._entries.rows.changed

    @property
    def stream_time(self) -> float:
        """The latest event time, in seconds since the Unix epoch; -inf before any."""
        return self._time.now

    def join(self, events: EventBatch, origins: Origins, first: int) -> Joined:
        """Take the events of a batch, in order; the result is that of ``events``, which takes each of them by itself.

        Args:
            events: The events.
            origins: The origins of the records that they were decoded from.
            first: Position of the first new prediction in the stream of predictions.
        """
        return self._batches.join(events, origins, first)

    @property
    def is_behind(self) -> bool:
        """True while more is due than events have triggered so far."""
        return self._due.is_behind

    def catch_up(self, limit: int) -> None:
        """Do what is due without an event, at most so much of each kind."""
        self._due.catch_up(limit, self.events.restoring)

    def take_outcomes(self) -> list[Outcome]:
        """Return the outcomes that were emitted since the last call, in order."""
        return self._outcomes.take()

    def revoke(self, partitions: Sequence[TopicPartition]) -> None:
        """Revoke partitions: everything kept of them is void, as another replica goes on with it."""
        for partition in partitions:
            self.ledger.revoked += self._epochs.revoke(partition).unfinished

    def state(self) -> dict[str, Any]:
        """Return everything that is not in the store, and bring the store up to date. Take the outcomes before."""
        self._entries.save()
        return {
            "time": self._time.state(),
            "epochs": self._epochs.state(),
            "queues": self._queues.state(),
            "ledger": self.ledger.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state, over the store that belongs to it."""
        self._time.restore(state["time"])
        self._epochs.restore(state["epochs"])
        self._queues.restore(state["queues"])
        self.ledger.restore(state["ledger"])
        self._entries.resume()
        self._expiry.resume()
        self._outcomes.resume()
