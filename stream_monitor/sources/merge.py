"""The merge of partitions by time: the records of a log in one order, however they were fetched.

A consumer that catches up fetches whole blocks of one partition after another; in that order, partitions that differ
look like drift. So records are buffered until no earlier one can come, as in Kafka Streams (KIP-353, KIP-695). They
are ordered by the latest timestamp so far in their partition, which never falls, so that a partition's own records
keep their order; then by topic, partition and offset.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from operator import attrgetter

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.clock import Clock
from stream_monitor.core.records import TopicPartition
from stream_monitor.sources.partition_buffer import PartitionBuffer, Taken

logger = logging.getLogger(__name__)

#: Seconds for which a partition that gives nothing, although it has more, holds back the others.
MAX_SILENCE = 30.0
#: Seconds that are counted between two calls at most: a process that was stopped has not waited all that time.
_MAX_STEP = 1.0


class TimeMerge:
    """Gives out records of several partitions in the order of time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_take = clock.monotonic()
        self._buffers: dict[TopicPartition, PartitionBuffer] = {}
        self._sorted = _Sorted()

    def follow(self, tp: TopicPartition, offset: int, time: int = -1, restore_end: int | None = None) -> None:
        """Start a partition, or restart it: what was buffered of it is dropped.

        Args:
            tp: The partition.
            offset: Offset of its next record.
            time: Latest timestamp before that offset, in milliseconds.
            restore_end: Offset from which on its records are kept back, and hold back no other partition, until
                `PartitionBuffer.end_restore`.
        """
        self.drop(tp)
        self._buffers[tp] = PartitionBuffer(tp, offset, time, restore_end)

    def drop(self, tp: TopicPartition) -> None:
        """Stop a partition; drop what is buffered of it."""
        buffer = self._buffers.pop(tp, None)
        if buffer and buffer.sorted:
            self._sorted.drop(buffer)

    def __getitem__(self, tp: TopicPartition) -> PartitionBuffer:
        """Return the buffer of a partition, to which its records are added."""
        return self._buffers[tp]

    @property
    def ready(self) -> bool:
        """True when there is a record to take."""
        return bool(self._sorted or self._parts())

    def take(self, limit: int) -> Taken:
        """Return the next records, at most ``limit``; none while an earlier one may still come."""
        now = self._clock.monotonic()
        step, self._last_take = min(now - self._last_take, _MAX_STEP), now
        if not self.ready:
            self._wait(step)
            return Taken(RecordBatch.empty(), ())
        taken = self._take(limit)
        if len(taken.records) < limit and self.ready:
            more = self._take(limit - len(taken.records))
            offsets = {each[:2]: each for each in (*taken.offsets, *more.offsets)}
            return Taken(RecordBatch.concat([taken.records, more.records]), list(offsets.values()))
        return taken

    def _take(self, limit: int) -> Taken:
        if not self._sorted:
            parts = self._parts()
            # Where one partition gives alone, the rest of it is merged with what comes of others until then.
            self._sorted.fill(parts if len(parts) > 1 else [(buffer, min(count, limit)) for buffer, count in parts])
        return self._sorted.take(limit)

    def _parts(self) -> list[tuple[PartitionBuffer, int]]:
        """Return the buffers in order of partitions, with their numbers of records before which no other can come."""
        buffers = self._buffers.values()
        filled = sorted((buffer for buffer in buffers if buffer.ready), key=attrgetter("tp"))
        bound = min(((each.last_time, each.tp) for each in buffers if each.holds_back), default=None)
        return [(buffer, count) for buffer in filled if (count := buffer.count_up_to(bound))]

    def _wait(self, step: float) -> None:
        """Count the time for which empty partitions hold back records; give up on those that are silent too long."""
        if not any(buffer.ready for buffer in self._buffers.values()):
            return
        for buffer in self._buffers.values():
            if buffer.holds_back and not buffer.ready:
                buffer.waited += step
                if buffer.waited >= MAX_SILENCE:
                    buffer.is_silent = True
                    message = "%s[%d] has more but gives nothing for %.0f s; going on without waiting for it"
                    logger.warning(message, *buffer.tp, MAX_SILENCE)


class _Sorted:
    """Records of several partitions in order, some of which were taken."""

    def __init__(self) -> None:
        self._buffers: list[PartitionBuffer] = []
        #: Each record is of the buffer that has the position of its partition.
        self._records = RecordBatch.empty()
        self._times: Ints = self._records.times
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._records)

    def fill(self, parts: Sequence[tuple[PartitionBuffer, int]]) -> None:
        """Sort the first records of these buffers, so many of each; the buffers are in order of partitions."""
        popped = [buffer.pop(count) for buffer, count in parts]
        self._buffers, self._at = [buffer for buffer, _ in parts], 0
        self._records = RecordBatch.concat([records for records, _ in popped])
        self._times = np.concatenate([times for _, times in popped])
        if len(parts) > 1:
            self._select(np.argsort(self._times, kind="stable"))

    def take(self, limit: int) -> Taken:
        """Return the next records, at most ``limit``."""
        records, times = self._records[self._at : self._at + limit], self._times[self._at :]
        self._at += len(records)
        if not self:
            self._records, self._at = RecordBatch.empty(), 0
        counts = np.bincount(records.which, minlength=len(self._buffers)).tolist()
        last = np.zeros(len(self._buffers), np.int64)
        last[records.which] = np.arange(len(records))
        offsets = [
            buffer.advance(count, int(records.offsets[at]), int(times[at]))
            for buffer, at, count in zip(self._buffers, last.tolist(), counts, strict=True)
            if count
        ]
        return Taken(records, offsets)

    def drop(self, buffer: PartitionBuffer) -> None:
        """Remove the records of a partition that were not taken yet."""
        others = np.flatnonzero(self._records.which != self._buffers.index(buffer))
        self._select(others[others >= self._at])
        self._at = 0

    def _select(self, rows: Ints) -> None:
        self._records, self._times = self._records.take(rows), self._times[rows]
