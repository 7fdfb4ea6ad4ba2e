"""A partition's fetch as columns: whole record batches out of kafka-python, without an object a record.

kafka-python's own parser, with stand-ins for what can't be read (`ReadablePartition`), defines the result. It parses
what is not plain: old message formats, transactions of which only the committed part is read, and damage.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, chain, islice
from typing import Any, NamedTuple

import kafka
import numpy as np
from kafka.protocol.consumer import IsolationLevel
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import calc_crc32c

from stream_monitor.core.batch import RecordBatch
from stream_monitor.sources.kafka.batches import ReadableBatch, ReadablePartition
from stream_monitor.sources.kafka.record_columns import NotPlainError, RawBatch, Wanted, parse

#: The versions of kafka-python whose insides are known here.
TESTED = ("3.0.",)
#: Records that are parsed together.
MAX_PARSED = 2000
_HEADER = DefaultRecordBatch.HEADER_STRUCT
_BEFORE_LENGTH = DefaultRecordBatch.AFTER_LEN_OFFSET
_CHECKED = DefaultRecordBatch.ATTRIBUTES_OFFSET
_IN_TRANSACTION = DefaultRecordBatch.TRANSACTIONAL_MASK | DefaultRecordBatch.CONTROL_MASK


class _Header(NamedTuple):
    """The header of a batch, field by field, and where the batch begins and ends in the fetch."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    checksum: int
    attributes: int
    last_offset_delta: int
    first_time: int
    max_time: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    size: int
    begin: int
    end: int

    def has(self, attribute: int) -> bool:
        return bool(self.attributes & attribute)


def is_supported() -> bool:
    """Return True when the client's insides are those that are known."""
    parts = ("_buffer", "_pos", "_maybe_uncompress")
    return kafka.__version__.startswith(TESTED) and all(hasattr(DefaultRecordBatch, part) for part in parts)


def parser(wanted: Wanted) -> Any:
    """Return what the client's fetcher is to make of a partition's fetch."""
    return partial(_make, wanted)


def _make(wanted: Wanted, fetch_offset: int, tp: Any, records: MemoryRecords, **options: Any) -> ReadablePartition:
    is_committed = options.get("isolation_level") == IsolationLevel.READ_COMMITTED
    headers = _headers(records._buffer, _IN_TRANSACTION if is_committed else 0)
    if headers is None:
        return _Rows(fetch_offset, tp, records, **options)
    return _Columns(headers, wanted, fetch_offset, tp, records, **options)


def _headers(buffer: bytes, excluded: int) -> list[_Header] | None:
    """Return the headers of all batches; None if one is not of format 2, or has an excluded attribute."""
    headers: list[_Header] = []
    at, end = 0, len(buffer)
    while at + _BEFORE_LENGTH <= end:
        if at + _HEADER.size > end:
            return None
        fields = _HEADER.unpack_from(buffer, at)
        begin, at = at, at + _BEFORE_LENGTH + fields[1]
        header = _Header._make((*fields, begin, at))
        if at > end:
            break  # the rest was cut off
        if at - begin < _HEADER.size or header.magic != 2 or header.has(excluded):
            return None
        headers.append(header)
    return headers


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

    def __init__(
        self,
        headers: Sequence[_Header],
        wanted: Wanted,
        fetch_offset: int,
        tp: Any,
        records: MemoryRecords,
        **options: Any,
    ) -> None:
        super().__init__(fetch_offset, tp, records, **options)
        self._buffer: bytes = records._buffer
        self._wanted = wanted
        self._left = RecordBatch.empty()
        self.leader_epoch: int
        self.record_iterator = self._from_fetch_offset(self._unpack(headers))

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

    def _unpack(self, headers: Sequence[_Header]) -> Iterator[RecordBatch]:
        """Yield the records of all batches but those of control."""
        together: list[_Header] = []
        size = 0
        for header in headers:
            if together and (header.leader_epoch != self.leader_epoch or size >= MAX_PARSED):
                yield from self._parse(together)
                together, size = [], 0
            self.leader_epoch = header.leader_epoch
            is_empty = header.has(DefaultRecordBatch.CONTROL_MASK) or header.size <= 0
            if not (is_empty and self._is_intact(header)):
                together.append(header)
                size += header.size
        if together:
            yield from self._parse(together)
        if headers:
            self.next_fetch_offset = self._readable(headers[-1]).next_offset
        self.drain()

    def _parse(self, headers: Sequence[_Header]) -> Iterator[RecordBatch]:
        """Yield the records of batches: of all together, or else of each by itself, or else record by record."""
        try:
            records, size = parse(tuple(self.topic_partition), *self._raw(headers), self._wanted)
        except NotPlainError:
            yield from chain.from_iterable(
                map(self._parse, ([header] for header in headers)) if len(headers) > 1 else map(self._rows, headers)
            )
        else:
            self.bytes_read += size
            self.records_read += len(records)
            yield records

    def _raw(self, headers: Sequence[_Header]) -> tuple[bytes, list[RawBatch]]:
        """Return the bytes of batches, uncompressed, and their places there."""
        if not all(map(self._is_intact, headers)):
            raise NotPlainError
        if not any(header.has(DefaultRecordBatch.CODEC_MASK) for header in headers):
            return self._buffer, [_raw_batch(header, header.begin + _HEADER.size, header.end) for header in headers]
        bodies = [self._uncompressed(header) for header in headers]
        ends = list(accumulate(map(len, bodies)))
        return b"".join(bodies), [
            _raw_batch(header, end - len(body), end) for header, body, end in zip(headers, bodies, ends, strict=True)
        ]

    def _uncompressed(self, header: _Header) -> memoryview:
        batch = DefaultRecordBatch(self._slice(header))
        try:
            batch._maybe_uncompress()
        except Exception as error:
            raise NotPlainError from error
        return memoryview(batch._buffer)[batch._pos :]

    def _rows(self, header: _Header) -> Iterator[RecordBatch]:
        rows = iter(self._readable(header))
        while some := list(islice(rows, MAX_PARSED)):
            self.bytes_read += sum(row.size_in_bytes for row in some)
            self.records_read += len(some)
            yield _columns_of(tuple(self.topic_partition), some)

    def _readable(self, header: _Header) -> ReadableBatch:
        batch = ReadableBatch(DefaultRecordBatch(self._slice(header)), self.fetch_offset)
        if self.check_crcs:
            batch.validate_crc()
        return batch

    def _is_intact(self, header: _Header) -> bool:
        return not self.check_crcs or calc_crc32c(self._slice(header)[_CHECKED:]) == header.checksum

    def _slice(self, header: _Header) -> memoryview:
        return memoryview(self._buffer)[header.begin : header.end]


def _raw_batch(header: _Header, at: int, end: int) -> RawBatch:
    append_time = header.max_time if header.has(DefaultRecordBatch.TIMESTAMP_TYPE_MASK) else None
    return RawBatch(at, end, header.size, header.base_offset, header.first_time, append_time)


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
