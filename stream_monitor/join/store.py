"""Everything that the joiner keeps, by id, bounded in time and number."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from stream_monitor.core.timestamps import format_timestamp
from stream_monitor.join.entry import Entry
from stream_monitor.join.epochs import PartitionEpochs
from stream_monitor.join.ledger import Ledger
from stream_monitor.join.queues import Fifo, Item
from stream_monitor.state.key_value_store import KeyValueStore

logger = logging.getLogger(__name__)

_ID = b"i"
#: Seconds that a single event may move the clock on: a producer whose own clock is wrong must not expire all that
#: waits.
LEAP = 86_400.0


class Store:
    """Entries over a table, and queues that know which is the oldest.

    ``clock`` is the latest event time seen. What waits longer than its time-to-live, or is the oldest above its
    bound, is dropped and counted in ``book``: at most ``AT_ONCE`` of each kind an event, so that no event takes long
    after a time in which nothing came. What is overdue and not dropped yet still finds its label.
    """

    AT_ONCE = 64

    def __init__(
        self, table: KeyValueStore, book: Ledger, *, max_waiting: int, ttl: float, early_ttl: float, max_labelled: int
    ) -> None:
        self._table, self._book = table, book
        self._max_waiting, self._max_labelled = max_waiting, max_labelled
        self._ttl, self._early_ttl = ttl, early_ttl
        self._shortest_ttl = min(ttl, early_ttl)
        self.clock = -math.inf
        self._first = math.inf  # the first time that was known
        self._next_expiry = math.inf
        self._leap: float | None = None
        self.homes = PartitionEpochs()
        self.arrivals = Fifo(table, b"w")
        self.early = Fifo(table, b"l")
        self.labelled = Fifo(table, b"d")

    def prefetch(self, identities: Iterable[str]) -> None:
        """These ids are asked for next."""
        self._table.prefetch([_ID + identity.encode() for identity in identities])

    def raw(self, identity: str) -> bytes | None:
        """An entry as it was written."""
        return self._table.get(_ID + identity.encode())

    def decode(self, raw: bytes | None) -> Entry:
        """An entry, without what is void."""
        return Entry.decode(raw, self.homes.alive)

    def put_raw(self, identity: str, raw: bytes) -> None:
        """Write an entry that is encoded already."""
        self._table.put(_ID + identity.encode(), raw)

    def put(self, identity: str, entry: Entry) -> None:
        """Write an entry, or forget the id when nothing is known of it any more."""
        encoded = entry.encode()
        if encoded is None:
            self._table.delete(_ID + identity.encode())
        else:
            self.put_raw(identity, encoded)

    @property
    def now(self) -> float:
        """The clock as something that begins to wait notes it: inf before any time is known."""
        return self.clock if self.clock > -math.inf else math.inf

    def advance(self, ts: float) -> None:
        """Move the clock on to a later time; one that is far ahead needs a second event that says so."""
        if self.clock == -math.inf:
            self._first = ts
        elif ts > self.clock + LEAP:
            before, self._leap = self._leap, ts
            if before is None:
                return
            ts = min(before, ts)
            message = "event time leaps by %.1f days, to %s: two events in a row say so"
            logger.warning(message, (ts - self.clock) / LEAP, format_timestamp(ts))
        else:
            self._leap = None
        self.clock = ts

    def stay(self) -> None:
        """An event does not move the clock: what was far ahead before it, was alone."""
        self._leap = None

    def keep_bounds(self, since: float) -> None:
        """Something more may be kept since then: know when it is due, and drop the oldest above the bounds."""
        due = self._begun(since) + self._shortest_ttl
        if due < self._next_expiry:
            self._next_expiry = due
        total = self.homes.total
        if total.waiting > self._max_waiting:
            self._drop(self.arrivals, self._expire_prediction, lambda: total.waiting > self._max_waiting)
        if total.early > self._max_waiting:
            self._drop(self.early, self._expire_label, lambda: total.early > self._max_waiting)
        if total.labelled > self._max_labelled:
            self._drop(self.labelled, self._forget, lambda: total.labelled > self._max_labelled)

    def state(self) -> dict[str, Any]:
        """All but what is in the table, which is brought up to date."""
        queues = (self.arrivals, self.early, self.labelled)
        for queue in queues:
            queue.save()
        times = (self.clock, self._first)
        return {
            "times": [time if math.isfinite(time) else None for time in times],
            "leap": self._leap,
            "queues": [queue.state() for queue in queues],
            "homes": self.homes.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state, over the table that belongs to it."""
        clock, first = state["times"]
        self.clock = -math.inf if clock is None else clock
        self._first = math.inf if first is None else first
        self._next_expiry = -math.inf  # the times-to-live may be others now
        for queue, saved in zip((self.arrivals, self.early, self.labelled), state["queues"], strict=True):
            queue.restore(saved)
        self._leap = state["leap"]
        self.homes.restore(state["homes"])

    def _begun(self, since: float) -> float:
        """When something began to wait; what came before any time was known, at the first that was."""
        return self._first if since == math.inf else since

    @property
    def is_behind(self) -> bool:
        """Whether more has waited too long than an event may drop."""
        return self._next_expiry < self.clock

    def expire(self, most: int) -> None:
        """Drop what has waited too long, at most so much of each kind."""
        self._next_expiry = min(
            self._sweep(self.arrivals, self._ttl, self._expire_prediction, most),
            self._sweep(self.early, self._early_ttl, self._expire_label, most),
            self._sweep(self.labelled, self._ttl, self._forget, most),
        )

    def _sweep(self, queue: Fifo, ttl: float, drop: Callable[[Item], None], most: int) -> float:
        """Take the oldest out of a queue while they are due; when the next one is, -inf when there may be more."""
        for _ in range(most):
            oldest = queue.oldest()
            if oldest is None:
                return math.inf
            due = self._begun(oldest.since) + ttl
            if not due < self.clock:
                return due
            self._drop_oldest(queue, drop, oldest)
        return -math.inf

    def _drop(self, queue: Fifo, drop: Callable[[Item], None], is_over: Callable[[], bool]) -> None:
        """Take the oldest out of a queue as long as too much is kept."""
        for _ in range(self.AT_ONCE):
            oldest = queue.oldest()
            if oldest is None or not is_over():
                return
            self._drop_oldest(queue, drop, oldest)

    def _drop_oldest(self, queue: Fifo, drop: Callable[[Item], None], oldest: Item) -> None:
        if oldest.number % queue.CHUNK == 0:
            self.prefetch(queue.ahead())
        drop(oldest)
        queue.advance()

    def _expire_prediction(self, oldest: Item) -> None:
        entry = self.decode(self.raw(oldest.identity))
        gone = next((waiting for waiting in entry.waiting if waiting.number == oldest.number), None)
        if gone:
            entry.waiting.remove(gone)
            self.homes.add("waiting", gone.home, -1)
            self._book.expired_predictions += 1
        if gone or entry.is_empty:
            self.put(oldest.identity, entry)

    def _expire_label(self, oldest: Item) -> None:
        entry = self.decode(self.raw(oldest.identity))
        gone = next((early for early in entry.early if early.number == oldest.number), None)
        if gone:
            entry.early.remove(gone)
            self.homes.add("early", gone.home, -1)
            self._book.expired_labels += 1
        if gone or entry.is_empty:
            self.put(oldest.identity, entry)

    def _forget(self, oldest: Item) -> None:
        raw = self.raw(oldest.identity)
        waiting, early, done = orjson.loads(raw) if raw else ((), (), None)
        if done and done[0] == oldest.number and done[1] in self.homes.alive:
            self.homes.add("labelled", done[1], -1)
        if waiting or early:
            entry = self.decode(raw)
            if entry.done and entry.done.number == oldest.number:
                entry.done = None
            self.put(oldest.identity, entry)
        elif done and done[0] == oldest.number:
            # The most frequent case: nothing else is known of the id.
            self._table.delete(_ID + oldest.identity.encode())
