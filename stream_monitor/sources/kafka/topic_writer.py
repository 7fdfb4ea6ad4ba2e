"""Writes records to a topic of Kafka, each acknowledged by all in-sync replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from stream_monitor.core.errors import SinkError
from stream_monitor.core.records import Record
from stream_monitor.sources.kafka.kafka_python import one_line

#: Milliseconds to wait for the topic's metadata, for an answer of a broker, and for the delivery of a record.
MAX_BLOCK_MS, MAX_REQUEST_MS, MAX_DELIVERY_MS = 5_000, 5_000, 15_000
#: Bytes of a request: the broker's own limits count.
MAX_REQUEST = 64 << 20
#: Settings that differ from kafka-python's: a topic is not created by writing to it.
DEFAULTS: dict[str, Any] = {
    "acks": "all",
    "enable_idempotence": False,
    "allow_auto_create_topics": False,
    "compression_type": "lz4",
    "client_id": "stream-monitor",
    "metrics_enabled": False,
    "bootstrap_timeout_ms": MAX_BLOCK_MS,
    "max_block_ms": MAX_BLOCK_MS,
    "request_timeout_ms": MAX_REQUEST_MS,
    "delivery_timeout_ms": MAX_DELIVERY_MS,
    "max_request_size": MAX_REQUEST,
}
#: Settings of a consumer that are of no use, or mean something else, to a producer.
_CONSUMER_ONLY = frozenset(("client_id", "metrics_enabled", "request_timeout_ms", "allow_auto_create_topics"))


class TopicWriter:
    """Writes records with their keys, headers and times; it connects at the first call.

    Args:
        bootstrap_servers: Brokers as ``HOST:PORT``.
        topic: The topic.
        options: Settings of kafka-python's consumer, of which those of a connection hold here, too.
    """

    def __init__(self, bootstrap_servers: Sequence[str], topic: str, options: Mapping[str, Any]) -> None:
        known = {
            name: value
            for name, value in options.items()
            if name in KafkaProducer.DEFAULT_CONFIG and name not in _CONSUMER_ONLY
        }
        self._config = {**DEFAULTS, **known, "bootstrap_servers": list(bootstrap_servers)}
        self._topic = topic
        self._producer: KafkaProducer | None = None

    def write(self, records: Sequence[Record]) -> None:
        """Write records, and return once all are acknowledged; no records: check that the topic exists.

        Raises:
            SinkError: Not all can be written now. Some may have been.
        """
        try:
            producer = self._connected()
            for future in [self._send(producer, record) for record in records]:
                future.get(timeout=MAX_DELIVERY_MS / 1000)
        except KafkaError as error:
            # What the client still holds would be sent beside the next attempt.
            self.close()
            told = f"can't write to {self._topic!r}: {type(error).__name__}: {one_line(error)}"
            raise SinkError(told) from None

    def _send(self, producer: KafkaProducer, record: Record) -> Any:
        value = record.value if isinstance(record.value, bytes) else None
        # The client refuses a record without key and value, which a topic may have.
        value = b"" if value is None and record.key is None else value
        return producer.send(
            self._topic, value, record.key, headers=list(record.headers), timestamp_ms=record.timestamp
        )

    def _connected(self) -> KafkaProducer:
        """Return the producer, of which the topic is known.

        Raises:
            SinkError: There is no such topic.
            KafkaError: No broker answers.
        """
        if self._producer is None:
            self._producer = KafkaProducer(**self._config)
        try:
            if self._producer.partitions_for(self._topic):
                return self._producer
        except KafkaTimeoutError:
            pass
        self.close()
        raise SinkError(f"the topic {self._topic!r} does not exist, or no broker answers")

    def close(self) -> None:
        """Close the connection; what is not acknowledged is dropped."""
        if self._producer is not None:
            # Otherwise the client (3.0.12) would wait for the rest, and raise an error.
            self._producer._sender.force_close()
            with suppress(KafkaError):
                self._producer.close(timeout=0)
            self._producer = None
