"""The buffer of one partition: records that were fetched and can't be given out yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import TopicPartition
from stream_monitor.sources.base import AppliedOffset

#: Bytes that a record takes beside its value: the object of the value, and its numbers.
RECORD_BYTES = 100


class Taken(NamedTuple):
    """Records in order, and the offset of each of their partitions once they are applied."""

    records: RecordBatch
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
        #: Number of records that were neither taken nor sorted in with others' nor kept back.
        self.ready = 0
        self._parts: list[RecordBatch] = []
        #: Records from the restore end on.
        self._kept_back: list[RecordBatch] = []
        #: Times of the records that are ready, part by part.
        self._times: list[Ints] = []
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
        return self.ready + self.sorted + sum(map(len, self._kept_back))

    @property
    def holds_back(self) -> bool:
        """True while records of other partitions may have to wait for its next one."""
        return self.has_more and not self.is_silent

    def add(self, records: RecordBatch) -> None:
        """Append the next records of the partition; it is the only one of the batch."""
        self._update_mean_bytes(records)
        if self.restore_end is None:
            self._append(records)
        else:
            is_kept = records.offsets >= self.restore_end
            self._append(records.take(np.flatnonzero(~is_kept)))
            self._kept_back.append(records.take(np.flatnonzero(is_kept)))
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
        return self.restore_end is not None and position >= self.restore_end and not (self.ready or self.sorted)

    def end_restore(self) -> None:
        """Release the records that were kept back."""
        self.restore_end = None
        for records in self._kept_back:
            self._append(records)
        self._kept_back = []

    @property
    def last_time(self) -> int:
        """The time of the last record that is ready, or the latest one before it when there is none."""
        return self._time

    def count_up_to(self, bound: tuple[int, TopicPartition] | None) -> int:
        """Return how many records come before anything that follows a time and partition; None: all."""
        if bound is None:
            return self.ready
        return int(self._all_times().searchsorted(bound[0], "right" if self.tp <= bound[1] else "left"))

    def pop(self, count: int) -> tuple[RecordBatch, Ints]:
        """Remove the first records; return them with their times."""
        records, times = RecordBatch.concat(self._parts), self._all_times()
        self._parts, self._times = [records[count:]], [times[count:]]
        self.ready -= count
        self.sorted += count
        return records[:count], times[:count]

    def advance(self, count: int, last: int, time: int) -> AppliedOffset:
        """Move behind sorted records that are taken; return the partition's offset and time there.

        Args:
            count: Number of them.
            last: Offset of the last one.
            time: Time of the last one.
        """
        self.sorted -= count
        self.offset = last + 1
        return AppliedOffset(*self.tp, self.offset, time)

    def _append(self, records: RecordBatch) -> None:
        if len(records):
            times = np.maximum(np.maximum.accumulate(records.times), self._time)
            self._time = int(times[-1])
            self._parts.append(records)
            self._times.append(times)
            self.ready += len(records)

    def _all_times(self) -> Ints:
        if len(self._times) > 1:
            self._times = [np.concatenate(self._times)]
        return self._times[0]

    def _update_mean_bytes(self, records: RecordBatch) -> None:
        if len(records):
            fresh = sum(map(len, filter(None, records.values))) + RECORD_BYTES * len(records)
            self.mean_bytes = (self.held * self.mean_bytes + fresh) / (self.held + len(records))
