"""`KafkaSource` at rebalances and restores, over a fake client."""

from __future__ import annotations

import asyncio
import logging

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError

from stream_monitor.sources.base import Position
from tests.unit.sources.kafka.fake_client import P0, P1, Connected, applied, committed


def revoke(it: Connected, commit: bool, *tps: TopicPartition) -> None:
    """Take partitions from the source, as a rebalance does."""
    asyncio.run(it.source.revoke(tps, commit=commit))
    it.client.forget(*tps)


@pytest.mark.parametrize("commit", [True, False])
def test_partitions_that_go_are_committed_unless_they_are_lost(monkeypatch: pytest.MonkeyPatch, commit: bool) -> None:
    it = Connected(monkeypatch, {P0: 5, P1: 4}, owner="me").start()
    while it.poll():
        pass
    revoke(it, commit, P1)
    if commit:
        assert it.saved == [[applied(P0, 5), applied(P1, 4)]]
        assert it.client.commits == [{P0: committed(5, "me"), P1: committed(4, "me")}]
    else:
        assert (it.saved, it.client.commits) == ([], [])
    assert it.source.positions() == [Position("p", 0, 0)]
    assert it.revoked == []
    it.poll()
    assert it.revoked == [[P1]]
    it.source.commit()
    assert it.saved[-1] == [applied(P0, 5)]
    # Once.
    before = len(it.saved)
    it.poll()
    it.source.commit()
    assert (it.revoked, len(it.saved)) == ([[P1]], before)


def test_what_goes_and_was_not_started_yet_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 2, P1: 2}).start()
    assert it.source.positions() == [Position("p", 0, None), Position("p", 1, None)]
    revoke(it, True, P1)
    assert (it.saved, it.client.commits) == ([], [])
    assert it.poll() == [("p", 0, 0), ("p", 0, 1)]


def test_a_commit_that_fails_at_a_rebalance_does_not_hold_it_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    it = Connected(monkeypatch, {P0: 5}).start()
    it.poll()
    it.source._apply()
    it.client.errors["commit"] = KafkaConnectionError("gone")
    revoke(it, True, P0)
    assert caplog.messages[-1].startswith(
        "could not commit before revoked partitions are handed over: KafkaConnectionError: "
    )
    assert caplog.messages[-1].endswith("gone")
    assert it.source.positions() == []


def test_what_is_assigned_is_said_in_order(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "stream_monitor"):
        Connected(monkeypatch, {P0: 1, P1: 1}).start(P1, P0)
    assert caplog.messages == ["assigned p[0], p[1]"]


def test_what_others_have_read_on_from_is_revoked_and_saved_so(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 5}, owner="me", restore_window=0.0)
    it.client.group[P0] = committed(4, "other")
    it.source.resume([applied(P0, 2)], "me")
    it.start()
    assert it.poll() == [("p", 0, 4)]
    assert it.revoked == [[P0]]
    it.source.commit()
    assert it.client.commits == [{P0: committed(5, "me")}]


def test_partitions_of_a_topic_that_is_gone_for_the_moment_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = TopicPartition("q", 0)
    it = Connected(monkeypatch, {P0: 1}, topics=["p", "q"], allow_unaligned_labels=True)
    it.source.resume([applied(gone, 2), applied(P1, 3)], "")
    it.start().poll()
    assert it.revoked == [[P1]]
    it.client.counts[gone] = 2
    it.poll()
    assert it.revoked == [[P1], [gone]]


def test_a_member_that_is_assigned_nothing_revokes_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 1, P1: 1})
    it.source.resume([applied(P1, 3)], "")
    it.poll()
    it.poll()
    assert it.revoked == [[P1]]


def test_nothing_is_revoked_before_a_rebalance_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 1})
    it.source.resume([applied(P1, 3)], "")
    it.start().client.is_rejoining = True
    it.poll()
    assert it.revoked == []
    it.client.is_rejoining = False
    it.poll()
    assert it.revoked == [[P1]]


def test_a_restore_reads_what_the_window_has_and_counts_from_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Connected(monkeypatch, {P0: 9}, owner="me", restore_window=3.0)
    it.client.group[P0] = committed(6, "other")
    it.start()
    # The record before offset 6 is of second 5: from second 2 on.
    assert it.poll() == [("p", 0, at) for at in (2, 3, 4, 5)]
    assert it.source.restoring == {P0: 6}
    it.source.commit()
    assert (it.source.restoring, it.saved) == ({}, [[applied(P0, 6)]])
    assert it.poll() == [("p", 0, at) for at in (6, 7, 8)]
