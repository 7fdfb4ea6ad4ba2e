"""The producer of the scenario's events."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import orjson
from kafka import KafkaProducer
from kafka.errors import KafkaError

from stream_monitor.core.errors import SourceError
from stream_monitor.demo.scenario import INCIDENTS, Application, applications, stamp

INFERENCE, LABELS = "inference", "labels"
#: Seconds from a prediction to its label.
LABEL_DELAY = 1.5


class DemoProducer(threading.Thread):
    """Sends one day after another until it is stopped; ``started`` has the times of the first day's incidents."""

    def __init__(self, bootstrap_servers: str, rate: float, options: Mapping[str, Any], repeat: bool) -> None:
        super().__init__(name="producer", daemon=True)
        self._rate, self._repeat = rate, repeat
        try:
            self._kafka = KafkaProducer(bootstrap_servers=bootstrap_servers.split(","), linger_ms=20, **options)
        except KafkaError as error:
            raise SourceError(f"can't reach {bootstrap_servers}: {type(error).__name__}") from None
        self._due: deque[tuple[float, str, str]] = deque()
        self.sent = 0
        self.started: dict[str, float] = {}
        self.day_over = threading.Event()
        self._stop_asked = threading.Event()

    def stop(self) -> None:
        """Stop, and wait until all is sent."""
        self._stop_asked.set()
        self.join(10)
        self._kafka.close(timeout=5)

    def run(self) -> None:
        day = 0
        while not self._stop_asked.is_set() and (self._repeat or not day):
            self._play(day)
            day += 1
            self.day_over.set()

    def _play(self, day: int) -> None:
        begin = time.time()
        for at, application in enumerate(applications(seed=day + 1, prefix=f"d{int(begin)}")):
            pause = begin + at / self._rate - time.time()
            if pause > 0:
                self._stop_asked.wait(pause)
            if self._stop_asked.is_set():
                return
            now = time.time()
            for incident in INCIDENTS:
                if incident.at == at:
                    self.started.setdefault(incident.name, now)
            self._send(application, now)
            self._send_labels(now)
        self._stop_asked.wait(LABEL_DELAY)
        self._send_labels(time.time())

    def _send(self, application: Application, now: float) -> None:
        self._kafka.send(INFERENCE, stamp(application.body, now), key=application.id.encode())
        self.sent += 1
        if application.label is not None:
            self._due.append((now + LABEL_DELAY, application.id, application.label))

    def _send_labels(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            _, identity, label = self._due.popleft()
            event = {"id": identity, "ts": round(now, 3), "label": label}
            self._kafka.send(LABELS, orjson.dumps(event), key=identity.encode())
