"""`KafkaSource` by itself: what a failing poll must not do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from kafka.errors import KafkaConnectionError

from stream_monitor.clock import SystemClock
from stream_monitor.errors import SourceError
from stream_monitor.sources.kafka import KafkaSource
from tests.brokers import Broker
from tests.conftest import MakeTopic
from tests.integration.events import prediction, send


@pytest.fixture
def source(any_broker: Broker, topic: MakeTopic) -> Iterator[KafkaSource]:
    """A source over a topic of 100 records, which it takes 10 at a time."""
    name = topic("source")
    send(any_broker, name, [prediction(at) for at in range(100)])
    options = {"max_poll_records": 10, **any_broker.client_options}
    clock = SystemClock()
    with closing(KafkaSource([any_broker.bootstrap_servers], [name], name, clock, options=options)) as source:
        yield source


def offsets(source: KafkaSource, until: int, failures: int = 0) -> list[int]:
    """The offsets given out, while so many polls, every other one, fail after they have read."""
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
    """A poll that reads, and then fails; the next one is as before."""
    poll = type(consumer).poll

    def failing(timeout_ms: int) -> Any:
        del consumer.poll
        poll(consumer, timeout_ms=timeout_ms)
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
