"""Batches of records that can't be read: stand-ins for their records instead of a consumer that stops forever.

kafka-python raises an error at a batch that fails its checksum or has an unknown compression, and then tries the same
position again forever. Here such a batch gives one `StandIn` for each record that its header counts; a single broken
record is skipped by its own length, so that the records beside it are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from kafka.consumer.fetcher import Fetcher
from kafka.record.util import decode_varint

from stream_monitor.core.records import Unreadable

#: Offsets and times are less than this.
MAX_NUMBER = 1 << 63


class StandIn(NamedTuple):
    """Stands in for a record that can't be read; it has the attributes that the client reads of a record."""

    offset: int
    value: Unreadable
    timestamp: int = -1
    timestamp_type: int = 0
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    checksum: int | None = None
    size_in_bytes: int = 0

    def validate_crc(self) -> bool:
        return True


class ReadablePartition(Fetcher.PartitionRecords):  # type: ignore[misc]
    """The client's parser of a partition's fetch, with batches that never raise an error."""

    def __init__(self, fetch_offset: int, tp: Any, records: Any, **options: Any) -> None:
        super().__init__(fetch_offset, tp, ReadableBatches(records, fetch_offset), **options)


class ReadableBatches:
    """The batches of a fetch."""

    def __init__(self, records: Any, fetch_offset: int) -> None:
        self._records, self._fetch_offset = records, fetch_offset

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        return batch if batch is None or batch.magic < 2 else ReadableBatch(batch, self._fetch_offset)


class ReadableBatch:
    """The client's batch, with stand-ins for records that can't be read.

    Its header is trusted when the checksum is right, or when its two counts of records agree. A batch whose header
    can't be trusted counts as a single record.
    """

    def __init__(self, batch: Any, fetch_offset: int) -> None:
        self._batch = batch
        self._first = max(batch.base_offset, fetch_offset)
        self.is_intact = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def validate_crc(self) -> bool:
        self.is_intact = self._batch.validate_crc()
        return True

    @property
    def is_control_batch(self) -> bool:
        return bool(self.is_intact and self._batch.is_control_batch)

    @property
    def next_offset(self) -> int:
        return int(self._batch.next_offset) if self._is_trusted() else self._first + 1

    def __iter__(self) -> Iterator[Any]:
        if not self.is_intact:
            yield from self._stand_ins(Unreadable("the batch fails its checksum"))
            return
        while True:
            try:
                yield from map(self._checked, self._batch)
                return
            except Exception as error:  # noqa: BLE001 - each compression library has errors of its own
                why = Unreadable(_describe(error))
            if not self._batch._decompressed:
                yield from self._stand_ins(why)
                return
            at = self._batch._next_record_index
            if at >= self._batch.records_count:
                return
            yield StandIn(self._batch.base_offset + at, why)
            self._step_over()

    def _checked(self, record: Any) -> Any:
        """Return the record, or a stand-in where its offset or time fits no 64 bits."""
        if max(abs(record.offset), abs(record.timestamp)) < MAX_NUMBER:
            return record
        at = self._batch._next_record_index - 1
        return StandIn(self._batch.base_offset + at, Unreadable("its offset or time is out of range"))

    def _is_trusted(self) -> bool:
        count, delta = self._batch.records_count, self._batch.last_offset_delta
        return bool(self.is_intact or (count == delta + 1 and count > 0))

    def _stand_ins(self, why: Unreadable) -> Iterator[StandIn]:
        if not self._is_trusted():
            yield StandIn(self._first, why)
            return
        for at in range(self._batch.records_count):
            yield StandIn(self._batch.base_offset + at, why)

    def _step_over(self) -> None:
        """Move behind the record that can't be read, by its length."""
        batch = self._batch
        try:
            length, start = decode_varint(batch._buffer, batch._pos)
        except IndexError:
            length, start = 0, len(batch._buffer)
        batch._pos = start + max(length, 0)
        batch._next_record_index += 1


def _describe(error: Exception) -> str:
    """Return an error on one line, with its name once: Kafka's own errors begin with it."""
    name, text = type(error).__name__, " ".join(str(error).split())[:200]
    return text if name in text else f"{name}: {text}"
