"""The merge by time: records held back, for how long, and the cost."""

from __future__ import annotations

import logging

import pytest

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import TopicPartition
from stream_monitor.sources.base import AppliedOffset
from stream_monitor.sources.merge import MAX_SILENCE, TimeMerge
from stream_monitor.sources.partition_buffer import RECORD_BYTES
from stream_monitor.testing import FakeClock, Record
from tests.stamped import stamped

A: TopicPartition = ("a", 0)
B: TopicPartition = ("b", 0)
END = 99, 99


def merge_of(*tps: TopicPartition, clock: FakeClock | None = None) -> TimeMerge:
    merge = TimeMerge(clock or FakeClock())
    for tp in tps:
        merge.follow(tp, 0)
    return merge


def taken(merge: TimeMerge, limit: int = 100) -> list[tuple[str, int]]:
    """Return topic and offset of all records that can be taken, in small batches."""
    given: list[tuple[str, int]] = []
    while len(batch := merge.take(limit).records):
        given += [(record.topic, record.offset) for record in batch]
    return given


def test_a_partition_of_which_nothing_is_known_holds_back_everything() -> None:
    merge = merge_of(A, B)
    merge[A].add(stamped(A, 1, 2, 3))
    merge[A].update_position(*END)
    assert taken(merge) == []
    merge[B].add(stamped(B, 2))
    assert taken(merge) == [("a", 0), ("a", 1), ("b", 0)]
    merge[B].update_position(*END)
    assert taken(merge) == [("a", 2)]


def test_one_that_has_more_lets_through_what_can_not_come_before_its_next() -> None:
    merge = merge_of(A, B)
    merge[A].add(stamped(A, 1, 5, 9))
    merge[B].add(stamped(B, 4, 5, 6))
    assert taken(merge) == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("b", 2)]
    merge[B].add(stamped(B, 9, start=3))
    assert taken(merge) == [("a", 2)]
    merge[A].update_position(*END)
    assert taken(merge) == [("b", 3)]


def test_one_that_is_caught_up_holds_nothing_back() -> None:
    merge = merge_of(A, B)
    merge[B].update_position(*END)
    merge[A].add(stamped(A, 7))
    assert taken(merge) == [("a", 0)]
    merge[B].add(stamped(B, 3, 8))
    assert taken(merge) == [("b", 0)]
    merge[A].update_position(*END)
    assert taken(merge) == [("b", 1)]


def test_what_waits_of_one_partition_is_merged_with_what_comes_of_another() -> None:
    merge = merge_of(A, B)
    for tp in (A, B):
        merge[tp].update_position(*END)
    merge[A].add(stamped(A, 1, 2, 3, 4))
    assert [record.offset for record in merge.take(2).records] == [0, 1]
    merge[B].add(stamped(B, 3))
    assert taken(merge) == [("a", 2), ("b", 0), ("a", 3)]


def test_a_time_that_falls_does_not_move_a_record() -> None:
    merge = merge_of(A, B)
    merge[A].add(stamped(A, 5, 1, 1, 6))
    merge[B].add(stamped(B, 4, 5, 6))
    for tp in (A, B):
        merge[tp].update_position(*END)
    assert taken(merge) == [("b", 0), ("a", 0), ("a", 1), ("a", 2), ("b", 1), ("a", 3), ("b", 2)]


def test_records_without_a_time_go_with_the_one_before() -> None:
    merge = merge_of(A, B)
    merge[A].add(stamped(A, None, 5, None))
    merge[B].add(stamped(B, -1, 4, 6))
    for tp in (A, B):
        merge[tp].update_position(*END)
    assert taken(merge) == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]


def test_what_comes_after_the_restore_end_waits_and_holds_back_nobody() -> None:
    merge = TimeMerge(FakeClock())
    merge.follow(A, 0, restore_end=2)
    merge.follow(B, 0)
    merge[A].add(stamped(A, 1, 2, 3, 9))
    merge[A].update_position(4, 10)
    merge[B].add(stamped(B, 4, 10))
    merge[B].update_position(*END)
    assert not merge[A].is_restored(4)
    assert taken(merge, 1) == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    assert merge[A].is_restored(4)
    assert (merge[A].held, merge[A].offset) == (2, 2)
    merge[A].end_restore()
    merge[A].update_position(*END)
    assert taken(merge) == [("a", 2), ("a", 3)]
    assert not merge[A].is_restored(4)


