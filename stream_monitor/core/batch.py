"""Batches of records as columns: what a source gives at one poll."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.records import FileRecord, Record, TopicPartition, Unreadable

#: The value of a record: bytes that a decoder reads, a mapping that was parsed already, or why there is neither.
Body = bytes | Mapping[str, Any] | Unreadable | None


class RecordBatch:
    """Records in the order of the stream, as columns of n values.

    A record object is made only where somebody asks for one, as for a record that is rejected.

    Attributes:
        partitions: The partitions that the records come from.
        which: For each record the position of its partition in ``partitions``, shape (n,).
        offsets: Offsets in the partitions, shape (n,).
        times: Timestamps in milliseconds since the epoch, negative where unknown, shape (n,).
        values: The bodies, n of them.
        keys: The keys; None where no record has one, or nobody reads them.
        headers: The headers; None where no record has any, or nobody reads them.

    >>> batch = RecordBatch.of([FileRecord("inference", 7, b"{}", 1000)])
    >>> len(batch), batch.record(0).offset, batch.topics
    (1, 7, ('inference',))
    """

    __slots__ = ("headers", "keys", "offsets", "partitions", "times", "values", "which")

    def __init__(
        self,
        partitions: Sequence[TopicPartition],
        which: Ints,
        offsets: Ints,
        times: Ints,
        values: Sequence[Body],
        keys: Sequence[bytes | None] | None = None,
        headers: Sequence[Sequence[tuple[str, bytes]]] | None = None,
    ) -> None:
        self.partitions, self.which = partitions, which
        self.offsets, self.times, self.values = offsets, times, values
        self.keys, self.headers = keys, headers

    @classmethod
    def of(cls, records: Sequence[Record]) -> RecordBatch:
        """Return records as a batch."""
        codes: dict[TopicPartition, int] = {}
        which = [codes.setdefault((each.topic, each.partition), len(codes)) for each in records]
        return cls(
            tuple(codes),
            np.array(which, np.int64),
            np.array([each.offset for each in records], np.int64),
            np.array([-1 if each.timestamp is None else each.timestamp for each in records], np.int64),
            [each.value for each in records],
            [each.key for each in records] if any(each.key is not None for each in records) else None,
            [each.headers for each in records] if any(each.headers for each in records) else None,
        )

    @classmethod
    def empty(cls) -> RecordBatch:
        """Return a batch without records."""
        return cls.of(())

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topic of each of ``partitions``."""
        return tuple(topic for topic, _ in self.partitions)

    def record(self, at: int) -> Record:
        """Return one record."""
        topic, partition = self.partitions[self.which[at]]
        time = int(self.times[at])
        return FileRecord(
            topic,
            int(self.offsets[at]),
            self.values[at],
            time if time >= 0 else None,
            self.keys[at] if self.keys else None,
            self.headers[at] if self.headers else (),
            partition,
        )

    def __iter__(self) -> Iterator[Record]:
        """Yield a record for each row, in order."""
        return map(self.record, range(len(self)))
