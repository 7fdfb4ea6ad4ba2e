"""The producer of the scenario's events."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

import orjson
from kafka import KafkaProducer
from kafka.errors import KafkaError

from stream_monitor.core.errors import SourceError
from stream_monitor.demo.clock import DemoClock
from stream_monitor.demo.scenario import CAUSES, LENGTH, applicant, garbage
from stream_monitor.demo.service import Service

INFERENCE, LABELS = "inference", "labels"
#: Real seconds from a prediction to its label.
LABEL_DELAY = 1.5


class DemoProducer(threading.Thread):
    """Sends one day after another until it is stopped.

    Args:
        bootstrap_servers: The broker's address.
        service: The service whose predictions are sent.
        clock: The time of the scenario.
        options: Settings of the Kafka client.
        repeat: True for one day after another, False for one.

    Attributes:
        started: The times at which the first day's causes began, by the number of their mistake.
    """

    def __init__(
        self, bootstrap_servers: str, service: Service, clock: DemoClock, options: Mapping[str, Any], repeat: bool
    ) -> None:
        super().__init__(name="producer", daemon=True)
        self._service, self._clock, self._repeat = service, clock, repeat
        try:
            self._kafka = KafkaProducer(bootstrap_servers=bootstrap_servers.split(","), linger_ms=20, **options)
        except KafkaError as error:
            raise SourceError(f"can't reach {bootstrap_servers}: {type(error).__name__}") from None
        self._due: deque[tuple[float, str, str]] = deque()
        self.started: dict[int, float] = {}
        self.day_over = threading.Event()
        self._stop_asked = threading.Event()

    def stop(self) -> None:
        """Stop, and wait until all is sent."""
        self._stop_asked.set()
        self.join(10)
        self._kafka.close(timeout=5)

    def run(self) -> None:
        self._clock.start()
        day = 0
        while not self._stop_asked.is_set() and (self._repeat or not day):
            self._play(day)
            day += 1
            self.day_over.set()

    def _play(self, day: int) -> None:
        rng = random.Random(day + 1)
        for at in range(LENGTH):
            now = self._clock.at(day, at)
            if self._wait(now):
                return
            for cause in CAUSES:
                if cause.at == at:
                    self.started.setdefault(cause.mistake, now)
            self._send(rng, at, f"d{day}-{at}", now)
            self._send_labels(now)
        end = self._clock.at(day, LENGTH) + LABEL_DELAY * self._clock.speed
        if not self._repeat and not self._wait(end):
            self._send_labels(end)

    def _wait(self, until: float) -> bool:
        """Wait until a time of the scenario; return True if it is to stop."""
        pause = (until - self._clock.now()) / self._clock.speed
        return self._stop_asked.wait(pause) if pause > 0 else self._stop_asked.is_set()

    def _send(self, rng: random.Random, at: int, identity: str, now: float) -> None:
        if unreadable := garbage(rng, at):
            self._kafka.send(INFERENCE, unreadable, key=identity.encode())
            return
        one = applicant(rng, at)
        event = self._service.event(rng, at, identity, one.features, one.sex)
        self._kafka.send(INFERENCE, orjson.dumps({**event, "ts": round(now, 3)}), key=identity.encode())
        self._due.append((now + LABEL_DELAY * self._clock.speed, identity, one.label))

    def _send_labels(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            _, identity, label = self._due.popleft()
            event = {"id": identity, "ts": round(now, 3), "label": label}
            self._kafka.send(LABELS, orjson.dumps(event), key=identity.encode())
