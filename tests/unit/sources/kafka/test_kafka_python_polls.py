"""Polls of the client, also during a rebalance."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kafka.coordinator.assignors.abstract import RebalanceProtocol

from stream_monitor.sources.kafka import kafka_python as module
from stream_monitor.sources.kafka.kafka_python import one_line, partition_count
from stream_monitor.sources.kafka.kafka_python_polls import (
    await_rebalance,
    fetch,
    is_rejoining,
    may_commit,
    position_and_end,
)
from stream_monitor.testing import FakeClock, Record
from tests.unit.sources.kafka.fake_internals import P0, P1, Client, Fetcher

RECORD = Record("p", 3, b"x", 5)


def fetched(client: Any, seconds: float) -> dict[Any, list[Any]]:
    """Return the records of a fetch of 7 at most."""
    return {tp: list(batch) for tp, batch in fetch(client, seconds, 7).items()}


def test_partitions_are_counted_by_what_is_known() -> None:
    assert [partition_count(Client(), topic) for topic in ("p", "none", "q")] == [3, 0, 0]


@pytest.mark.parametrize("rejoining", [False, True])
def test_a_rejoin_that_goes_on_is_asked_for_again(rejoining: bool) -> None:
    client = Client()
    client._coordinator.rejoining = rejoining
    assert is_rejoining(client) is rejoining  # type: ignore[arg-type]
    client._coordinator.rejoining, client._coordinator.needs_rejoin = False, True
    assert is_rejoining(client) is True  # type: ignore[arg-type]


def test_a_commit_is_taken_when_the_group_is_stable() -> None:
    client = Client()
    assert may_commit(client) is True  # type: ignore[arg-type]
    client._coordinator.is_stable = False
    assert may_commit(client) is False  # type: ignore[arg-type]


def test_position_and_end_are_unknown_before_the_first_fetch() -> None:
    states = {P0: SimpleNamespace(position=SimpleNamespace(offset=7), highwater=9)}
    states[P1] = SimpleNamespace(position=None, highwater=None)
    client: Any = SimpleNamespace(_subscription=SimpleNamespace(assignment=states))
    assert (position_and_end(client, P0), position_and_end(client, P1)) == ((7, 9), (None, None))


def test_a_rebalance_is_awaited_by_polls_of_nothing() -> None:
    client, clock = Client(), FakeClock()
    assert not await_rebalance(client, clock, lambda: True)  # type: ignore[arg-type]
    assert client.calls == []
    client._coordinator.is_stable = False
    needed = iter([True, True, False])
    assert not await_rebalance(client, clock, lambda: next(needed))  # type: ignore[arg-type]
    assert client.calls == [("pause", (P0,)), ("poll", 100, 1)] * 2


# During a rebalance


def test_outside_a_rebalance_a_fetch_is_a_poll() -> None:
    client = Client()
    client.polled = {P0: [RECORD]}
    assert fetched(client, 0.0501) == {P0: [RECORD]}
    assert client.calls == [("poll", 51, 7)]
    assert client._fetcher.asked == []


@pytest.mark.parametrize(
    ("protocol", "assigned"), [(RebalanceProtocol.EAGER, {P0}), (RebalanceProtocol.COOPERATIVE, set())]
)
def test_where_nothing_stays_a_rebalance_is_polled_in_short_steps(protocol: Any, assigned: set[Any]) -> None:
    client = Client()
    client._coordinator.needs_rejoin = True
    client._coordinator._rebalance_protocol, client.assigned = protocol, assigned
    for seconds in (5.0, 0.01):
        fetch(client, seconds, 7)  # type: ignore[arg-type]
    assert client.calls == [("poll", 20, 7), ("poll", 10, 7)]
    assert client._fetcher.asked == []


@pytest.mark.parametrize("idle", [False, True])
def test_partitions_that_stay_are_read_on(monkeypatch: pytest.MonkeyPatch, idle: bool) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    client = Client()
    client._coordinator.needs_rejoin = True
    client._fetcher.answers = [({P0: [RECORD]}, idle)]
    assert fetched(client, 5.0) == {P0: [RECORD]}
    assert client.calls == [("poll", 0, 7)]
    assert client._fetcher.asked == [((7,), {"timeout_ms": 100})]
    assert slept == ([0.1] if idle else [])


def test_what_the_poll_gave_is_enough() -> None:
    client = Client()
    client._coordinator.needs_rejoin, client.polled = True, {P0: [RECORD]}
    assert fetched(client, 5.0) == {P0: [RECORD]}
    assert client._fetcher.asked == []


@pytest.mark.parametrize("ended_by", ["assigned", "rejoined"])
def test_a_rebalance_that_the_poll_ended_reads_no_further(ended_by: str) -> None:
    client = Client()
    client._coordinator.needs_rejoin = True

    def poll(timeout_ms: float, max_records: int) -> dict[Any, Any]:
        if ended_by == "assigned":
            client.assigned = set()
        else:
            client._coordinator.needs_rejoin = False
        return {}

    client.poll = poll  # type: ignore[method-assign]
    assert fetch(client, 5.0, 7) == {}  # type: ignore[arg-type]
    assert client._fetcher.asked == []


def test_a_join_is_never_done_between_two_polls() -> None:
    """Even where the poll fails."""
    client, task = Client(), SimpleNamespace(is_done=True, add_callback=print, add_errback=repr)
    client._coordinator._join_task = task
    client.poll = lambda **_: 1 / 0  # type: ignore[assignment, method-assign, return-value]
    with pytest.raises(ZeroDivisionError):
        fetch(client, 0.0, 1)  # type: ignore[arg-type]
    join = client._coordinator._join_task
    assert (join.is_done, join.add_callback, join.add_errback) == (False, print, repr)
    del client.poll
    fetch(client, 0.0, 1)  # type: ignore[arg-type]
    assert client._coordinator._join_task is join


# Records of partitions that were paused


def looking(*answers: tuple[dict[Any, Any], bool]) -> Any:
    fetcher = Fetcher()
    module._look_for_parked(fetcher)
    fetcher.answers = list(answers)
    return fetcher


def test_an_empty_answer_is_asked_for_again_while_a_resumed_partition_is_parked() -> None:
    fetcher = looking(({}, True), ({P1: [1]}, False))
    fetcher._next_partition_records, fetcher._paused_partition_records = [], {P0: "records", P1: "records"}
    fetcher.paused.add(P0)
    assert fetcher.fetched_records(7, update_offsets=True) == ({P1: [1]}, False)
    assert fetcher.asked == [((7,), {"update_offsets": True})] * 2
    assert fetcher._next_partition_records is None


def test_an_empty_answer_stands_where_all_that_is_parked_is_paused() -> None:
    fetcher = looking(({}, True))
    fetcher._next_partition_records, fetcher._paused_partition_records = ["more"], {P0: "records"}
    fetcher.paused.add(P0)
    assert fetcher.fetched_records(7) == ({}, True)
    assert fetcher._next_partition_records == ["more"]


def test_an_error_is_one_line_of_a_length_that_a_log_takes() -> None:
    assert one_line(ValueError("a\n  b\tc")) == "a b c"
    assert one_line(ValueError("x" * 301)) == "x" * 300
