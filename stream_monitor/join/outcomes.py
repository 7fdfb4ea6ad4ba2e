"""Outcomes: emitted at once, or when they are mature."""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import islice

from stream_monitor.core.events import Outcome, Target
from stream_monitor.core.records import TopicPartition
from stream_monitor.join.entry import Labelled
from stream_monitor.join.ledger import Ledger
from stream_monitor.join.maturity_buffer import MaturityBuffer
from stream_monitor.join.partition_epochs import PartitionEpochs
from stream_monitor.join.stream_time import StreamTime


class Outcomes:
    """Emits outcomes in the order of their predictions' times, those that are not mature by way of the buffer.

    ``next_due`` is the stream time before which no outcome in the buffer is mature.
    """

    def __init__(self, buffer: MaturityBuffer, epochs: PartitionEpochs, time: StreamTime, ledger: Ledger) -> None:
        self._buffer, self._epochs, self._time, self._ledger = buffer, epochs, time, ledger
        self.next_due = math.inf
        self._emitted: list[Outcome] = []

    def add(self, outcome: Outcome, order: int, epoch: int) -> None:
        """Emit an outcome, or buffer it until it is mature or everything due before it is released."""
        if self._can_pass(outcome):
            self._emit(outcome)
        else:
            self._hold(outcome, order, epoch)

    def add_restored(self, outcome: Outcome, order: int, epoch: int) -> None:
        """Buffer an outcome, unless it is mature: then the previous owner of the partition has emitted it."""
        if not self._can_pass(outcome):
            self._hold(outcome, order, epoch)

    def take(self) -> list[Outcome]:
        """Return the outcomes that were emitted since the last call, in order."""
        if not self._emitted:
            return []
        emitted, self._emitted = self._emitted, []
        return emitted

    def release(self, limit: int, restoring: Collection[TopicPartition]) -> None:
        """Emit what is mature in the buffer.

        Args:
            limit: Outcomes to take out of the buffer at most.
            restoring: Partitions whose outcomes are not emitted: their previous owner has emitted these.
        """
        epochs = self._epochs
        silent = {epochs.current(partition) for partition in restoring}
        for _, epoch, outcome in islice(self._buffer.pop_mature(self._time.now), limit):
            if epoch not in epochs.alive:
                continue
            epochs.add("buffered", epoch, -1)
            if epoch in silent:
                self._ledger.restored -= 1
            else:
                self._emit(outcome)
        self.next_due = self._buffer.next_due

    def revise(self, versions: list[Labelled], y_true: Target) -> None:
        """Replace the target in the outcomes of these versions that are still in the buffer."""
        for version in versions:
            self._buffer.revise(version, y_true)

    def resume(self) -> None:
        """Take up the outcomes that are in the store, after a restart."""
        self._buffer.resume()
        self.next_due = -math.inf

    def _can_pass(self, outcome: Outcome) -> bool:
        """Return whether an outcome is mature and nothing in the buffer is due before it."""
        now, ts, maturity = self._time.now, outcome.ts, self._buffer.maturity
        return self.next_due > now and (not maturity or ts is None or ts + maturity <= now)

    def _hold(self, outcome: Outcome, order: int, epoch: int) -> None:
        self._buffer.add(outcome, order, epoch)
        self._epochs.add("buffered", epoch, 1)
        self.next_due = min(self.next_due, self._buffer.next_due)

    def _emit(self, outcome: Outcome) -> None:
        self._emitted.append(outcome)
        self._ledger.applied_predictions += 1
