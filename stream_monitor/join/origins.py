"""Origins of the records of a batch: their partitions, and which of them only restore what waits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stream_monitor.core.arrays import Bools, Ints
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import TopicPartition


@dataclass(frozen=True)
class Origins:
    """The origins of n records.

    Attributes:
        partitions: The partitions that the records come from.
        which: For each record the position of its partition in ``partitions``, shape (n,).
        is_restored: True for a record that is read again only for what waits, shape (n,).
        restoring: The partitions that were being restored before the first of the records.
    """

    partitions: Sequence[TopicPartition]
    which: Ints
    is_restored: Bools
    restoring: Collection[TopicPartition] = ()

    @classmethod
    def of(cls, batch: RecordBatch, restoring: Mapping[TopicPartition, int]) -> Origins:
        """Return the origins of a batch, given the restore end offset of each partition that is being restored."""
        ends = np.array([restoring.get(partition, 0) for partition in batch.partitions], np.int64)
        return cls(batch.partitions, batch.which, batch.offsets < ends[batch.which], frozenset(restoring))

    def partition(self, at: int) -> TopicPartition:
        """Return the partition of a record."""
        return self.partitions[int(self.which[at])]

    def restored(self) -> Iterator[tuple[int, TopicPartition]]:
        """Yield the partitions that are restored within the batch, each with its first record behind that."""
        which, is_live = self.which, ~self.is_restored
        ends = [
            (int(np.argmax(rows)), partition)
            for code, partition in enumerate(self.partitions)
            if partition in self.restoring and (rows := (which == code) & is_live).any()
        ]
        yield from sorted(ends)