def test_a_restore_end_in_a_gap_is_reached_when_the_gap_is_passed() -> None:
    merge = TimeMerge(FakeClock())
    merge.follow(A, 0, restore_end=5)
    merge[A].update_position(3, 10)
    assert not merge[A].is_restored(3)
    merge[A].update_position(7, 10)
    assert merge[A].is_restored(7)


def test_it_tells_how_far_each_partition_has_come() -> None:
    merge = merge_of(A, B)
    merge[A].add(stamped(A, 3, 1))
    merge[B].add(stamped(B, 2, start=7))
    for tp in (A, B):
        merge[tp].update_position(*END)
    assert merge.take(2).offsets == [AppliedOffset("a", 0, 1, 3), AppliedOffset("b", 0, 8, 2)]
    assert (merge[A].held, merge[A].offset) == (1, 1)
    assert merge.take(2).offsets == [AppliedOffset("a", 0, 2, 3)]
    merge[B].add(stamped(B, 1, None, start=8))
    assert merge.take(2).offsets == [AppliedOffset("b", 0, 10, 2)]


def test_what_is_dropped_is_not_given_though_it_was_in_order_already() -> None:
    merge = merge_of(A, B)
    merge[A].add(stamped(A, 1, 3, 5))
    merge[B].add(stamped(B, 2, 4, 6))
    for tp in (A, B):
        merge[tp].update_position(*END)
    assert [record.topic for record in merge.take(1).records] == ["a"]
    merge.drop(A)
    assert taken(merge) == [("b", 0), ("b", 1), ("b", 2)]


def test_one_that_begins_anew_holds_nothing_of_before() -> None:
    merge = merge_of(A)
    merge[A].add(stamped(A, 1, 3, 5))
    merge.follow(A, 1, time=4)
    assert taken(merge) == []
    merge[A].add(stamped(A, 3, start=1))
    assert merge.take(9).offsets == [AppliedOffset("a", 0, 2, 4)]


def test_one_that_gives_nothing_is_waited_for_with_an_end(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    merge = merge_of(A, B, clock=clock)
    merge[A].update_position(*END)
    for _ in range(1000):  # while there is nothing that waits, there is nothing to lose patience about
        clock.advance(1)
        assert taken(merge) == []
    merge[A].add(stamped(A, 1))
    clock.advance(10 * MAX_SILENCE)  # the process was stopped
    with caplog.at_level(logging.WARNING):
        for _ in range(int(MAX_SILENCE) - 1):
            assert taken(merge) == []
            clock.advance(1)
        assert not caplog.records
        assert taken(merge) == []
        assert [record.getMessage()[:9] for record in caplog.records] == ["b[0] has "]
    assert taken(merge) == [("a", 0)]
    merge[B].add(stamped(B, 0))
    merge[A].add(stamped(A, 1, 2, start=1))
    assert taken(merge) == [("b", 0)]


def test_a_record_weighs_what_those_that_are_held_weigh_on_average() -> None:
    merge = merge_of(A)
    merge[A].add(RecordBatch.of([Record("a", offset, b"x" * 1000, 0) for offset in range(2)]))
    assert merge[A].mean_bytes == 1000 + RECORD_BYTES
    merge[A].add(RecordBatch.of([Record("a", offset, None, 0) for offset in range(2, 4)]))
    assert merge[A].mean_bytes == 500 + RECORD_BYTES


def test_a_batch_goes_on_with_what_can_be_put_in_order_next() -> None:
    merge = merge_of(A, B)
    merge[A].add(stamped(A, 1, 2))
    merge[B].add(stamped(B, 2, 5))
    assert len(merge.take(2).records) == 2
    merge[A].add(stamped(A, 4, 6, start=2))
    batch = merge.take(3)
    assert [(record.topic, record.offset) for record in batch.records] == [("b", 0), ("a", 2), ("b", 1)]
    assert sorted(batch.offsets) == [AppliedOffset(*A, 3, 4), AppliedOffset(*B, 2, 5)]
