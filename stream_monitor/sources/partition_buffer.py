"""The buffer of one partition: records that were fetched and can't be given out yet."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.records import Record, TopicPartition
from stream_monitor.sources.base import AppliedOffset

_timestamp, _value = attrgetter("timestamp"), attrgetter("value")
NO_TIMES: Ints = np.empty(0, np.int64)

#: Bytes that a record takes beside its value: itself, and its numbers.
RECORD_BYTES = 400


class Taken(NamedTuple):
    """Records in order, and the offset of each of their partitions once they are applied."""

    records: Sequence[Record]
    offsets: Sequence[AppliedOffset]


class PartitionBuffer:
    """Records of one partition in the order of its log.

    The time of a record is the latest timestamp up to it in its partition, in milliseconds.

    Args:
        tp: The partition.
        offset: Offset of the first record that will be added.
        time: Latest timestamp before that; -1 when none is known.
        restore_end: Offset from which on records are kept back, because the partition is restored up to it; None:
            it is not restored.
    """

    def __init__(self, tp: TopicPartition, offset: int, time: int, restore_end: int | None) -> None:
        self.tp = tp
        #: Offset behind the last record that was taken.
        self.offset = offset
        self.restore_end = restore_end
        self.records: list[Record] = []
        #: Records from the restore end on.
        self._kept_back: list[Record] = []
        #: Times of the first records; the others' are computed when they are needed.
        self._times = NO_TIMES
        self._time = time
        #: Bytes of a buffered record, all taken to be alike.
        self.mean_bytes = 0.0
        #: True while the partition may have records that were not added yet.
        self.has_more = True
        #: True once it has given nothing for too long.
        self.is_silent = False
        #: Seconds for which other partitions have waited for it.
        self.waited = 0.0
        #: Number of its records that are sorted in with others' and not taken yet.
        self.sorted = 0

    @property
    def held(self) -> int:
        """Number of records that were added and not taken."""
        return len(self.records) + self.sorted + len(self._kept_back)

    @property
    def holds_back(self) -> bool:
        """True while records of other partitions may have to wait for its next one."""
        return self.has_more and not self.is_silent

    def add(self, records: Sequence[Record]) -> None:
        """Append the next records of the partition."""
        self._update_mean_bytes(records)
        if self.restore_end is None:
            self.records += records
        else:
            self.records += [record for record in records if record.offset < self.restore_end]
            self._kept_back += [record for record in records if record.offset >= self.restore_end]
        self.waited, self.is_silent = 0.0, False

    def update_position(self, position: int | None, end: int | None) -> None:
        """Take the offset to be added next and the end offset; with either unknown, there may be more."""
        if end is not None and self.restore_end is not None:
            end = min(end, self.restore_end)
        self.has_more = position is None or end is None or position < end
        if not self.has_more:
            self.waited, self.is_silent = 0.0, False

    def is_restored(self, position: int) -> bool:
        """Return True when all before the restore end was taken; ``position`` is the offset to be added next."""
        return self.restore_end is not None and position >= self.restore_end and not (self.records or self.sorted)

    def end_restore(self) -> None:
        """Release the records that were kept back."""
        self.restore_end = None
        self.records, self._kept_back = self.records + self._kept_back, []

    def last_time(self) -> int:
        """Return the time of the last record, or the latest one before it when there is none."""
        if len(self._times) < len(self.records):
            fresh = np.maximum.accumulate(_timestamps(self.records[len(self._times) :]))
            np.maximum(fresh, self._time, out=fresh)
            self._time = int(fresh[-1])
            self._times = np.concatenate((self._times, fresh)) if len(self._times) else fresh
        return self._time

    def count_up_to(self, bound: tuple[int, TopicPartition] | None) -> int:
        """Return how many records come before anything that follows a time and partition; None: all."""
        if bound is None:
            return len(self.records)
        self.last_time()
        return int(self._times.searchsorted(bound[0], "right" if self.tp <= bound[1] else "left"))

    def pop(self, count: int) -> tuple[list[Record], Ints]:
        """Remove the first records; return them with their times."""
        self.last_time()
        records, self.records = self.records[:count], self.records[count:]
        times, self._times = self._times[:count], self._times[count:]
        return records, times

    def take(self, limit: int) -> Taken:
        """Take the first records, where no other partition's come between them."""
        if len(self._times):
            records, times = self.pop(limit)
            time = int(times[-1])
        else:
            records, self.records = self.records[:limit], self.records[limit:]
            time = self._time = max(self._time, _latest(records))
        return Taken(records, [self.advance(records[-1], time)])

    def advance(self, record: Record, time: int) -> AppliedOffset:
        """Move behind a record that is taken; return the partition's offset and time there."""
        self.offset = record.offset + 1
        return AppliedOffset(*self.tp, self.offset, time)

    def _update_mean_bytes(self, records: Sequence[Record]) -> None:
        if records:
            fresh = sum(map(len, filter(None, map(_value, records)))) + RECORD_BYTES * len(records)
            self.mean_bytes = (self.held * self.mean_bytes + fresh) / (self.held + len(records))


def _timestamps(records: Sequence[Record]) -> Ints:
    try:
        return np.fromiter(map(_timestamp, records), np.int64, len(records))
    except TypeError:  # a record of an old format has none
        return np.array([-1 if record.timestamp is None else record.timestamp for record in records], np.int64)


def _latest(records: Sequence[Record]) -> int:
    try:
        return int(max(map(_timestamp, records)))
    except TypeError:
        return int(_timestamps(records).max())
