"""Records of plain batches as columns; what is not plain is refused."""

from __future__ import annotations

import pytest

from stream_monitor.core.batch import RecordBatch
from stream_monitor.sources.kafka.record_columns import EVERYTHING, NotPlainError, RawBatch, Wanted, parse
from tests.integration.raw_batches import record, varint

TP = ("t", 3)


def parsed(*bodies: list[bytes], wanted: Wanted = EVERYTHING, append_time: int | None = None) -> RecordBatch:
    """Return the records of batches whose offsets and times begin at 100 and 1,000."""
    whole, batches = b"", []
    for records in bodies:
        body = b"".join(records)
        batches.append(
            RawBatch(len(whole), len(whole) + len(body), len(records), 100 * (len(batches) + 1), 1000, append_time)
        )
        whole += body
    found, size = parse(TP, whole, batches, wanted)
    assert size == sum(len(each) - (1 if len(each) < 65 else 2) for body in bodies for each in body)
    return found


def keyed(delta: int, key: bytes | None, value: bytes | None, *headers: tuple[bytes, bytes | None]) -> bytes:
    """Return a record that is two seconds later than its batch."""
    body = b"\0" + varint(2000) + varint(delta)
    for each in (key, value):
        body += varint(-1) if each is None else varint(len(each)) + each
    body += varint(len(headers))
    for name, content in headers:
        body += varint(len(name)) + name + (varint(-1) if content is None else varint(len(content)) + content)
    return varint(len(body)) + body


def test_batches_of_records_become_columns() -> None:
    batch = parsed([record(0, b"a"), record(2, b"x" * 100)], [record(1, b"c")])
    assert (batch.partitions, batch.which.tolist()) == ((TP,), [0, 0, 0])
    assert (batch.offsets.tolist(), batch.times.tolist()) == ([100, 102, 201], [1000] * 3)
    assert (batch.values, batch.keys, batch.headers) == ([b"a", b"x" * 100, b"c"], None, None)


@pytest.mark.parametrize("length", [57, 58, 8180, 8181, 1 << 20, 1 << 22])
def test_lengths_of_any_number_of_bytes(length: int) -> None:
    body = record(0, b"x" * length) + record(1, b"y")
    found, _ = parse(TP, body, [RawBatch(0, len(body), 2, 0, 0, None)], Wanted())
    assert found.values == [b"x" * length, b"y"]


def test_keys_and_headers_are_there_if_they_are_wanted() -> None:
    body = [
        keyed(0, b"k", None, (b"h", b"v"), (b"trace", None)),
        keyed(1, None, b"", (b"h", b"")),
        keyed(2, b"", b"x"),
    ]
    batch = parsed(body)
    assert (batch.times.tolist(), batch.values) == ([3000] * 3, [None, b"", b"x"])
    assert batch.keys == [b"k", None, b""]
    assert batch.headers == [[("h", b"v"), ("trace", None)], [("h", b"")], []]
    bare = parsed(body, wanted=Wanted(keys=False, headers=False))
    assert (bare.values, bare.keys, bare.headers) == (batch.values, None, None)


def test_the_time_of_a_broker_is_that_of_all_records() -> None:
    assert parsed([keyed(0, None, b"a"), keyed(1, None, b"b")], append_time=77).times.tolist() == [77, 77]


@pytest.mark.parametrize(
    "body",
    [
        record(0, b"a")[:-1],
        record(0, b"a") + b"x",
        varint(-5) + record(0, b"a")[1:],
        b"\x80" * 10 + record(0, b"a"),
        b"",
        keyed(0, None, b"a", (b"\xff", b"v")),
        keyed(0, None, b"a", ("ä".encode(), b"v")),
        keyed(0, None, b"a", (b"n" * 300, b"v")),
        keyed(0, None, b"a", *[(b"h", b"v")] * 65),
        record(1 << 62, b"a"),
    ],
    ids=["cut", "longer", "negative", "endless", "empty", "no text", "no ASCII", "long name", "many", "far"],
)
def test_what_is_not_plain_is_refused(body: bytes) -> None:
    with pytest.raises(NotPlainError):
        parse(TP, body, [RawBatch(0, len(body), 1, 0, 0, None)], Wanted())


@pytest.mark.parametrize("batch", [RawBatch(0, 9, -1, 0, 0, None), RawBatch(0, 9, 1, 1 << 62, 0, None)])
def test_a_header_that_can_not_be_right_is_refused(batch: RawBatch) -> None:
    with pytest.raises(NotPlainError):
        parse(TP, record(0, b"a"), [batch], Wanted())
