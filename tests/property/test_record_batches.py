"""Record batches parsed as columns give what the client's own parser gives, whatever the bytes are."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from crc32c import crc32c
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from kafka.protocol.consumer import IsolationLevel
from kafka.record import MemoryRecords
from kafka.record.memory_records import MemoryRecordsBuilder

from stream_monitor.core.batch import RecordBatch
from stream_monitor.sources.kafka import column_partition
from stream_monitor.sources.kafka.batches import ReadablePartition
from stream_monitor.sources.kafka.column_partition import parser
from stream_monitor.sources.kafka.record_columns import Wanted
from tests.integration.raw_batches import varint

TP = TopicPartition("t", 0)
SMALL = st.binary(max_size=3)
#: Lengths on both sides of those at which another byte is needed.
VALUES = st.none() | SMALL | st.builds(bytes, st.sampled_from([50, 56, 57, 63, 64, 120, 8100, 8190, 1 << 20]))
NAMES = st.sampled_from([b"trace", b"h", b"", "ä".encode(), b"\xff", b"n" * 300])
HEADERS = st.lists(st.tuples(NAMES, st.none() | SMALL), max_size=3)
TEXT_HEADERS = st.lists(st.tuples(st.sampled_from([b"trace", b"h", b""]), st.none() | SMALL), max_size=3)
DELTAS = st.sampled_from([0, 1, -1, 63, 64, -64, -65, 10**6, -(10**6), 1 << 40])
CODECS = {0: bytes, 1: gzip_encode, 2: snappy_encode, 3: lz4_encode, 4: zstd_encode, 7: bytes}
CONTROL = 0x20
#: Attributes of a batch: 8 is append time, 16 a transaction.
KINDS = st.sampled_from([0] * 9 + [8, 16, 16, 16 | CONTROL, CONTROL])


def _bytes(value: bytes | None) -> bytes:
    return varint(-1) if value is None else varint(len(value)) + value


def _usually(usual: Any, *others: Any, odd: bool) -> Any:
    """Return a strategy of a usual value, and now and then another where oddities are asked for."""
    return st.sampled_from([usual] * 20 + [*others]) if odd else st.just(usual)


@st.composite
def record(draw: st.DrawFn, delta: int, odd: bool) -> bytes:
    """Draw a record with this offset in its batch; a few have an odd length, number of headers or attribute."""
    headers = draw(st.just([]) | (HEADERS if odd else TEXT_HEADERS))
    number = draw(_usually(len(headers), -1, 100, len(headers) + 1, odd=odd))
    body = draw(_usually(b"\0", b"\x01", b"\x80\x01", odd=odd))
    body += varint(draw(DELTAS)) + varint(delta) + _bytes(draw(st.none() | SMALL)) + _bytes(draw(VALUES))
    body += varint(number) + b"".join(_bytes(name) + _bytes(value) for name, value in headers)
    return varint(len(body) + draw(_usually(0, 1, -1, -len(body) - 7, odd=odd))) + body


@st.composite
def batch(draw: st.DrawFn, base: int, odd: bool) -> tuple[bytes, int]:
    """Draw a batch, and the first offset behind it."""
    deltas = sorted(draw(st.sets(st.integers(0, 9), max_size=6)))
    records = [draw(record(delta, odd)) for delta in deltas]
    last = draw(st.integers((deltas or [0])[-1], 10))
    codec, kind = draw(st.sampled_from([0] * 5 + [*CODECS][: 6 if odd else 5])), draw(KINDS)
    body = CODECS[codec](b"".join(records)) + draw(_usually(b"", b"x", odd=odd))
    count = draw(_usually(len(records), -1, 0, len(records) + 1, 1000, odd=odd))
    producer, times = draw(st.sampled_from([-1, 1, 2])), (draw(st.integers(0, 1 << 42)), 77)
    checked = struct.pack(">hiqqqhii", codec | kind, last, *times, producer, 0, -1, count) + body
    if kind & CONTROL:  # an abort or a commit
        mark = varint(0) + varint(0) + _bytes(struct.pack(">hh", 0, draw(st.integers(0, 1)))) + varint(-1) + varint(0)
        checked = struct.pack(">hiqqqhii", kind, 0, *times, producer, 0, -1, 1) + varint(len(mark) + 1) + b"\0" + mark
        last = 0
    epoch = draw(st.sampled_from([3] * 9 + [4]))
    raw = struct.pack(">qiibI", base, len(checked) + 9, epoch, 2, crc32c(checked)) + checked
    return raw, base + last + 1


@st.composite
def old_batch(draw: st.DrawFn, base: int) -> tuple[bytes, int]:
    """Draw a set of messages of an old format."""
    builder = MemoryRecordsBuilder(draw(st.integers(0, 1)), draw(st.integers(0, 1)), 1 << 20, offset=base)
    values = draw(st.lists(SMALL, min_size=1, max_size=3))
    for value in values:
        builder.append(timestamp=draw(st.integers(0, 9)), key=None, value=value)
    builder.close()
    return bytes(builder.buffer()), base + len(values)


@st.composite
def fetches(draw: st.DrawFn) -> bytes:
    """Draw the bytes of a fetch: batches one behind the other, some of which are damaged or cut off."""
    parts, at, odd = [], draw(st.integers(0, 3)), draw(st.booleans())
    for _ in range(draw(st.integers(0, 5))):
        is_old = odd and draw(st.integers(0, 15)) == 15
        raw, at = draw(old_batch(at) if is_old else batch(at, odd))
        parts.append(_damaged(draw, raw) if odd else raw)
        at += draw(st.integers(0, 2))
    whole = b"".join(parts)
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.integers(0, 9)) == 9 else whole


def _damaged(draw: st.DrawFn, raw: bytes) -> bytes:
    """Return a batch with at most a byte changed, and with a right checksum all the same in some cases."""
    kind = draw(st.sampled_from(["none"] * 6 + ["seen", "unseen"]))
    if kind == "none" or len(raw) < 62:
        return raw
    at = draw(st.integers(21, len(raw) - 1) | st.integers(60, min(len(raw) - 1, 120)))
    raw = raw[:at] + bytes([raw[at] ^ draw(st.integers(1, 255))]) + raw[at + 1 :]
    return raw if kind == "seen" else raw[:17] + struct.pack(">I", crc32c(raw[21:])) + raw[21:]


def taken(make: Any, raw: bytes, sizes: Sequence[int], fetch_offset: int, **options: Any) -> list[Any]:
    """Return what each call gives: the records with the position behind them, or the kind of its error."""
    drained: list[Any] = []
    steps: list[Any] = []
    try:
        partition = make(fetch_offset, TP, MemoryRecords(raw), on_drain=drained.append, **options)
        for size in sizes:
            if partition:
                records = partition.take(size)
                assert len(records) <= size
                steps += [_plain(records), partition.next_fetch_offset, partition.leader_epoch, len(drained)]
        if drained:
            steps += [partition.records_read, partition.bytes_read]
    except Exception as error:  # noqa: BLE001 - old formats raise what their compression library does
        return [*steps, type(error)]
    return steps


def _plain(records: Any) -> list[Any]:
    rows = [row for part in records for row in (part if isinstance(part, RecordBatch) else [part])]
    return [(row.offset, _time(row.timestamp), row.value, row.key, list(row.headers)) for row in rows]


def _time(timestamp: int | None) -> int | None:
    """Return a timestamp as a record has it that was taken out of columns: None where it is unknown."""
    return None if timestamp is None or timestamp < 0 else timestamp


OPTIONS = st.fixed_dictionaries(
    {
        "check_crcs": st.booleans(),
        "isolation_level": st.sampled_from(IsolationLevel),
        "aborted_transactions": st.none()
        | st.lists(
            st.builds(SimpleNamespace, producer_id=st.integers(1, 2), first_offset=st.integers(0, 20)), max_size=2
        ),
    }
)


@settings(deadline=None)
@given(fetches(), st.lists(st.integers(1, 9), max_size=9), st.integers(0, 9), OPTIONS, st.sampled_from([3, 2000]))
def test_columns_are_what_the_client_gives_record_by_record(
    raw: bytes, sizes: list[int], fetch_offset: int, options: dict[str, Any], together: int
) -> None:
    sizes = [*sizes, 10**6, 10**6]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column_partition, "MAX_PARSED", together)
        found = taken(parser(Wanted()), raw, sizes, fetch_offset, **options)
    assert found == taken(ReadablePartition, raw, sizes, fetch_offset, **options)


@settings(deadline=None)
@given(fetches(), st.booleans(), st.booleans())
def test_columns_that_nobody_wants_change_no_other(raw: bytes, keys: bool, headers: bool) -> None:
    found = taken(parser(Wanted(keys, headers)), raw, [10**6], 0)
    everything = taken(parser(Wanted()), raw, [10**6], 0)
    assert [_others(step) for step in found] == [_others(step) for step in everything]


def _others(step: Any) -> Any:
    return [row[:3] for row in step] if isinstance(step, list) else step
