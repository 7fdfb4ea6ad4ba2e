"""An embedded broker that speaks the real Kafka protocol: librdkafka's mock cluster."""

from __future__ import annotations

from typing import Any

from stream_monitor.core.errors import ConfigError

#: Settings of a kafka-python client for the mock cluster.
CLIENT_OPTIONS: dict[str, Any] = {"api_version": (2, 3)}


class EmbeddedBroker:
    """One broker in this process, which creates a topic at the first write."""

    def __init__(self, partitions: int = 4) -> None:
        self._partitions = partitions
        self._owner: Any = None
        self.bootstrap_servers = ""

    def start(self) -> None:
        try:
            from confluent_kafka import Producer
        except ImportError:
            raise ConfigError("the embedded broker needs: pip install 'stream-monitor[demo]'") from None
        # The cluster exists as long as the client that owns it.
        self._owner = Producer({"test.mock.num.brokers": 1, "log_level": 2})
        brokers = self._owner.list_topics(timeout=10).brokers.values()
        self.bootstrap_servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def create(self, *topics: str) -> None:
        """Create topics: the mock cluster does so when their metadata are asked for."""
        for topic in topics:
            self._owner.list_topics(topic, timeout=10)

    def stop(self) -> None:
        self._owner = None

    def __enter__(self) -> EmbeddedBroker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
