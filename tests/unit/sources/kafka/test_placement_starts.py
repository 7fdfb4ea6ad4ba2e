"""Starts of partitions: at which offset, which are restored first, and when a restore ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from kafka import OffsetAndMetadata, TopicPartition

from stream_monitor.sources.base import AppliedOffset
from stream_monitor.sources.kafka.intake import Intake
from stream_monitor.sources.kafka.placement import Placement
from stream_monitor.sources.kafka.progress import Progress
from stream_monitor.testing import FakeClock
from tests.unit.sources.kafka.fake_client import P0, P1, START, FakeClient, applied, committed

LABELS = TopicPartition("l", 0)


class Started:
    """Partitions of 100 records of a second each, started over a fake client an hour after the last record."""

    def __init__(self, counts: Mapping[TopicPartition, int], window: float = 0.0, **settings: Any) -> None:
        self.clock = FakeClock(START / 1000 + 3700)
        self.client: Any = FakeClient(self.clock, counts)
        self.progress, self.intake = Progress(), Intake(self.clock, 1000)
        given = {"start": "earliest", "aligned": False, **settings}
        self.placement = Placement(
            self.progress, self.intake, self.clock, window=window, lose=lambda topic, count: None, **given
        )

    def start(self, *saved: AppliedOffset, **group: OffsetAndMetadata) -> list[TopicPartition]:
        """Start all partitions; ``group`` has what is committed of each, by topic and number."""
        self.progress.applied.update({(each.topic, each.partition): each for each in saved})
        for tp, count in self.client.counts.items():
            self.client._states[tp] = type("State", (), {"position": None, "highwater": count})()
            if found := group.get(f"{tp.topic}{tp.partition}"):
                self.client.group[tp] = found
        return self.placement.start(self.client, list(self.client.counts), "me")

    def positions(self) -> dict[TopicPartition, int]:
        """Return the offset of each partition that the client reads next."""
        return {tp: state.position.offset for tp, state in self.client._states.items()}


@pytest.mark.parametrize(("start", "offsets"), [("earliest", (0, 0)), ("latest", (100, 50))])
def test_a_partition_that_is_new_to_the_group_starts_at_an_edge(start: str, offsets: tuple[int, int]) -> None:
    it = Started({P0: 100, P1: 50}, start=start)
    assert it.start() == []
    assert it.positions() == dict(zip((P0, P1), offsets, strict=True))
    assert it.progress.applied == {tp: AppliedOffset(*tp, at, -1) for tp, at in zip((P0, P1), offsets, strict=True)}
    assert it.progress.uncommitted == {P0, P1}
    assert it.intake.reading == {P0, P1}


def test_one_with_an_offset_starts_there_and_only_the_others_are_committed() -> None:
    it = Started({P0: 100, P1: 50})
    assert it.start(applied(P0, 30), p0=committed(30, "me")) == []
    assert it.positions() == {P0: 30, P1: 0}
    assert it.progress.uncommitted == {P1}
    assert it.progress.position(P0) == (30, START + 29_000)


@pytest.mark.parametrize(("aligned", "revoked"), [(True, [LABELS, P0]), (False, [P0])])
def test_what_another_read_is_revoked_with_all_of_its_number_where_they_are_aligned(
    aligned: bool, revoked: list[TopicPartition]
) -> None:
    it = Started({P0: 100, P1: 100, LABELS: 100}, window=5.0, aligned=aligned)
    mine = {"l0": committed(40, "me"), "p1": committed(50, "me")}
    saved = applied(P0, 30), applied(LABELS, 40), applied(P1, 50)
    assert sorted(it.start(*saved, p0=committed(60, "other"), **mine)) == revoked
    # From five seconds before the record before the offset.
    first = {P0: 54, LABELS: 34 if aligned else 40, P1: 50}
    assert it.positions() == first
    assert it.progress.restoring == {tp: {P0: 60, LABELS: 40}[tp] for tp in revoked}
    assert set(it.progress.applied) == set(first) - set(revoked)


def test_without_a_window_nothing_is_restored() -> None:
    it = Started({P0: 100})
    assert it.start(p0=committed(60, "other")) == [P0]
    assert (it.positions(), it.progress.restoring) == ({P0: 60}, {})


@pytest.mark.parametrize(
    ("window", "group", "first"),
    [
        (5.0, committed(60, "other"), 54),
        (0.5, committed(60, "other"), 59),
        (1e6, committed(60, "other"), 0),
        (3e9, committed(60, "other"), 0),
        # Without a time, the window is that before now: an hour after the last record.
        (3610.0, committed(60, "other", -1), 60),
        (3650.0, committed(60, "other", -1), 50),
        # Nothing is read before the offset, or the log has lost it.
        (5.0, committed(60, "other", START + 64_000), 59),
        (5.0, committed(60, "other", START + 65_000), 60),
        (5.0, committed(100, "other"), 94),
        (5.0, committed(101, "other", START + 99_000), 101),
        (5.0, committed(60, "other", START + 200_000), 60),
    ],
)
def test_a_restore_begins_a_window_before_the_offset(window: float, group: OffsetAndMetadata, first: int) -> None:
    it = Started({P0: 100}, window=window)
    assert it.start(p0=group) == [P0]
    assert it.positions() == {P0: first}
    assert it.progress.restoring == ({P0: group.offset} if first < group.offset else {})


def test_a_broker_that_tells_no_end_offset_has_nothing_to_restore() -> None:
    it = Started({P0: 100}, window=5.0)
    it.client.end_offsets = lambda tps, timeout_ms: {}
    assert it.start(p0=committed(60, "other")) == [P0]
    assert (it.positions(), it.progress.restoring) == ({P0: 60}, {})


def test_restores_end_together() -> None:
    it = Started({P0: 100, P1: 100}, window=5.0)
    it.intake.limit = 4
    it.start(p0=committed(60, "other"), p1=committed(90, "other"))
    alone = 0
    for _ in range(20):
        it.placement.fetch(it.client, 0.0)
        it.progress.apply(it.intake.take().offsets)
        if it.progress.restoring and it.progress.position(P0)[0] == 60 and it.progress.position(P1)[0] < 90:
            alone += 1
            it.placement.finish(it.client)
            assert it.progress.restoring == {P0: 60, P1: 90}
            assert P0 not in it.progress.applied
        it.placement.finish(it.client)
    assert alone
    assert it.progress.restoring == {}
    assert [it.progress.applied[tp].offset for tp in (P0, P1)] == [100, 100]


def test_all_that_is_read_is_rewound_to_what_was_applied() -> None:
    it = Started({P0: 100, P1: 100})
    it.start()
    it.placement.rewind_all(None)
    it.placement.fetch(it.client, 0.0)
    it.placement.fetch(it.client, 0.0)
    assert it.positions() == {P0: 100, P1: 100}
    it.placement.rewind_all(it.client)
    assert it.positions() == {P0: 0, P1: 0}
    assert [it.intake.merge[tp].held for tp in (P0, P1)] == [0, 0]
