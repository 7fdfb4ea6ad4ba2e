"""Batches that can't be read give a stand-in for each record of a plausible header."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from crc32c import crc32c
from kafka import TopicPartition
from kafka.record import MemoryRecords

from stream_monitor.core.records import Unreadable
from stream_monitor.sources.kafka.batches import ReadablePartition, StandIn, _describe
from tests.integration.raw_batches import batch, batch_of, broken, record, varint

VALUES = [b"a", b"b", b"c"]


def at(base: int, raw: bytes) -> bytes:
    """Return the batch with this base offset, which its checksum does not cover."""
    return struct.pack(">q", base) + raw[8:]


def saying(count: int, delta: int, raw: bytes, intact: bool) -> bytes:
    """Return the batch with another number of records and another last offset in its header."""
    raw = raw[:23] + struct.pack(">i", delta) + raw[27:57] + struct.pack(">i", count) + raw[61:]
    checksum = crc32c(raw[21:]) ^ (0 if intact else 1)
    return raw[:17] + struct.pack(">I", checksum) + raw[21:]


def read(*batches: bytes, fetch_offset: int = 0, **options: Any) -> tuple[list[Any], int]:
    """Return the records and the next fetch offset."""
    records = MemoryRecords(b"".join(batches))
    partition = ReadablePartition(fetch_offset, TopicPartition("t", 0), records, **options)
    return partition.take(1000), partition.next_fetch_offset


def parse(*batches: bytes, fetch_offset: int = 0, **options: Any) -> tuple[list[tuple[int, Any]], int]:
    """Return offset and value of each record, None for a stand-in, and the next fetch offset."""
    records, following = read(*batches, fetch_offset=fetch_offset, **options)
    given = [(each.offset, None if type(each.value) is Unreadable else each.value) for each in records]
    return given, following


def test_what_can_be_read_comes_as_it_is() -> None:
    assert parse(batch(VALUES), at(3, batch(VALUES, codec=1))) == (list(enumerate(VALUES * 2)), 6)


@pytest.mark.parametrize("bad", [batch(VALUES, codec=7), batch(VALUES, codec=4), broken(batch(VALUES))])
def test_a_batch_that_can_not_be_read_gives_a_stand_in_for_each_record(bad: bytes) -> None:
    expected = [(0, b"a"), (1, b"b"), (2, b"c"), (3, None), (4, None), (5, None), (6, b"a"), (7, b"b"), (8, b"c")]
    assert parse(batch(VALUES), at(3, bad), at(6, batch(VALUES))) == (expected, 9)


def test_a_fetch_from_within_such_a_batch_gives_the_rest() -> None:
    assert parse(at(3, batch(VALUES, codec=5)), fetch_offset=5) == ([(5, None)], 6)


@pytest.mark.parametrize(("count", "delta"), [(1_000_000, 2), (3, 1_000_000), (-1, -2), (0, -1), (3, -4)])
def test_a_header_that_can_not_be_right_tells_of_one_record(count: int, delta: int) -> None:
    bad = at(3, saying(count, delta, batch(VALUES), intact=False))
    assert parse(bad) == ([(3, None)], 4)
    assert parse(bad, fetch_offset=4) == ([(4, None)], 5)
    assert parse(bad, at(6, batch(VALUES)))[0][1:] == [(6, b"a"), (7, b"b"), (8, b"c")]


def test_a_compacted_batch_is_left_behind_whole() -> None:
    assert parse(saying(3, 9, batch(VALUES, codec=6), intact=True)) == ([(0, None), (1, None), (2, None)], 10)


def test_one_record_is_stepped_over() -> None:
    records = [record(0, b"a"), record(1, b"b", header=b"\xff"), record(2, b"c")]
    assert parse(batch_of(records)) == ([(0, b"a"), (1, None), (2, b"c")], 3)


@pytest.mark.parametrize("length", [1, 5, 40])
def test_a_record_that_lies_about_its_length_ends_the_batch_and_not_the_process(length: int) -> None:
    lying = bytes([2 * length]) + record(1, b"b")[1:]
    given, following = parse(batch_of([record(0, b"a"), lying, record(2, b"c")]), at(3, batch(VALUES)))
    assert given[0] == (0, b"a")
    assert [offset for offset, _ in given] == list(range(6))
    assert given[3:] == [(3, b"a"), (4, b"b"), (5, b"c")]
    assert following == 6


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (broken(batch(VALUES)), "the batch fails its checksum"),
        (batch(VALUES, codec=7), "UnsupportedCodecError: Unrecognized compression type: 7"),
        (batch_of([record(0, b"a", header=b"\xff")]), "CorruptRecordError: Found invalid record structure: Unicode"),
    ],
    ids=["checksum", "codec", "record"],
)
def test_a_stand_in_says_why_and_is_otherwise_as_a_record_without_anything(bad: bytes, why: str) -> None:
    record, *_ = read(bad)[0]
    assert record.value.removeprefix("[Error 2] ").startswith(why)
    assert (record.timestamp, record.timestamp_type, record.key, record.headers) == (-1, 0, None, ())
    assert StandIn(0, record.value).validate_crc() is True


def test_an_error_is_described_on_one_line_with_its_name_once() -> None:
    assert _describe(ValueError("a\n  b")) == "ValueError: a b"
    assert _describe(ValueError("ValueError: a")) == "ValueError: a"
    assert _describe(ValueError("x" * 201)) == "ValueError: " + "x" * 200


def test_a_time_that_fits_no_64_bits_can_not_be_read() -> None:
    bad = batch_of([record(0, b"a"), record(1, b"b")], at_ms=(1 << 63) - 1)
    late = record(1, b"b").replace(varint(0) + varint(1), varint(1) + varint(1), 1)
    assert parse(bad)[0] == [(0, b"a"), (1, b"b")]
    given, _ = parse(batch_of([record(0, b"a"), late, record(2, b"c")], at_ms=(1 << 63) - 1))
    assert given == [(0, b"a"), (1, None), (2, b"c")]


def test_a_batch_of_control_is_not_given_out_unless_it_is_broken() -> None:
    control = batch(VALUES, codec=0x20)
    assert parse(control, at(3, batch(VALUES))) == ([(3, b"a"), (4, b"b"), (5, b"c")], 6)
    assert parse(broken(control)) == ([(0, None), (1, None), (2, None)], 3)


def test_without_checks_a_checksum_is_right() -> None:
    given, following = parse(broken(batch(VALUES)), check_crcs=False)
    assert ([offset for offset, _ in given], following) == ([0, 1, 2], 3)
    assert parse(batch(VALUES, codec=0x20), check_crcs=False) == ([], 3)
    assert parse(saying(3, 9, batch(VALUES, codec=6), intact=True), check_crcs=False)[1] == 10
