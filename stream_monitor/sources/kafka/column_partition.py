"""A partition's fetch as columns: whole record batches out of kafka-python, without an object a record.

kafka-python's own parser, with stand-ins for what can't be read (`ReadablePartition`), defines the result. It parses
what is not plain: old message formats, transactions of which only the committed part is read, and damage.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any

import kafka
import numpy as np
from kafka.protocol.consumer import IsolationLevel
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatch

from stream_monitor.core.batch import RecordBatch
from stream_monitor.sources.kafka.batches import ReadableBatch, ReadableBatches, ReadablePartition
from stream_monitor.sources.kafka.record_columns import NotPlainError, RawBatch, Wanted, parse

#: The version of kafka-python whose insides are known here.
TESTED = ("3.0.",)
#: Records that are parsed together.
MAX_PARSED = 2000
_HEADER = DefaultRecordBatch.HEADER_STRUCT
_LENGTH_AND_ATTRIBUTES = struct.Struct(">8xi4xb4xh")
_BEFORE_LENGTH = 12
_IN_TRANSACTION = DefaultRecordBatch.TRANSACTIONAL_MASK | DefaultRecordBatch.CONTROL_MASK


def is_supported() -> bool:
    """Return True when the client's insides are those that are known."""
    parts = ("_buffer", "_pos", "_num_records", "_maybe_uncompress")
    return kafka.__version__.startswith(TESTED) and all(hasattr(DefaultRecordBatch, part) for part in parts)


def parser(wanted: Wanted) -> Any:
    """Return what the client's fetcher is to make of a partition's fetch."""
    return partial(_make, wanted)


def _make(wanted: Wanted, fetch_offset: int, tp: Any, records: MemoryRecords, **options: Any) -> ReadablePartition:
    is_committed = options.get("isolation_level") == IsolationLevel.READ_COMMITTED
    if not _is_plain(records._buffer, _IN_TRANSACTION if is_committed else 0):
        return _Rows(fetch_offset, tp, records, **options)
    return _Columns(wanted, fetch_offset, tp, records, **options)


def _is_plain(buffer: Any, excluded: int) -> bool:
    """Return True when all batches are of format 2, and none has one of these attributes."""
    at, end = 0, len(buffer)
    while at + _BEFORE_LENGTH <= end:
        if at + _HEADER.size > end:
            return False
        length, magic, attributes = _LENGTH_AND_ATTRIBUTES.unpack_from(buffer, at)
        size = _BEFORE_LENGTH + length
        if at + size > end:
            return True  # the rest was cut off
        if size < _HEADER.size or magic != 2 or attributes & excluded:
            return False
        at += size
    return True


class _Taken:
    """Columns whose number is that of their records, which is what the client counts."""

    def __init__(self, chunks: Sequence[RecordBatch]) -> None:
        self._chunks = chunks

    def __len__(self) -> int:
        return sum(map(len, self._chunks))

    def __iter__(self) -> Iterator[RecordBatch]:
        return iter(self._chunks)


class _Rows(ReadablePartition):
    """A fetch that is parsed record by record."""

    def take(self, n: int | None = None) -> _Taken:
        records = super().take(n)
        return _Taken([RecordBatch.of(records)] if records else [])


class _Columns(ReadablePartition):
    """A fetch that is parsed many batches at a time."""

    def __init__(self, wanted: Wanted, fetch_offset: int, tp: Any, records: MemoryRecords, **options: Any) -> None:
        super().__init__(fetch_offset, tp, records, **options)
        self._wanted = wanted
        self._left = RecordBatch.empty()
        self.leader_epoch: int
        self.record_iterator = self._from_fetch_offset(self._unpack(ReadableBatches(records, fetch_offset)))

    def take(self, n: int | None = None) -> _Taken:
        chunks: list[RecordBatch] = []
        missing = sys.maxsize if n is None else n
        while missing and (chunk := self._left or next(self.record_iterator, None)):
            chunk, self._left = chunk[:missing], chunk[missing:]
            chunks.append(chunk)
            missing -= len(chunk)
        if chunks and self.record_iterator is not None:
            self.next_fetch_offset = int(chunks[-1].offsets[-1]) + 1
        return _Taken(chunks)

    def _from_fetch_offset(self, chunks: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
        """Leave out the first records, as far as they come before the fetch offset."""
        for chunk in chunks:
            behind = np.flatnonzero(chunk.offsets >= self.fetch_offset)[:1]
            if len(behind):
                yield chunk[int(behind[0]) :]
                break
        yield from chunks

    def _unpack(self, batches: ReadableBatches) -> Iterator[RecordBatch]:
        """Yield the records of all batches but those of control."""
        last: ReadableBatch | None = None
        together: list[ReadableBatch] = []
        count = 0
        while (batch := batches.next_batch()) is not None:
            if together and (batch.leader_epoch != self.leader_epoch or count >= MAX_PARSED):
                yield from self._parse(together)
                together, count = [], 0
            last, self.leader_epoch = batch, batch.leader_epoch
            if self.check_crcs:
                batch.validate_crc()
            if not (batch.is_control_batch or (batch.is_intact and batch.records_count <= 0)):
                together.append(batch)
                count += batch.records_count
        if together:
            yield from self._parse(together)
        if last is not None:
            self.next_fetch_offset = last.next_offset
        self.drain()

    def _parse(self, batches: Sequence[ReadableBatch]) -> Iterator[RecordBatch]:
        """Yield the records of batches: of all together, or else of each by itself, or else record by record."""
        try:
            records, size = parse(tuple(self.topic_partition), list(map(_raw, batches)), self._wanted)
        except NotPlainError:
            yield from chain.from_iterable(
                map(self._parse, ([batch] for batch in batches)) if len(batches) > 1 else map(self._rows, batches)
            )
        else:
            self.bytes_read += size
            self.records_read += len(records)
            yield records

    def _rows(self, batch: ReadableBatch) -> Iterator[RecordBatch]:
        rows = iter(batch)
        while some := list(islice(rows, MAX_PARSED)):
            self.bytes_read += sum(row.size_in_bytes for row in some)
            self.records_read += len(some)
            yield _columns_of(tuple(self.topic_partition), some)


def _raw(batch: ReadableBatch) -> RawBatch:
    if not batch.is_intact:
        raise NotPlainError
    try:
        batch._maybe_uncompress()
    except Exception as error:
        raise NotPlainError from error
    append_time = batch.max_timestamp if batch.timestamp_type else None
    records = batch._buffer, batch._pos, batch.records_count
    return RawBatch(*records, batch.base_offset, batch.first_timestamp, append_time)


def _columns_of(tp: tuple[str, int], rows: Sequence[Any]) -> RecordBatch:
    return RecordBatch(
        (tp,),
        np.zeros(len(rows), np.int64),
        np.array([row.offset for row in rows], np.int64),
        np.array([row.timestamp for row in rows], np.int64),
        [row.value for row in rows],
        [row.key for row in rows] if any(row.key is not None for row in rows) else None,
        [row.headers for row in rows] if any(row.headers for row in rows) else None,
    )
