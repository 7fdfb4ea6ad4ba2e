"""The fetch of a partition as columns: plain batches are parsed together, and none of them record by record."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.record import MemoryRecords

from stream_monitor.sources.kafka import column_partition as module
from stream_monitor.sources.kafka.column_partition import parser
from stream_monitor.sources.kafka.record_columns import Wanted, parse
from tests.integration.raw_batches import batch, broken

TP = TopicPartition("t", 0)


def at(base: int, raw: bytes, epoch: int = -1) -> bytes:
    """Return the batch with this base offset and leader epoch."""
    return struct.pack(">qii", base, len(raw) - 12, epoch) + raw[16:]


def values(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """For each run of batches that is parsed together, their number; -1 for a batch parsed record by record."""
    sizes: list[int] = []
    rows = module._Columns._rows

    def counted(tp: Any, whole: bytes, batches: Any, wanted: Wanted) -> Any:
        sizes.append(len(batches))
        return parse(tp, whole, batches, wanted)

    def by_row(self: Any, header: Any) -> Any:
        sizes.append(-1)
        return rows(self, header)

    monkeypatch.setattr(module, "parse", counted)
    monkeypatch.setattr(module._Columns, "_rows", by_row)
    return sizes


def fetched(*batches: bytes, fetch_offset: int = 0) -> Any:
    return parser(Wanted())(fetch_offset, TP, MemoryRecords(b"".join(batches)))


def offsets(taken: Any) -> list[int]:
    return [offset for part in taken for offset in part.offsets.tolist()]


def test_plain_batches_are_parsed_together(calls: list[int]) -> None:
    partition = fetched(batch(values(3)), at(3, batch(values(2), codec=1)), at(9, batch(values(1))))
    assert offsets(partition.take(100)) == [0, 1, 2, 3, 4, 9]
    assert (partition.next_fetch_offset, bool(partition), calls) == (10, False, [3])


def test_so_many_are_given_as_are_asked_for() -> None:
    partition = fetched(batch(values(3)), at(3, batch(values(2))), fetch_offset=1)
    for expected in ([1, 2], [3, 4]):
        taken = partition.take(2)
        assert (len(taken), offsets(taken)) == (2, expected)
        assert partition.next_fetch_offset == expected[-1] + 1
    assert partition
    assert not partition.take(2)
    assert not partition


def test_a_run_ends_with_a_leader_and_when_it_is_long(calls: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PARSED", 4)
    parts = [at(2 * number, batch(values(2)), epoch=int(number > 2)) for number in range(6)]
    partition = fetched(*parts)
    partition.take(1)
    assert (partition.leader_epoch, calls) == (0, [2])
    assert offsets(partition.take(100)) == list(range(1, 12))
    assert (partition.leader_epoch, calls) == (1, [2, 1, 2, 1])


def test_a_damaged_batch_is_the_only_one_that_is_parsed_by_records(calls: list[int]) -> None:
    partition = fetched(batch(values(2)), at(2, broken(batch(values(2)))), at(4, batch(values(2))))
    assert offsets(partition.take(100)) == [0, 1, 2, 3, 4, 5]
    assert calls == [1, -1, 1]


def test_a_client_is_known_by_its_version_and_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.is_supported()
    with monkeypatch.context() as patch:
        patch.setattr("kafka.__version__", "3.1.0")
        assert not module.is_supported()
    monkeypatch.delattr(module.DefaultRecordBatch, "_maybe_uncompress")
    assert not module.is_supported()
