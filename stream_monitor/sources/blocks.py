"""Batches of records out of blocks of bodies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import chain
from typing import cast

import numpy as np

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import Body, TopicPartition
from stream_monitor.core.table import TableRows


class BlockReader:
    """Gives the records of one partition, of which nothing but the bodies is known, as batches of any size.

    >>> reader = BlockReader(("predictions", 0), iter([[b"{}", b"[]"], [b"5"]]))
    >>> [list(reader.read(2).values) for _ in range(3)]
    [[b'{}', b'[]'], [b'5'], []]
    """

    def __init__(self, partition: TopicPartition, blocks: Iterator[Sequence[Body]]) -> None:
        self._partition, self._blocks = partition, blocks
        self._left: Sequence[Body] = ()
        self._offset = 0

    def read(self, count: int) -> RecordBatch:
        """Return the next ``count`` records, fewer at the end."""
        parts: list[Sequence[Body]] = []
        while count and (part := self._next(count)):
            parts.append(part)
            count -= len(part)
        values = _joined(parts)
        n, begin = len(values), self._offset
        self._offset += n
        return RecordBatch(
            (self._partition,), np.zeros(n, np.int64), np.arange(begin, begin + n), np.full(n, -1, np.int64), values
        )

    def _next(self, count: int) -> Sequence[Body]:
        """Return the next bodies of one block, at most ``count``; none at the end."""
        while not self._left:
            block = next(self._blocks, None)
            if block is None:
                return ()
            self._left = block
        part, self._left = _cut(self._left, 0, count), _cut(self._left, min(count, len(self._left)), len(self._left))
        return part


def _cut(block: Sequence[Body], begin: int, end: int) -> Sequence[Body]:
    if begin == 0 and end >= len(block):
        return block
    return block.cut(begin, end) if isinstance(block, TableRows) else block[begin:end]


def _joined(parts: Sequence[Sequence[Body]]) -> Sequence[Body]:
    """Return the bodies of parts one after the other, as columns where they have the same."""
    if len(parts) == 1:
        return parts[0]
    if parts and isinstance(parts[0], TableRows) and all(map(parts[0].can_be_followed_by, parts[1:])):
        return reduce(TableRows.followed_by, cast(Sequence[TableRows], parts))
    return list(chain.from_iterable(parts))
