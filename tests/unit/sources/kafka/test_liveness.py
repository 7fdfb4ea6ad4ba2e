"""A silent broker is asked for a committed offset, once per interval of silence."""

from __future__ import annotations

from kafka import TopicPartition

from stream_monitor.sources.kafka.kafka_python import PATIENCE_MS
from stream_monitor.sources.kafka.liveness import MAX_SILENCE, Liveness
from stream_monitor.testing import FakeClock


class Client:
    def __init__(self) -> None:
        self.asked: list[tuple[TopicPartition, float]] = []
        self.assigned = {TopicPartition("p", 1), TopicPartition("p", 0)}

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    def committed(self, tp: TopicPartition, timeout_ms: float) -> None:
        self.asked.append((tp, timeout_ms))


def test_only_silence_is_asked_about() -> None:
    clock, client = FakeClock(), Client()
    liveness = Liveness(clock)

    def check(after: float, has_answered: bool = False) -> int:
        clock.advance(after)
        liveness.check(client, has_answered)  # type: ignore[arg-type]
        return len(client.asked)

    assert check(MAX_SILENCE - 1) == 0
    assert check(0.5, has_answered=True) == 0
    assert check(MAX_SILENCE - 1) == 0
    assert check(1) == 1
    assert check(MAX_SILENCE - 1) == 1
    assert check(1) == 2
    assert client.asked == [(TopicPartition("p", 0), PATIENCE_MS)] * 2
    client.assigned = set()
    assert check(MAX_SILENCE) == 2
