"""Expiry of what waits too long, and of the oldest above a bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from stream_monitor.join.arrival_queues import ArrivalQueues
from stream_monitor.join.entry import Early, Entry, Waiting
from stream_monitor.join.entry_store import EntryStore
from stream_monitor.join.fifo import Fifo, Item
from stream_monitor.join.ledger import Ledger
from stream_monitor.join.partition_epochs import PartitionEpochs
from stream_monitor.join.stream_time import StreamTime

_Kept = TypeVar("_Kept", Waiting, Early)


@dataclass(frozen=True)
class Limits:
    """Bounds in time and number.

    Attributes:
        max_waiting: Waiting predictions, and early labels, of each at most this many.
        max_labelled: Labelled ids that are remembered.
        ttl: Seconds that a prediction waits and a labelled id is remembered.
        early_ttl: Seconds that an early label waits.
    """

    max_waiting: int
    max_labelled: int
    ttl: float
    early_ttl: float


class Expiry:
    """Drops what is past its time-to-live in stream time, and the oldest above a bound; counts it in the ledger.

    At most ``MAX_PER_EVENT`` of each kind are dropped for one event, so that none takes long after a quiet time. What
    is overdue and not dropped yet still meets its label. ``next_due`` is the stream time up to which nothing is past
    its time-to-live.
    """

    MAX_PER_EVENT = 64

    def __init__(
        self,
        entries: EntryStore,
        queues: ArrivalQueues,
        epochs: PartitionEpochs,
        time: StreamTime,
        ledger: Ledger,
        limits: Limits,
    ) -> None:
        self._entries, self._queues, self._epochs = entries, queues, epochs
        self._time, self._ledger, self._limits = time, ledger, limits
        self._shortest_ttl = min(limits.ttl, limits.early_ttl)
        self.next_due = math.inf

    def arrive(self, arrival: float) -> None:
        """Take note that an event arrived at this stream time."""
        due = arrival + self._shortest_ttl
        if due < self.next_due:
            self.next_due = due

    def enforce_bounds(self, arrival: float) -> None:
        """Take note that an event arrived at this stream time; drop the oldest above each bound."""
        self.arrive(arrival)
        total, limits, queues = self._epochs.total, self._limits, self._queues
        if total.waiting > limits.max_waiting:
            self._drop(queues.waiting, self._expire_prediction, lambda: total.waiting > limits.max_waiting)
        if total.early > limits.max_waiting:
            self._drop(queues.early, self._expire_label, lambda: total.early > limits.max_waiting)
        if total.labelled > limits.max_labelled:
            self._drop(queues.labelled, self._forget, lambda: total.labelled > limits.max_labelled)

    def expire(self, limit: int) -> None:
        """Drop what is past its time-to-live, at most so many of each kind."""
        self.next_due = min(
            self._sweep(self._queues.waiting, self._limits.ttl, self._expire_prediction, limit),
            self._sweep(self._queues.early, self._limits.early_ttl, self._expire_label, limit),
            self._sweep(self._queues.labelled, self._limits.ttl, self._forget, limit),
        )

    def look_ahead(self) -> None:
        """Find out when the first of what is kept is past its time-to-live."""
        self.next_due = min(
            self._due(self._queues.waiting.oldest(), self._limits.ttl),
            self.early_due,
            self._due(self._queues.labelled.oldest(), self._limits.ttl),
        )

    @property
    def early_due(self) -> float:
        """The stream time up to which no early label is past its time-to-live."""
        return self._due(self._queues.early.oldest(), self._limits.early_ttl)

    def resume(self) -> None:
        """Look at every queue at the next event: after a restart the times-to-live may differ."""
        self.next_due = -math.inf

    def _sweep(self, queue: Fifo, ttl: float, drop: Callable[[Item], None], limit: int) -> float:
        """Drop the head of a queue while it is due; return when the next one is, -inf when more may be due."""
        for _ in range(limit):
            oldest = queue.oldest()
            due = self._due(oldest, ttl)
            if oldest is None or not due < self._time.now:
                return due
            self._drop_oldest(queue, drop, oldest)
        return -math.inf

    def _due(self, oldest: Item | None, ttl: float) -> float:
        """Return the stream time up to which the head of a queue is not past its time-to-live, inf for none."""
        return math.inf if oldest is None else self._time.arrived(oldest.arrival) + ttl

    def _drop(self, queue: Fifo, drop: Callable[[Item], None], is_exceeded: Callable[[], bool]) -> None:
        """Drop the head of a queue while its bound is exceeded."""
        for _ in range(self.MAX_PER_EVENT):
            oldest = queue.oldest()
            if oldest is None or not is_exceeded():
                return
            self._drop_oldest(queue, drop, oldest)

    def _drop_oldest(self, queue: Fifo, drop: Callable[[Item], None], oldest: Item) -> None:
        if oldest.number % queue.CHUNK_SIZE == 0:
            self._entries.prefetch(queue.upcoming().ids)
        drop(oldest)
        queue.advance()

    def _expire_prediction(self, oldest: Item) -> None:
        entry = self._entries.read(oldest.identity)
        expired = self._expire(oldest, entry, "waiting", entry.waiting)
        self._ledger.expired_predictions += expired

    def _expire_label(self, oldest: Item) -> None:
        entry = self._entries.read(oldest.identity)
        expired = self._expire(oldest, entry, "early", entry.early)
        self._ledger.expired_labels += expired

    def _expire(self, oldest: Item, entry: Entry, kind: Literal["waiting", "early"], kept: list[_Kept]) -> bool:
        """Remove what stands under an item's number in one of the lists of its entry; return whether it was there."""
        at = next((at for at, each in enumerate(kept) if each.number == oldest.number), None)
        if at is not None:
            self._epochs.add(kind, kept.pop(at).epoch, -1)
        if at is not None or entry.is_empty:
            self._entries.write(oldest.identity, entry)
        return at is not None

    def _forget(self, oldest: Item) -> None:
        """Forget the labelled versions of an id."""
        header = self._entries.labelled_header(oldest.identity)
        is_meant = header is not None and header.number == oldest.number
        if header and is_meant and header.epoch in self._epochs.alive:
            self._epochs.add("labelled", header.epoch, -1)
        if header and is_meant and header.is_alone:
            self._entries.delete(oldest.identity)
            return
        entry = self._entries.read(oldest.identity)
        if is_meant:
            entry.done = None
        if is_meant or entry.is_empty:
            self._entries.write(oldest.identity, entry)
