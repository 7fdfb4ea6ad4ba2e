"""The linger: brokers answer at ticks, and at once while a partition is behind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from stream_monitor.sources.kafka.intake import Intake
from stream_monitor.sources.kafka.linger import Linger
from stream_monitor.sources.kafka.source import KafkaSource
from stream_monitor.testing import FakeClock
from tests.unit.sources.kafka.fake_client import P0, P1, START, FakeClient

GIVEN = {"fetch_min_bytes": 1, "fetch_max_wait_ms": 50, "max_partition_fetch_bytes": 5000, "fetch_max_bytes": 9000}


class Fetcher:
    """Of the client's fetcher what decides over a fetch: how far partitions are read, and what was sent."""

    def __init__(self, **config: int) -> None:
        self.config = GIVEN | config
        self.states = {at: SimpleNamespace(position=SimpleNamespace(offset=5), highwater=5) for at in range(2)}
        self._subscriptions = SimpleNamespace(assignment=self.states)
        self.sent: list[tuple[int, int]] = []
        #: For each look how many brokers have not answered.
        self.unanswered: list[int] = []

    def send_fetches(self) -> str:
        self.sent.append((self.config["fetch_min_bytes"], self.config["fetch_max_wait_ms"]))
        return "sent"

    def in_flight_fetches(self) -> bool:
        return bool(self.unanswered and self.unanswered.pop(0))


def lingering(clock: FakeClock, latency: float = 1.25, fixed: tuple[str, ...] = (), **config: int) -> tuple[Any, Any]:
    """Return a fetcher over caught-up partitions, and its linger; a first fetch is answered at once."""
    fetcher, linger = Fetcher(**config), Linger(clock, latency, fixed)
    linger.attach(SimpleNamespace(_fetcher=fetcher))  # type: ignore[arg-type]
    assert fetcher.send_fetches() == "sent"
    return fetcher, linger


def test_all_fetches_are_answered_at_the_same_ticks() -> None:
    clock = FakeClock(0.0)
    fetcher, _ = lingering(clock)
    for seconds in (0.0, 0.25, 0.75):  # the last at the tick
        clock.advance(seconds)
        fetcher.send_fetches()
    assert fetcher.sent == [(5000, 0), (5000, 1000), (5000, 750), (5000, 1000)]


def test_after_a_pause_the_next_fetch_does_not_wait() -> None:
    clock = FakeClock(0.0)
    fetcher, _ = lingering(clock)
    fetcher.send_fetches()
    clock.advance(64)
    for _ in range(2):
        fetcher.send_fetches()
    assert [wait for _, wait in fetcher.sent] == [0, 1000, 0, 1000]


def test_what_a_late_poll_has_lost_the_next_fetch_makes_good() -> None:
    clock = FakeClock(0.0)
    fetcher, _ = lingering(clock)
    fetcher.send_fetches()
    clock.advance(1.25)  # 0.25 s after the tick
    fetcher.send_fetches()
    assert [wait for _, wait in fetcher.sent] == [0, 1000, 750]


@pytest.mark.parametrize(("position", "highwater"), [(4, 5), (None, 5), (5, None)])
def test_while_a_partition_is_behind_nothing_waits(position: int | None, highwater: int | None) -> None:
    fetcher, _ = lingering(FakeClock(0.0))
    state = fetcher.states[1]
    state.position, state.highwater = position and SimpleNamespace(offset=position), highwater
    fetcher.send_fetches()
    state.position, state.highwater = SimpleNamespace(offset=5), 5
    fetcher.send_fetches()
    assert fetcher.sent == [(5000, 0), (1, 50), (5000, 1000)]


def test_a_fetch_waits_for_no_more_than_the_broker_may_send() -> None:
    fetcher, _ = lingering(FakeClock(0.0), fetch_max_bytes=700)
    assert fetcher.sent == [(700, 0)]


@pytest.mark.parametrize(("fixed", "sent"), [("fetch_min_bytes", (7, 1000)), ("fetch_max_wait_ms", (5000, 50))])
def test_settings_that_are_given_stay(fixed: str, sent: tuple[int, int]) -> None:
    fetcher, _ = lingering(FakeClock(0.0), fixed=(fixed,), fetch_min_bytes=7)
    fetcher.send_fetches()
    assert fetcher.sent[-1] == sent


def test_at_a_tick_the_answers_of_other_brokers_are_awaited() -> None:
    clock = FakeClock(0.0)
    fetcher, linger = lingering(clock)
    fetcher.send_fetches()
    client: Any = SimpleNamespace(_fetcher=fetcher)
    fetcher.unanswered = [0, 2, 1, 0, 1]
    clock.advance(0.99)  # one that has so much that it answers early makes a batch by itself
    assert not linger.gather(client)
    clock.advance(0.01)
    assert not linger.gather(client)
    assert linger.gather(client)
    assert fetcher.unanswered == [1]


def test_in_a_backlog_no_other_answer_is_awaited() -> None:
    clock = FakeClock(0.0)
    fetcher, linger = lingering(clock)
    fetcher.states[0].highwater = 9
    fetcher.send_fetches()
    fetcher.unanswered = [1] * 9
    clock.advance(9.0)
    assert not linger.gather(SimpleNamespace(_fetcher=fetcher))
    assert len(fetcher.unanswered) == 9


def test_a_broker_that_is_silent_is_not_awaited_for_long() -> None:
    clock = FakeClock(0.0)
    fetcher, linger = lingering(clock, 0.01)
    fetcher.unanswered = [1] * 100_000
    assert linger.gather(SimpleNamespace(_fetcher=fetcher))
    assert len(fetcher.unanswered) > 90_000


def test_records_that_were_awaited_come_in_the_same_batch() -> None:
    clock = FakeClock(0.0)
    log: Any = FakeClient(clock, {P0: 3, P1: 3})
    intake = Intake(clock, 100, linger := Linger(clock, 1.0, ()))
    for tp in (P0, P1):
        log._states[tp] = SimpleNamespace(position=None, highwater=None)
        intake.start(log, tp, 0, START)
    log.counts[P1] = 0
    answers = iter([True, False])

    def gather(_: Any) -> bool:
        log.counts[P1] = 3
        return next(answers)

    linger.gather = gather  # type: ignore[method-assign]
    assert intake.fetch(log, 0.0)
    assert [record.partition for record in intake.take().records] == [0, 1] * 3


@pytest.mark.parametrize(("latency", "attached"), [(0.0, 0), (0.25, 1)])
def test_a_source_without_a_latency_is_the_client_as_it_is(
    monkeypatch: pytest.MonkeyPatch, latency: float, attached: int
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(Linger, "attach", lambda _, consumer: seen.append(consumer))
    monkeypatch.setattr("stream_monitor.sources.kafka.source.connect", lambda *_: "client")
    source = KafkaSource(["b:1"], ["t"], "g", FakeClock(0.0), max_latency=latency)
    source._connected()
    source._connected()
    assert seen == ["client"] * attached
