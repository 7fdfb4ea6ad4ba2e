"""`KafkaSource` by itself: the order of its records, and polls that fail."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from kafka.errors import KafkaConnectionError

from stream_monitor.core.clock import SystemClock
from stream_monitor.core.errors import SourceError
from stream_monitor.core.records import TopicPartition
from stream_monitor.sources.kafka.source import KafkaSource
from tests.brokers import Broker, produce
from tests.conftest import MakeTopic
from tests.integration.events import START, prediction, send
from tests.integration.members import Member, Spot, by_time, drive


@pytest.fixture
def source(any_broker: Broker, topic: MakeTopic) -> Iterator[KafkaSource]:
    """Yield a source over a topic of 100 records, in batches of 10."""
    name = topic("source")
    send(any_broker, name, [prediction(at) for at in range(100)])
    options = {"max_poll_records": 10, **any_broker.client_options}
    clock = SystemClock()
    with closing(KafkaSource([any_broker.bootstrap_servers], [name], name, clock, options=options)) as source:
        yield source


def offsets(source: KafkaSource, until: int, failures: int = 0) -> list[int]:
    """Return the offsets given out while every other one of this many polls fails after reading."""
    given: list[int] = []
    deadline = time.monotonic() + 30
    while len(given) < until and time.monotonic() < deadline:
        try:
            given += [record.offset for record in source.poll(0.5)]
        except SourceError:
            continue
        consumer = source._consumer
        if consumer is not None and consumer.assignment() and failures:
            failures -= 1
            consumer.poll = failing_once(consumer)
    return given


def failing_once(consumer: Any) -> Any:
    """Make one poll fail after reading."""
    poll = type(consumer).poll

    def failing(**options: Any) -> Any:
        del consumer.poll
        poll(consumer, **options)
        raise KafkaConnectionError("gone")

    return failing


def test_a_poll_that_fails_loses_nothing_and_doubles_nothing(source: KafkaSource) -> None:
    assert offsets(source, 100, failures=3) == list(range(100))


def test_even_the_first_poll_may_fail(source: KafkaSource) -> None:
    source._connected()
    while not source._consumer.assignment():
        source._consumer.poll = failing_once(source._consumer)
        with pytest.raises(SourceError, match="gone"):
            source.poll(0.5)
    assert offsets(source, 100) == list(range(100))


def fill(broker: Broker, topics: Sequence[str], count: int) -> list[Spot]:
    """Write records of four partitions of different sizes, with times that sometimes fall; return them in order."""
    rng = random.Random(17)
    logs: dict[TopicPartition, list[int]] = {}
    for name in topics:
        sent = [(rng.choice([0, 0, 0, 1, 2, 3]), int(START * 1000) + at + rng.randint(-9, 9)) for at in range(count)]
        for partition, at in sent:
            logs.setdefault((name, partition), []).append(at)
        produce(broker, name, [(None, bytes(100), [], at, partition) for partition, at in sent])
    return by_time(logs)


@pytest.mark.parametrize(
    "options",
    [{}, {"max_poll_records": 70}, {"max_poll_records": 300, "max_partition_fetch_bytes": 20_000}],
)
def test_a_backlog_comes_in_the_order_of_time(
    kafka_broker: Broker, topic: MakeTopic, options: dict[str, int]
) -> None:
    """Two topics of four partitions, most of which are paused most of the time."""
    topics = topic("merged", partitions=4), topic("merged", partitions=4)
    expected = fill(kafka_broker, topics, 20_000)
    with Member(kafka_broker, topics, options=options) as member:
        drive(member, until=lambda: len(member.applied) >= len(expected))
        assert member.spots == expected
        assert member.lag == 0


def test_the_order_goes_on_over_failures_and_restarts(kafka_broker: Broker, topic: MakeTopic) -> None:
    """Each process is killed, and the next one goes on from the saved offsets."""
    topics = topic("lives", partitions=4), topic("lives", partitions=4)
    expected = fill(kafka_broker, topics, 3000)
    given: list[Spot] = []
    life = Member(kafka_broker, topics, options={"max_poll_records": 100})
    while len(given) < len(expected):
        with life:
            live(life, len(expected) - len(given))
        given += life.spots
        saved, owner = life.saved, life.source.owner
        life = Member(kafka_broker, topics, options={"max_poll_records": 100}, saved=saved, owner=owner)
    assert given == expected


def live(life: Member, left: int) -> None:
    """Read some of the remaining records, with one failure."""
    drive(life, until=lambda: len(life.applied) >= min(500, left))
    life.source._consumer.poll = failing_once(life.source._consumer)
    before = len(life.applied)
    drive(life, until=lambda: len(life.applied) > before or before == left)
    life.commit()


def test_a_partition_that_nothing_comes_from_is_waited_for(kafka_broker: Broker, topic: MakeTopic) -> None:
    """The lag counts records that were not given out, fetched or not."""
    name = topic("held", partitions=2)
    early, late = ([(None, b"{}", [], int((START + at) * 1000), at % 2)] for at in (0, 1))
    produce(kafka_broker, name, early + late)
    with Member(kafka_broker, [name]) as member:
        drive(member, until=lambda: len(member.applied) == 2)
        merge = member.source._intake.merge
        update_position = merge[(name, 0)].update_position
        merge[(name, 0)].update_position = lambda at, _: update_position(at, None)
        produce(kafka_broker, name, [(None, b"{}", [], int((START + 5) * 1000), 1)])
        drive(member, until=lambda: merge[(name, 1)].held == 1)
        assert (len(member.applied), member.lag) == (2, 1)
        merge[(name, 0)].update_position = update_position
        drive(member, until=lambda: len(member.applied) == 3)
        assert member.lag == 0
