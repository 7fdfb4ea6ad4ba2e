"""Partitions are shared out evenly, together, with as little movement as that allows, and in two rounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment, ConsumerProtocolSubscription

from stream_monitor.core.records import TopicPartition
from stream_monitor.sources.kafka.assignor import CopartitionedAssignor

Owned = dict[str, set[TopicPartition]]


class Member(NamedTuple):
    member_id: str
    group_instance_id: str | None
    metadata: Any


class Cluster:
    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self._counts[topic])) if topic in self._counts else None


def one_round(
    counts: Mapping[str, int],
    owned: Owned,
    kept: Mapping[str, set[TopicPartition]] | None = None,
    **topics: list[str],
) -> Owned:
    """Return the partitions of each member, over the wire format; by default all subscribe to all topics."""
    members = []
    for name, places in owned.items():
        assignor = CopartitionedAssignor(lambda places=places: places, lambda name=name: (kept or {}).get(name, ()))
        encoded = assignor.metadata(topics.get(name, list(counts))).encode()
        members.append(Member(name, None, ConsumerProtocolSubscription.decode(encoded)))
    assigned = CopartitionedAssignor().assign(Cluster(counts), members)
    return {
        name: {tuple(place) for place in ConsumerProtocolAssignment.decode(each.encode()).partitions()}
        for name, each in assigned.items()
    }


def settle(counts: Mapping[str, int], owned: Owned, **more: Any) -> Owned:
    """Rebalance until no partition is given up; within a round none moves between members."""
    for _ in range(3):
        given = one_round(counts, owned, **more)
        holders = {place: name for name, places in owned.items() for place in places}
        for name, places in given.items():
            assert all(holders.get(place, name) == name for place in places)
        assert all(count == 1 for count in Counter(place for places in given.values() for place in places).values())
        if all(places <= given[name] for name, places in owned.items()):
            return given
        owned = given
    raise AssertionError("it does not settle")


def numbers(owned: Owned, topic: str = "predictions") -> dict[str, set[int]]:
    return {name: {number for each, number in places if each == topic} for name, places in owned.items()}


@given(
    st.integers(1, 13),
    st.integers(1, 3),
    st.lists(st.sets(st.sampled_from("abcdefg"), min_size=1), min_size=1, max_size=5),
)
@example(6, 2, [set("a"), set("abc"), set("bc"), set("bcd")])
def test_members_come_and_go(partitions: int, topics: int, groups: list[set[str]]) -> None:
    names = ["predictions", "labels", "more"][:topics]
    counts = dict.fromkeys(names, partitions)
    owned: Owned = {}
    for members in groups:
        before = {name: owned.get(name, set()) for name in sorted(members)}
        owned = settle(counts, before)
        mine = numbers(owned)
        assert all(numbers(owned, name) == mine for name in names)
        assert sorted(number for each in mine.values() for number in each) == list(range(partitions))
        sizes = [len(each) for each in mine.values()]
        assert max(sizes) - min(sizes) <= 1
        had, largest = numbers(before), -(-partitions // len(members))
        # What is kept is the most that balance allows: only so many may have the larger share.
        room = partitions - len(members) * (partitions // len(members))
        most = sum(min(len(each), partitions // len(members)) for each in had.values())
        most += min(room, sum(len(each) >= largest for each in had.values())) if room else 0
        assert sum(len(had[name] & mine[name]) for name in mine) == most


def test_one_with_state_of_a_free_partition_gets_it() -> None:
    counts = {"predictions": 4, "labels": 4}
    state = {(topic, number) for topic in counts for number in (0, 3)}
    owned: Owned = {"a": set(), "b": set()}
    assert numbers(settle(counts, owned, kept={"b": state})) == {"a": {1, 2}, "b": {0, 3}}
    assert numbers(settle(counts, owned, kept={"a": state})) == {"a": {0, 3}, "b": {1, 2}}


def test_one_with_state_takes_nothing_from_another() -> None:
    counts = {"predictions": 2}
    owned: Owned = {"a": {("predictions", 0)}, "b": {("predictions", 1)}}
    assert settle(counts, owned, kept={"a": {("predictions", 1)}}) == owned


def test_topics_with_other_numbers_are_shared_out_by_partition() -> None:
    owned = settle({"predictions": 4, "labels": 3}, {"a": set(), "b": set(), "c": set()})
    assert sorted(len(places) for places in owned.values()) == [2, 2, 3]
    assert sum(map(len, owned.values())) == 7


def test_a_topic_that_is_not_there_yet_changes_nothing() -> None:
    counts = {"predictions": 4}
    both = ["predictions", "labels"]
    owned = settle(counts, {"a": set(), "b": set()}, a=both, b=both)
    assert sorted(len(places) for places in owned.values()) == [2, 2]
    later = settle({"predictions": 4, "labels": 4}, owned)
    assert numbers(later) == numbers(later, "labels") == numbers(owned)


def test_nobody_is_given_what_it_does_not_subscribe_to() -> None:
    owned = settle({"x": 2, "y": 2}, {"a": set(), "b": set()}, a=["x"], b=["x", "y"])
    assert {topic for topic, _ in owned["a"]} == {"x"}
    assert sum(map(len, owned.values())) == 4


def test_a_member_whose_claims_can_not_be_read_is_as_one_without() -> None:
    members = [Member("a", "static", ConsumerProtocolSubscription(version=1, topics=["x"], user_data=b"\xff"))]
    assigned = CopartitionedAssignor().assign(Cluster({"x": 2}), members)
    assert assigned["a"].partitions() == [("x", 0), ("x", 1)]
