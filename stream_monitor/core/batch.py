"""Batches of records as columns: what a source gives at one poll."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import TypeVar

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.records import Body, Record, TopicPartition

_T = TypeVar("_T")


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

    @classmethod
    def concat(cls, parts: Sequence[RecordBatch]) -> RecordBatch:
        """Return batches one behind the other as one."""
        if len(parts) == 1:
            return parts[0]
        codes: dict[TopicPartition, int] = {}
        which = [
            np.array([codes.setdefault(tp, len(codes)) for tp in part.partitions], np.int64)[part.which]
            for part in parts
        ]
        sizes = [len(part) for part in parts]
        return cls(
            tuple(codes),
            np.concatenate([_NONE, *which]),
            np.concatenate([_NONE, *(part.offsets for part in parts)]),
            np.concatenate([_NONE, *(part.times for part in parts)]),
            list(chain.from_iterable(part.values for part in parts)),
            _joined([part.keys for part in parts], sizes, None),
            _joined([part.headers for part in parts], sizes, ()),
        )

    def select(self, rows: Ints) -> RecordBatch:
        """Return the records at these positions, in this order."""
        chosen = rows.tolist()
        return RecordBatch(
            self.partitions,
            self.which[rows],
            self.offsets[rows],
            self.times[rows],
            list(map(self.values.__getitem__, chosen)),
            self.keys and list(map(self.keys.__getitem__, chosen)),
            self.headers and list(map(self.headers.__getitem__, chosen)),
        )

    def __getitem__(self, rows: slice) -> RecordBatch:
        """Return some records in a row."""
        return RecordBatch(
            self.partitions,
            self.which[rows],
            self.offsets[rows],
            self.times[rows],
            self.values[rows],
            self.keys and self.keys[rows],
            self.headers and self.headers[rows],
        )

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


def _joined(columns: Sequence[Sequence[_T] | None], sizes: Sequence[int], missing: _T) -> list[_T] | None:
    """Return columns one behind the other, where one that is None has only ``missing``; None if all are."""
    if not any(columns):
        return None
    filled = (column or repeat(missing, size) for column, size in zip(columns, sizes, strict=True))
    return list(chain.from_iterable(filled))
