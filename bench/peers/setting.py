"""The setting shared by all peers: a consumer for the topic, and a report. Each peer's loop has its own file."""

import json
import os
import sys
import time
from typing import Any

from kafka import KafkaConsumer


def kafka_options() -> dict[str, Any]:
    """Return the client options of this broker from the environment, with lists as tuples."""
    options = json.loads(os.environ.get("BENCH_KAFKA_OPTIONS", "{}"))
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}


class Bench:
    """One run of a peer: `PEER.py BOOTSTRAP_SERVERS TOPIC GROUP EVENTS`."""

    def __init__(self) -> None:
        self._servers, self._topic, self._group, events = sys.argv[1:]
        self.events = int(events)
        self._first = 0.0

    def consumer(self, **settings: Any) -> KafkaConsumer:
        return KafkaConsumer(
            self._topic,
            bootstrap_servers=self._servers,
            group_id=self._group,
            auto_offset_reset="earliest",
            **settings,
            **kafka_options(),
        )

    def first_record(self) -> None:
        """Start the timer at the first record, after joining the group."""
        self._first = time.monotonic()

    def last_record(self, **extra: Any) -> None:
        """Stop the timer, and print the report for the benchmark."""
        print(json.dumps({"seconds": time.monotonic() - self._first, "events": self.events, **extra}))
