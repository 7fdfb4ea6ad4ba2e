"""A load of predictions and labels, sent without a pause during a failure."""

from __future__ import annotations

import threading
import time
from typing import Any

import orjson
from kafka import KafkaProducer

from tests.brokers import Broker
from tests.integration.events import label, prediction

#: How long a record may be on its way: longer than a broker is away.
DELIVERY_MS = 100_000


class Load(threading.Thread):
    """Sends pairs with equal keys to two topics, until the end of its ``with`` block; then ``sent`` are there.

    A prediction comes with the label of the one ten before it; the last ten labels come at the end.
    """

    def __init__(self, broker: Broker, predictions: str, labels: str, partitions: int, per_second: int = 500) -> None:
        super().__init__(daemon=True)
        self._topics, self._partitions, self._pause = (predictions, labels), partitions, 10 / per_second
        options: dict[str, Any] = {"delivery_timeout_ms": DELIVERY_MS, "linger_ms": 5} | broker.client_options
        self._producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, **options)
        self._ended = threading.Event()
        self.failures: list[Exception] = []
        self.sent = 0

    def run(self) -> None:
        while not self._ended.wait(self._pause):
            for at in range(self.sent, self.sent + 10):
                self._send(0, at, prediction(at))
                if at >= 10:
                    self._send(1, at - 10, label(at - 10))
            self.sent += 10

    def wait_for(self, more: int, seconds: float = 60) -> None:
        """Wait until this many more are sent."""
        until, deadline = self.sent + more, time.monotonic() + seconds
        while self.sent < until:
            assert self.is_alive(), "the load has ended"
            assert time.monotonic() < deadline, "the load has come to a standstill"
            time.sleep(0.02)

    def _send(self, topic: int, at: int, event: dict[str, Any]) -> None:
        stamp = int(event["ts"] * 1000)
        sent = self._producer.send(
            self._topics[topic], orjson.dumps(event), b"r%d" % at, partition=at % self._partitions, timestamp_ms=stamp
        )
        sent.add_errback(self.failures.append)

    def __enter__(self) -> Load:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join(30)
        for at in range(max(self.sent - 10, 0), self.sent):
            self._send(1, at, label(at))
        self._producer.flush(DELIVERY_MS / 1000)
        self._producer.close()
        assert not self.failures, self.failures[0]
