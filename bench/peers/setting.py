"""The setting shared by all peers: consumers for the topics, and a report. Each peer's loop has its own file."""

import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from kafka import KafkaConsumer


def kafka_options() -> dict[str, Any]:
    """Return the client options of this broker from the environment, with lists as tuples."""
    options = json.loads(os.environ.get("BENCH_KAFKA_OPTIONS", "{}"))
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}


class Bench:
    """One run of a peer: `PEER.py BOOTSTRAP_SERVERS TOPIC[,TOPIC] GROUP EVENTS`."""

    def __init__(self) -> None:
        self._servers, topics, self._group, events = sys.argv[1:]
        self._topics = topics.split(",")
        self.events = int(events)
        self._first = 0.0

    def consumer(self, **settings: Any) -> KafkaConsumer:
        return KafkaConsumer(
            *self._topics,
            bootstrap_servers=self._servers,
            group_id=self._group,
            auto_offset_reset="earliest",
            **settings,
            **kafka_options(),
        )

    def batches(self) -> Iterator[list[Any]]:
        """Yield the messages of librdkafka's consumer in lists, until all events came, with the time taken."""
        from confluent_kafka import Consumer

        settings = {"bootstrap.servers": self._servers, "group.id": self._group, "auto.offset.reset": "earliest"}
        consumer = Consumer(settings)
        consumer.subscribe(self._topics)
        seen = 0
        while seen < self.events:
            messages = consumer.consume(2000, 1.0)
            if messages and not seen:
                self.first_record()
            yield messages
            seen += len(messages)
        self.last_record()
        consumer.close()

    def first_record(self) -> None:
        """Start the timer at the first record, after joining the group."""
        self._first = time.monotonic()

    def last_record(self, **extra: Any) -> None:
        """Stop the timer, and print the report for the benchmark."""
        print(json.dumps({"seconds": time.monotonic() - self._first, "events": self.events, **extra}))
