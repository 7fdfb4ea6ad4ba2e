"""Kafka for the tests and the benchmarks: a real one if available, and the demo's embedded one.

``with find_kafka() as broker: ...`` gives a running Apache Kafka, or raises ``NoKafka`` with a message on how to
get one.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import subprocess
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol, Self

from tests.jars import NoKafka
from tests.kafka_brokers import DockerBroker, ExternalBroker, JarsBroker

MESSAGE_MAX_BYTES = 20 * 1024 * 1024

Header = tuple[str, bytes]
Record = tuple[bytes | None, bytes | None, Sequence[Header], int | None, int | None]
"""Key, value, headers, timestamp in milliseconds, partition; Kafka chooses a timestamp or partition of ``None``."""


class Broker(Protocol):
    """A server of the Kafka protocol."""

    @property
    def bootstrap_servers(self) -> str: ...

    @property
    def kind(self) -> Literal["kafka", "embedded"]: ...

    @property
    def client_options(self) -> dict[str, Any]:
        """The options of kafka-python's clients besides ``bootstrap_servers``."""
        ...

    def start(self) -> None:
        """Start the broker if it is not running."""
        ...

    def create_topic(self, name: str, partitions: int = 1) -> None: ...

    def close(self) -> None:
        """Stop the broker and remove its data."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class EmbeddedAdapter:
    """An adapter of the demo's embedded broker to the interface of test brokers."""

    kind: Literal["kafka", "embedded"] = "embedded"

    def __init__(self) -> None:
        self._embedded = importlib.import_module("stream_monitor.demo.broker").EmbeddedBroker()
        self._running = False
        self.client_options: dict[str, Any] = {"api_version": (2, 3)}

    @property
    def bootstrap_servers(self) -> str:
        return str(self._embedded.bootstrap_servers)

    def start(self) -> None:
        if not self._running:
            self._embedded.start()
            self._running = True

    def create_topic(self, name: str, partitions: int = 1) -> None:
        """Create the topic if the mock cluster supports that; otherwise the first request creates it."""
        if hasattr(self._embedded, "create_topic"):
            self._embedded.create_topic(name, partitions)

    def close(self) -> None:
        self._embedded.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def find_kafka() -> Broker:
    """Return a running Apache Kafka: the one that the environment names, else one from the jars, else from Docker.

    Raises:
        NoKafka: None is available.
    """
    if servers := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        external = ExternalBroker(servers)
        external.start()
        return external
    reasons = []
    for make in (JarsBroker, _docker):
        try:
            broker: Broker = make()
        except NoKafka as none:
            reasons.append(str(none))
        else:
            broker.start()
            return broker
    raise NoKafka(
        f"no Apache Kafka: {'; '.join(reasons)}. To get one, install Java 17+ and Maven, or start Docker and"
        " `pip install testcontainers`, or name a running one in KAFKA_BOOTSTRAP_SERVERS"
    )


def produce(broker: Broker, topic: str, records: Iterable[Record], **options: Any) -> int:
    """Send the records and return their number once all are delivered; ``options`` are those of the producer."""
    from kafka import KafkaProducer

    defaults = {"linger_ms": 20, "batch_size": 256 * 1024, "max_request_size": MESSAGE_MAX_BYTES}
    settings = defaults | broker.client_options | options
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, **settings)
    failures: list[Exception] = []
    count = 0
    try:
        for key, value, headers, timestamp_ms, partition in records:
            sent = producer.send(topic, value, key, list(headers), partition, timestamp_ms)
            sent.add_errback(failures.append)
            count += 1
        producer.flush()
    finally:
        producer.close()
    if failures:
        raise failures[0]
    return count


def _docker_answers() -> bool:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(["docker", "info"], capture_output=True, timeout=20).returncode == 0
    return False


def _docker() -> DockerBroker:
    if not _docker_answers():
        raise NoKafka("no Docker daemon answers")
    if not importlib.util.find_spec("testcontainers"):
        raise NoKafka("Docker is here, testcontainers is not")
    return DockerBroker()
