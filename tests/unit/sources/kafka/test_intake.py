"""Read-ahead of partitions while all wait for one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kafka import TopicPartition

from stream_monitor.sources.kafka.intake import MAX_BATCH_BYTES, MAX_HELD_BYTES, MAX_PAUSE, Intake
from stream_monitor.sources.kafka.kafka_python_polls import position_and_end
from stream_monitor.sources.partition_buffer import RECORD_BYTES
from stream_monitor.testing import FakeClock, Record

FAST, SLOW = TopicPartition("t", 0), TopicPartition("t", 1)
COUNT, LIMIT, FETCH = 8000, 2000, 100
LARGE = 10_000


class Log:
    """A fake client over two partitions; the slow one returns nothing yet, though it has more."""

    def __init__(self, size: int) -> None:
        self._value, self._paused, self.is_slow = b"x" * size, set[TopicPartition](), True
        self._at = {tp: SimpleNamespace(position=SimpleNamespace(offset=0), highwater=COUNT) for tp in (FAST, SLOW)}
        self._subscription = SimpleNamespace(assignment=self._at)
        self._coordinator = SimpleNamespace(rejoining=False, need_rejoin=lambda: False, _join_task=None)
        self.pause, self.resume = self._paused.add, self._paused.discard

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self._at[tp].position.offset = offset

    def poll(self, timeout_ms: float, max_records: int) -> dict[TopicPartition, list[Record]]:
        given = {}
        for tp, state in self._at.items():
            if tp not in self._paused and not (tp == SLOW and self.is_slow):
                first, number = state.position.offset, tp.partition
                state.position.offset = until = min(first + min(max_records, FETCH), COUNT)
                given[tp] = [Record("t", at, self._value, at, partition=number) for at in range(first, until)]
        return given


def read_ahead(size: int) -> tuple[Intake, Any]:
    """Fetch often enough to read all of the fast partition."""
    log: Any = Log(size)
    intake = Intake(FakeClock(), LIMIT)
    for tp in (FAST, SLOW):
        intake.start(log, tp, 0, -1)
    for _ in range(COUNT // FETCH):
        intake.fetch(log, 0.0)
    return intake, log


def test_a_partition_that_is_held_is_not_read_and_holds_back_the_others() -> None:
    log: Any = Log(10)
    log.is_slow = False
    intake = Intake(FakeClock(), LIMIT)
    intake.hold(log, SLOW)
    intake.start(log, FAST, 0, -1)
    assert intake.fetch(log, 0.0)
    assert intake.merge[FAST].held > 0
    assert position_and_end(log, SLOW)[0] == 0
    assert len(intake.take().records) == 0
    intake.start(log, SLOW, 0, -1)
    intake.fetch(log, 0.0)
    assert {record.partition for record in intake.take().records} == {0, 1}


def test_large_values_are_read_ahead_by_their_bytes() -> None:
    intake, _ = read_ahead(LARGE)
    each = LARGE + RECORD_BYTES
    assert MAX_HELD_BYTES / 2 <= intake.merge[FAST].held * each < MAX_HELD_BYTES / 2 + FETCH * each


def test_small_ones_are_read_ahead_by_their_number() -> None:
    intake, _ = read_ahead(10)
    assert 2 * LIMIT <= intake.merge[FAST].held < 2 * LIMIT + FETCH


def test_all_come_in_order_once_the_slow_one_gives() -> None:
    intake, log = read_ahead(LARGE)
    log.is_slow = False
    given: list[tuple[int, int]] = []
    for _ in range(COUNT):
        intake.fetch(log, 0.0)
        given += [(record.offset, record.partition) for record in intake.take().records]
    assert given == [(offset, number) for offset in range(COUNT) for number in (0, 1)]


def test_a_batch_is_as_long_as_its_values_let_it_be() -> None:
    intake, log = read_ahead(LARGE)
    log.is_slow = False
    intake.fetch(log, 0.0)
    assert len(intake.take().records) == MAX_BATCH_BYTES // (LARGE + RECORD_BYTES) > 2 * FETCH


def test_what_one_fetch_does_not_give_another_does() -> None:
    log: Any = Log(10)
    log.is_slow = False
    intake = Intake(FakeClock(), LIMIT)
    for tp in (FAST, SLOW):
        intake.start(log, tp, 0, -1)
    intake.fetch(log, 0.0)
    assert sum(intake.merge[tp].held for tp in (FAST, SLOW)) == LIMIT


def test_batches_that_are_there_are_given_without_a_fetch_for_a_moment() -> None:
    log: Any = Log(10)
    log.is_slow = False
    clock = FakeClock()
    intake = Intake(clock, limit := 3 * FETCH // 2)
    for tp in (FAST, SLOW):
        intake.start(log, tp, 0, -1)
    assert intake.needs_fetch
    for _ in range(2):
        intake.fetch(log, 0.0)
        clock.advance(MAX_PAUSE / 2)
    assert not intake.needs_fetch
    assert len(intake.take().records) == limit
    assert not intake.needs_fetch
    clock.advance(MAX_PAUSE / 2)
    assert intake.needs_fetch
    intake.fetch(log, 0.0)
    while len(intake.take().records) == limit and not intake.needs_fetch:
        pass
    assert all(intake.merge[tp].held < limit for tp in (FAST, SLOW))


def test_a_partition_that_lacks_its_part_of_a_batch_is_fetched_at_once() -> None:
    intake, log = read_ahead(10)
    assert intake.needs_fetch
    log.is_slow = False
    intake.fetch(log, 0.0)
    assert not intake.needs_fetch


def test_a_full_partition_is_paused_once_and_resumed_when_it_is_half_empty() -> None:
    calls: list[str] = []
    log: Any = SimpleNamespace(pause=lambda _: calls.append("pause"), resume=lambda _: calls.append("resume"))
    intake = Intake(FakeClock(), LIMIT)
    expected: list[str] = []
    steps = ((0.99, ""), (1.0, "pause"), (1.5, ""), (0.5, ""), (0.49, "resume"), (0.1, ""), (1.0, "pause"))
    for full, call in steps:
        intake._pause_or_resume(log, FAST, full)
        expected += [call] if call else []
        assert calls == expected


def test_the_lag_counts_from_the_first_record_that_was_not_taken() -> None:
    log: Any = Log(10)
    intake = Intake(FakeClock(), LIMIT)
    assert intake.lag(log, FAST) is None
    intake.start(log, FAST, 40, -1)
    assert intake.lag(log, FAST) == COUNT - 40
    intake.fetch(log, 0.0)
    assert intake.merge[FAST].held == LIMIT
    assert intake.lag(log, FAST) == COUNT - 40
    taken = len(intake.take().records)
    assert intake.lag(log, FAST) == COUNT - 40 - taken
    log._at[FAST].highwater = None
    assert intake.lag(log, FAST) is None
