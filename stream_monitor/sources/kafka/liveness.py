"""The check that a broker is still there while no records come."""

from __future__ import annotations

from kafka import KafkaConsumer

from stream_monitor.core.clock import Clock
from stream_monitor.sources.kafka.kafka_python import PATIENCE_MS

#: Seconds without an answer after which the broker is asked something.
MAX_SILENCE = 5.0


class Liveness:
    """Asks the group's coordinator when nothing comes, because a poll says nothing of a broker that is gone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_answer = clock.monotonic()

    def check(self, consumer: KafkaConsumer, has_answered: bool) -> None:
        """Note an answer; after a long silence ask for one, and raise a `KafkaError` when none comes."""
        now = self._clock.monotonic()
        if has_answered:
            self._last_answer = now
        elif now - self._last_answer >= MAX_SILENCE and (assigned := consumer.assignment()):
            consumer.committed(min(assigned), timeout_ms=PATIENCE_MS)
            self._last_answer = now
