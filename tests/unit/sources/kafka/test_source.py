"""`KafkaSource` over a fake client: polls, commits, saved offsets, messages and closing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import FencedInstanceIdError, KafkaConnectionError

from stream_monitor.core.errors import ConfigError, SourceError
from stream_monitor.sources.base import Position
from stream_monitor.sources.kafka.intake import MAX_PAUSE
from stream_monitor.sources.kafka.kafka_python import DEFAULTS, PATIENCE_MS
from stream_monitor.sources.kafka.record_columns import Wanted
from stream_monitor.sources.kafka.source import KafkaSource
from stream_monitor.testing import FakeClock
from tests.unit.sources.kafka.fake_client import P0, P1, Connected, applied, committed

COLUMNS = {"wanted": Wanted(keys=False)}
FENCED = "--group-instance-id: another running member of the group has pod-1; each needs its own"


def test_records_are_applied_at_the_next_call_and_committed_with_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 5}, owner="me", options={"max_poll_records": 3}).start()
    assert it.poll() == [("p", 0, 0), ("p", 0, 1), ("p", 0, 2)]
    assert it.poll() == [("p", 0, 3), ("p", 0, 4)]
    assert it.source.positions() == [Position("p", 0, 0)]
    it.source.commit()
    assert it.saved == [[applied(P0, 5)]]
    assert it.client.commits == [{P0: committed(5, "me")}]
    it.source.commit()
    assert len(it.client.commits) == len(it.saved) == 1
    it.source.commit(changed=True)
    assert (len(it.client.commits), it.saved[1:]) == (1, [[applied(P0, 5)]])


def test_the_start_of_an_empty_group_is_committed_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for start, offset in (("earliest", 0), ("latest", 5)):
        it = Connected(monkeypatch, {P0: 5}, owner="me", start=start).start()
        it.client.pause(P0)
        it.source._start_new(it.client)  # type: ignore[arg-type]
        it.source.commit()
        assert it.client.commits == [{P0: committed(offset, "me", -1)}]


def test_an_owner_is_made_where_none_is_given() -> None:
    owners = {KafkaSource([], ["p"], "g", FakeClock()).owner for _ in range(2)}
    assert len(owners) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", owner) for owner in owners)


def test_a_saved_state_brings_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Connected(monkeypatch, {P0: 5}, owner="me").source
    source.resume([], "")
    assert source.owner == "me"
    source.resume([], "it")
    assert source.owner == "it"


def test_what_the_client_is_connected_with(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"max_poll_records": 7, "client_id": "x"}
    it = Connected(monkeypatch, {P0: 5}, topics=["p", "p"], options=options, group_instance_id="pod-1", **COLUMNS)
    it.source.resume([applied(P1, 3)], "")
    it.source._connected()
    it.source._connected()
    ((config, topics, member, kept, _, wanted),) = it.connections
    assert config == {
        **DEFAULTS,
        **options,
        "bootstrap_servers": ["broker:9092"],
        "group_id": "group",
        "group_instance_id": "pod-1",
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
    }
    assert (topics, member, kept(), wanted) == (["p"], it.source, (P1,), COLUMNS["wanted"])
    assert not it.source.exhausted


def test_topics_that_do_not_go_together_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {P0: 5, P1: 5, TopicPartition("l", 0): 5}
    it = Connected(monkeypatch, counts, labels=["l"])
    with pytest.raises(ConfigError, match="p has 2, l has 1"):
        it.source.poll(0.0)
    Connected(monkeypatch, counts, labels=["l"], allow_unaligned_labels=True).source.poll(0.0)


def test_topics_are_looked_at_while_they_are_read(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Connected(monkeypatch, {P0: 5}, topics=["p", "l"]).start().poll()
    assert caplog.messages == ["waiting for topics that do not exist yet: l"]


def test_a_poll_returns_at_once_with_records_and_at_the_deadline_without(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 5}).start()
    began = it.clock.monotonic()
    assert len(it.poll(10.0)) == 5
    assert it.clock.monotonic() - began < 1.0
    began, it.client.timeouts = it.clock.monotonic(), []
    assert it.poll(2.5) == []
    assert it.client.timeouts[0] == 2500
    assert it.clock.monotonic() - began == pytest.approx(2.5)
    it.client.timeouts = []
    assert (it.poll(0.0), it.client.timeouts) == ([], [0])


def test_what_is_ready_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 3, P1: 3}, options={"max_poll_records": 2}).start()
    it.client.forget(P1)
    it.source._intake.stop(P1)
    it.source._new.discard(P1)
    it.poll(1.0)
    it.source._intake.merge[P0].add([])
    it.client.timeouts = []
    while it.poll(1.0):
        assert it.client.timeouts[0] in (0, 1000)
    assert it.client.timeouts[-1] == 1000


def test_a_poll_that_fails_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 5}, options={"max_poll_records": 2}).start()
    assert it.poll() == [("p", 0, 0), ("p", 0, 1)]
    it.client.errors["poll"] = KafkaConnectionError("gone\n  away")
    it.clock.advance(MAX_PAUSE)
    with pytest.raises(SourceError, match=r"^Kafka: KafkaConnectionError: .*gone away$") as caught:
        it.source.poll(0.0)
    assert isinstance(caught.value.__cause__, KafkaConnectionError)
    assert it.poll() == [("p", 0, 2), ("p", 0, 3)]


def test_a_start_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 5}).start()
    it.client.errors["committed"] = KafkaConnectionError("gone")
    with pytest.raises(SourceError, match="gone"):
        it.source.poll(0.0)
    assert it.source.positions() == [Position("p", 0, None)]
    assert len(it.poll()) == 5


@pytest.mark.parametrize("method", ["poll", "commit"])
def test_a_member_that_another_has_fenced_says_which_flag(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    it = Connected(monkeypatch, {P0: 5}, group_instance_id="pod-1").start()
    it.poll()
    it.client.errors[method] = FencedInstanceIdError()
    with pytest.raises(ConfigError) as caught:
        getattr(it.source, method)(*[0.0][: method == "poll"])
    assert str(caught.value) == FENCED


def test_a_commit_that_fails_is_made_good_by_the_next(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    it = Connected(monkeypatch, {P0: 5}, owner="me", options={"max_poll_records": 3}).start()
    it.poll()
    it.client.errors["commit"] = KafkaConnectionError("gone")
    it.source.commit()
    assert [line for line in caplog.messages if line.startswith("could not commit: KafkaConnectionError: ")]
    assert caplog.messages[-1].endswith("gone")
    it.source.commit()
    assert it.client.commits == [{P0: committed(3, "me")}]
    assert it.saved == [[applied(P0, 3)]] * 2


def test_amid_a_rebalance_the_state_is_saved_and_nothing_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 5}, owner="me").start()
    it.poll()
    it.client.is_stable = False
    it.source.commit()
    assert (it.saved, it.client.commits) == ([[applied(P0, 5)]], [])
    it.client.is_stable = True
    it.source.commit()
    assert it.client.commits == [{P0: committed(5, "me")}]


def test_lost_records_are_counted_by_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Connected(monkeypatch, {P0: 1}).source
    source._placement._lose("p", 3)
    source._placement._lose("p", 4)
    assert source.gaps == {"p": 7}


def test_closing_commits_and_leaves_the_client_nothing_to_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 5}, owner="me").start()
    it.poll()
    it.source.close()
    assert it.saved == [[applied(P0, 5)]]
    assert it.client.commits == [{P0: committed(5, "me")}]
    assert it.client.calls == [f"close {PATIENCE_MS}"]
    it.source.close()
    assert it.client.calls == [f"close {PATIENCE_MS}"]
    assert it.source.positions() == []


def test_closing_amid_a_rebalance_waits_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 5}, owner="me").start()
    it.poll()
    it.client.is_stable = False
    polls: list[float] = []

    def poll(timeout_ms: float, max_records: int) -> dict[Any, Any]:
        assert it.client.paused == {P0}
        polls.append(timeout_ms)
        it.clock.advance(timeout_ms / 1000)
        it.client.is_stable = len(polls) == 3
        return {}

    it.client.poll = poll  # type: ignore[assignment]
    it.source.close()
    assert polls == [100] * 3
    assert it.client.commits == [{P0: committed(5, "me")}]


def test_closing_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 5}).start()
    it.poll()
    it.client.is_stable = False
    began = it.clock.monotonic()
    it.source.close()
    assert it.clock.monotonic() - began == pytest.approx(PATIENCE_MS / 1000, abs=0.2)
    assert it.client.commits == []
    assert it.client.calls == [f"close {PATIENCE_MS}"]
    assert not it.source._progress.uncommitted


def test_a_broker_that_is_gone_does_not_keep_the_source_open(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 5}).start()
    it.poll()
    it.client.is_stable = False
    it.client.errors["poll"] = KafkaConnectionError("gone")
    it.source.close()
    assert it.client.calls == [f"close {PATIENCE_MS}"]


def test_a_silent_broker_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 1}).start()
    it.poll()
    it.client.errors["committed"] = KafkaConnectionError("silent")
    it.client.committed = lambda *_, **__: it.client._fail("committed")  # type: ignore[assignment, method-assign]
    it.poll(4.9)
    with pytest.raises(SourceError, match="silent"):
        it.poll(0.2)
