"""Polls of kafka-python's consumer, which go on while its group rebalances."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.abstract import RebalanceProtocol

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.clock import Clock
from stream_monitor.sources.kafka.kafka_python import PATIENCE_MS

#: Seconds between two checks of a rebalance that goes on in the background.
_REBALANCE_STEP = 0.1
#: The same while nothing is read: what the rebalance assigns waits for the next check.
_JOIN_STEP = 0.02


def is_rejoining(consumer: KafkaConsumer) -> bool:
    """Return True when the group is rebalancing, or is about to."""
    coordinator = consumer._coordinator
    if coordinator.rejoining:
        # Otherwise a leader that rejoins for new partitions forgets that it does so (3.0.12), and is expelled.
        coordinator.request_rejoin()
    return bool(coordinator.need_rejoin())


def may_commit(consumer: KafkaConsumer) -> bool:
    """Return True when the group takes a commit, which it does not between a join and the assignment."""
    return bool(consumer._coordinator.stable())


def await_rebalance(consumer: KafkaConsumer, clock: Clock, is_needed: Callable[[], bool]) -> bool:
    """Poll without taking records until a rebalance ends or no commit is needed; return True when it ended.

    It waits `PATIENCE_MS` at most, and not at all where there is no rebalance.
    """
    deadline = clock.monotonic() + PATIENCE_MS / 1000
    if may_commit(consumer):
        return False
    while is_needed() and not may_commit(consumer) and clock.monotonic() < deadline:
        consumer.pause(*consumer.assignment())
        fetch(consumer, 0.1, 1)
    return may_commit(consumer)


def position_and_end(consumer: KafkaConsumer, tp: TopicPartition) -> tuple[int | None, int | None]:
    """Return the offset to be fetched next and the partition's end offset; None: unknown.

    consumer.position() would look at every other partition too.
    """
    state = consumer._subscription.assignment[tp]
    return (state.position.offset if state.position else None), state.highwater


def fetch(consumer: KafkaConsumer, seconds: float, limit: int) -> dict[TopicPartition, RecordBatch]:
    """Poll for records, of the partitions that stay here also during a rebalance.

    The client's own poll returns nothing until the last member of the group has joined again, which can take as long
    as the session timeout of one that was killed.
    """
    polled = _fetch(consumer, seconds, limit)
    return {tp: _batch(given) for tp, given in polled.items()}


def _batch(given: Sequence[Any]) -> RecordBatch:
    """Return what the client gives of a partition: columns, or records if its insides are not known."""
    is_columns = bool(given) and isinstance(given[0], RecordBatch)
    return RecordBatch.concat(given) if is_columns else RecordBatch.of(given)


def _fetch(consumer: KafkaConsumer, seconds: float, limit: int) -> dict[TopicPartition, Sequence[Any]]:
    if not is_rejoining(consumer):
        return _poll(consumer, seconds, limit)
    if not (consumer._coordinator._rebalance_protocol == RebalanceProtocol.COOPERATIVE and consumer.assignment()):
        return _poll(consumer, min(seconds, _JOIN_STEP), limit)
    step = min(seconds, _REBALANCE_STEP)
    polled = _poll(consumer, 0, limit)
    if not polled and consumer.assignment() and is_rejoining(consumer):
        polled, idle = consumer._fetcher.fetch_records(limit, timeout_ms=math.ceil(step * 1000))
        if idle:
            time.sleep(step)
    return dict(polled)


def _poll(consumer: KafkaConsumer, seconds: float, limit: int) -> dict[TopicPartition, Sequence[Any]]:
    try:
        return dict(consumer.poll(timeout_ms=math.ceil(seconds * 1000), max_records=limit))
    finally:
        join = consumer._coordinator._join_task
        if join is not None and not isinstance(join, _Join):
            consumer._coordinator._join_task = _Join(join)


class _Join:
    """A join whose result a later poll is to read.

    The client ignores one that ended between two polls, and joins the group once more (3.0.12).
    """

    is_done = False

    def __init__(self, task: Any) -> None:
        self.add_callback, self.add_errback = task.add_callback, task.add_errback
