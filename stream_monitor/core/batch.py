"""Batches of records as columns: what a source gives at one poll."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.records import Body, Record, TopicPartition
from stream_monitor.core.sequences import Rows, concat, concat_encoded, encode, take


class RecordBatch:
    """Records in the order of the stream, as columns of n values.

    A record object is made only where somebody asks for one, as for a record that is rejected.

    Attributes:
        partitions: The partitions that the records come from; there may be more.
        which: For each record the position of its partition in ``partitions``, shape (n,).
        offsets: Offsets in the partitions, shape (n,).
        times: Timestamps in milliseconds since the epoch, negative where unknown, shape (n,).
        values: The bodies, n of them.
        keys: The keys; None where no record has one, or nobody reads them.
        headers: The headers; None where no record has any, or nobody reads them.

    >>> batch = RecordBatch.of([Record("inference", 7, b"{}", 1000)])
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
        """Return records as a batch; objects of a client with the attributes of `Record` will do."""
        partitions, which = encode([(each.topic, each.partition) for each in records])
        return cls(
            partitions,
            which,
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

    @classmethod
    def concat(cls, parts: Sequence[RecordBatch]) -> RecordBatch:
        """Return batches one behind the other as one."""
        if len(parts) == 1:
            return parts[0]
        partitions, which = concat_encoded([(part.partitions, part.which) for part in parts])
        sizes = [len(part) for part in parts]
        return cls(
            partitions,
            which,
            np.concatenate([_NONE, *(part.offsets for part in parts)]),
            np.concatenate([_NONE, *(part.times for part in parts)]),
            list(chain.from_iterable(part.values for part in parts)),
            concat([part.keys for part in parts], sizes, None),
            concat([part.headers for part in parts], sizes, ()),
        )

    def take(self, rows: Rows) -> RecordBatch:
        """Return some of the records, in this order."""
        return RecordBatch(
            self.partitions,
            self.which[rows],
            self.offsets[rows],
            self.times[rows],
            take(self.values, rows),
            self.keys and take(self.keys, rows),
            self.headers and take(self.headers, rows),
        )

    def __getitem__(self, rows: slice) -> RecordBatch:
        """Return some records in a row."""
        return self.take(rows)

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topic of each of ``partitions``."""
        return tuple(topic for topic, _ in self.partitions)

    def record(self, at: int) -> Record:
        """Return one record."""
        return self._record(at, self.values[at])

    def _record(self, at: int, value: Body) -> Record:
        topic, partition = self.partitions[self.which[at]]
        time = int(self.times[at])
        return Record(
            topic,
            int(self.offsets[at]),
            value,
            time if time >= 0 else None,
            self.keys[at] if self.keys else None,
            self.headers[at] if self.headers else (),
            partition,
        )

    def __iter__(self) -> Iterator[Record]:
        """Yield a record for each row, in order."""
        return map(self._record, range(len(self)), self.values)


_NONE: Ints = np.empty(0, np.int64)
