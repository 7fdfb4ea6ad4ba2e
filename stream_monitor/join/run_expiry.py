"""Expiry within a run of events, by time-to-live and above the bounds."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Ints
from stream_monitor.join.expiry import Expiry, Limits
from stream_monitor.join.fifo import Upcoming
from stream_monitor.join.ledger import Ledger
from stream_monitor.join.matching import JoinTables
from stream_monitor.join.rows import ENTRY, FREE, LABELLED, WAITING
from stream_monitor.join.run import Run
from stream_monitor.join.stream_time import StreamTime

_Kind = Literal["waiting", "labelled"]
_STATES = {"waiting": WAITING, "labelled": LABELLED}


class Heads(NamedTuple):
    """The m oldest ids of a queue that are dropped, or may be, within a run of n events.

    Attributes:
        first: The number of the oldest in its queue; the others follow.
        rows: Their rows, negative where there is none, shape (m,).
        is_kept: True where the row holds what stands in the queue, in an epoch that is not revoked, shape (m,).
        dropped: How many of them are dropped before and by each event, more than m where that is not known; rising,
            shape (n,).
    """

    first: int
    rows: Ints
    is_kept: Bools
    dropped: Ints

    @classmethod
    def none(cls, count: int) -> Heads:
        """Return the heads of a queue of which a run of so many events drops nothing."""
        return cls(0, np.empty(0, np.int64), np.empty(0, bool), np.zeros(count, np.int64))

    def until_unknown(self, limit: int) -> int:
        """Return the number of events before the first that drops something unknown, or more than ``limit``."""
        if not self.dropped[-1]:
            return len(self.dropped)
        is_unknown = self.dropped > len(self.rows)
        is_unknown |= np.diff(self.dropped, prepend=0) > limit
        return int(np.argmax(is_unknown)) if is_unknown.any() else len(self.dropped)

    def until_met(self, positions: Ints, numbers: Ints) -> int:
        """Return the number of events before one that meets what has been dropped, or drops what has been met.

        Args:
            positions: The positions in the run of the events that meet something in the queue.
            numbers: The numbers of that in the queue.
        """
        if not self.dropped[-1]:
            return len(self.dropped)
        dropped_by = np.searchsorted(self.dropped, numbers - self.first, "right")
        return int(np.maximum(positions, dropped_by).min(initial=len(self.dropped)))


class Drops(NamedTuple):
    """The heads of both queues for a run: the oldest waiting predictions and labelled ids."""

    waiting: Heads
    labelled: Heads


class RunExpiry:
    """Drops what expires within a run; the result is that of `Expiry` at each of its events.

    It drops before the run: a run ends where that would make a difference.
    """

    #: Ids that are looked up at once, at least, where some that were looked up are not kept any more.
    MIN_LOOK_UP = 64

    def __init__(self, tables: JoinTables, time: StreamTime, expiry: Expiry, ledger: Ledger, limits: Limits) -> None:
        self._entries, self._queues, _, self._epochs, _ = tables
        self._time, self._expiry, self._ledger, self._limits = time, expiry, ledger, limits

    def drops(self, run: Run, rows: Ints) -> tuple[Drops, int]:
        """Return what a run drops, and the number of events before the first that it can't be told for.

        Args:
            run: The run, which is not empty.
            rows: The rows of the predictions that its labels are for, negative for predictions of the run itself.
        """
        total, limits, limit = self._epochs.total, self._limits, self._expiry.MAX_PER_EVENT
        if self._drops_nothing(run):
            nothing = Heads.none(len(run))
            return Drops(nothing, nothing), self._until_others(run)
        met: Ints = np.cumsum(run.is_met)
        predicted: Ints = np.cumsum(~run.is_label)
        waiting = self._heads("waiting", run, predicted - met + (total.waiting - limits.max_waiting))
        labelled = self._heads("labelled", run, met + (total.labelled - limits.max_labelled))
        is_older = rows >= 0
        numbers = self._entries.rows["number"][rows[is_older]]
        count = min(
            self._until_others(run),
            waiting.until_unknown(limit),
            labelled.until_unknown(limit),
            waiting.until_met(run.labels[is_older], numbers),
        )
        return Drops(waiting, labelled), count

    def drop(self, run: Run, drops: Drops) -> None:
        """Drop what a run drops."""
        last = len(run) - 1
        self._ledger.expired_predictions += self._drop("waiting", drops.waiting, int(drops.waiting.dropped[last]))
        self._drop("labelled", drops.labelled, int(drops.labelled.dropped[last]))

    def arrive(self, run: Run) -> None:
        """Take note that the events of a run have arrived, and are in the queues."""
        self._expiry.arrive(float(run.arrivals[0]))
        if self._expiry.next_due < run.now[-1]:
            self._expiry.look_ahead()

    def _drops_nothing(self, run: Run) -> bool:
        """Return True when no bound can be exceeded within a run, and nothing is past its time-to-live."""
        total, limits, count = self._epochs.total, self._limits, len(run)
        return (
            self._expiry.next_due >= run.now[-1]
            and total.waiting + count <= limits.max_waiting
            and total.labelled + count <= limits.max_labelled
        )

    def _until_others(self, run: Run) -> int:
        """Return the number of events before an early label is dropped, or anything that arrived within the run."""
        if self._epochs.total.early > self._limits.max_waiting:
            return 0
        due = min(self._expiry.early_due, float(run.arrivals[0]) + self._limits.ttl)
        return int(np.searchsorted(run.now, due, "right"))

    def _heads(self, kind: _Kind, run: Run, excess: Ints) -> Heads:
        """Return the heads of a queue.

        Args:
            kind: The kind of what the queue holds.
            run: The run.
            excess: By how much the bound would be exceeded after each event if nothing were dropped, shape (n,).
        """
        most = int(excess.max())
        if most <= 0 and self._expiry.next_due >= run.now[-1]:
            return Heads.none(len(run))
        ahead: Upcoming = getattr(self._queues, kind).upcoming()
        due = np.searchsorted(self._time.all_arrived(ahead.arrivals) + self._limits.ttl, run.now)
        due[due == len(ahead.ids)] += bool(ahead.ids)  # What follows them may be due as well.
        rows, is_kept = self._oldest(kind, ahead, int(due[-1]), most)
        exceeding = np.where(excess > 0, np.searchsorted(np.cumsum(is_kept), excess) + 1, 0)
        return Heads(ahead.first, rows, is_kept, np.maximum.accumulate(np.maximum(due, exceeding)))

    def _oldest(self, kind: _Kind, ahead: Upcoming, count: int, kept: int) -> tuple[Ints, Bools]:
        """Look up so many ids, and more until so many are kept, but none from the first on that has an entry."""
        rows, is_kept = self._look_up(kind, ahead, 0, max(count, kept))
        while len(rows) < len(ahead.ids) and (missing := kept - int(np.count_nonzero(is_kept))) > 0:
            stop = len(rows) + max(missing, self.MIN_LOOK_UP)
            more = self._look_up(kind, ahead, len(rows), stop)
            rows, is_kept = np.concatenate((rows, more[0])), np.concatenate((is_kept, more[1]))
        is_entry = (rows >= 0) & (self._entries.rows["state"][rows] == ENTRY)
        stop = int(np.argmax(is_entry)) if is_entry.any() else len(rows)
        return rows[:stop], is_kept[:stop]

    def _look_up(self, kind: _Kind, ahead: Upcoming, start: int, stop: int) -> tuple[Ints, Bools]:
        """Return the rows of some ids in a queue, and whether they hold what stands there."""
        columns, rows = self._entries.rows, self._entries.find(ahead.ids[start:stop])
        numbers = np.arange(ahead.first + start, ahead.first + start + len(rows))
        is_kept = (rows >= 0) & (columns["state"][rows] == _STATES[kind]) & (columns["number"][rows] == numbers)
        return rows, is_kept & self._epochs.are_alive(columns["epoch"][rows])

    def _drop(self, kind: _Kind, heads: Heads, count: int) -> int:
        """Drop so many heads of a queue; return how many of them were kept."""
        if not count:
            return 0
        columns, rows = self._entries.rows, heads.rows[:count]
        kept, others = rows[heads.is_kept[:count]], rows[rows >= 0]
        is_void = (columns["state"][others] != FREE) & ~self._epochs.are_alive(columns["epoch"][others])
        self._epochs.add_each(kind, columns["epoch"][kept], -1)
        self._entries.delete_rows(np.concatenate((kept, np.unique(others[is_void]))))
        getattr(self._queues, kind).advance(count)
        return len(kept)
