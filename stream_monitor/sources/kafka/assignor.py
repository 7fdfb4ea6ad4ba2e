"""How a group shares out its partitions: partition p of every topic goes to one and the same member.

A label waits for its prediction in one process, so both of their partitions have to be there. kafka-python's
cooperative assignor shares out each topic for itself; this one shares out partition numbers, and each goes with
that number's partition of all topics. It is sticky and balanced, and cooperative: whoever keeps a partition reads on
while others move, and one that moves is given up in one round and taken up in the next.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
from kafka.coordinator.assignors.abstract import AbstractPartitionAssignor, RebalanceProtocol
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment, ConsumerProtocolSubscription

from stream_monitor.core.records import TopicPartition

#: Partitions that go to one member together.
Unit = tuple[TopicPartition, ...]
#: The first version of the group protocol that tells what a member owns.
_VERSION = 1


class CopartitionedAssignor(AbstractPartitionAssignor):  # type: ignore[misc]
    """Shares out partition numbers where all topics have the same; single partitions where they do not.

    ``owned`` are the member's partitions now; ``kept`` those of which it has state, which are given to it first.
    """

    name = "copartitioned"

    def __init__(
        self,
        owned: Callable[[], Iterable[TopicPartition]] = tuple,
        kept: Callable[[], Iterable[TopicPartition]] = tuple,
    ) -> None:
        self._owned, self._kept = owned, kept

    def supported_protocols(self) -> list[RebalanceProtocol]:
        return [RebalanceProtocol.COOPERATIVE]

    def metadata(self, topics: Iterable[str]) -> Any:
        owned = [
            ConsumerProtocolSubscription.TopicPartition(topic=topic, partitions=numbers)
            for topic, numbers in _by_topic(self._owned())
        ]
        kept = orjson.dumps(_by_topic(self._kept()))
        return ConsumerProtocolSubscription(
            version=_VERSION, topics=sorted(topics), user_data=kept, owned_partitions=owned
        )

    def assign(self, cluster: Any, members: Sequence[Any]) -> dict[str, Any]:
        ordered = sorted(members, key=lambda each: (each.group_instance_id is None, each.group_instance_id or ""))
        topics = {each.member_id: frozenset(each.metadata.topics) for each in ordered}
        owners = {place: each.member_id for each in reversed(ordered) for place in _owned(each.metadata)}
        kept = {each.member_id: frozenset(_kept(each.metadata)) for each in ordered}
        given: dict[str, list[TopicPartition]] = {member: [] for member in topics}
        partitions = {
            topic: cluster.partitions_for_topic(topic) or set() for topic in frozenset().union(*topics.values())
        }
        for eligible, units in _groups(partitions, topics):
            for unit, member in share(units, eligible, owners, kept).items():
                # What another one still has comes in the next round, when it has given it up.
                given[member] += [place for place in unit if owners.get(place, member) == member]
        return {
            member: ConsumerProtocolAssignment(_VERSION, _by_topic(places), b"") for member, places in given.items()
        }

    def on_assignment(self, assignment: Any, generation: int) -> None:
        """What a member owns is asked for when it is needed: it may lose partitions between two assignments."""


def share(
    units: Sequence[Unit],
    members: Sequence[str],
    owners: Mapping[TopicPartition, str],
    kept: Mapping[str, frozenset[TopicPartition]],
) -> dict[Unit, str]:
    """Who shall have what: numbers that differ by one at most, and as little that moves as they allow."""
    having: dict[str, list[Unit]] = {member: [] for member in members}
    for unit in units:
        owner = Counter(owners[place] for place in unit if owners.get(place) in having).most_common(1)
        if owner:
            having[owner[0][0]].append(unit)
    least, extra = divmod(len(units), len(members))
    ranked = sorted(members, key=lambda member: -len(having[member]))
    room = {member: least + (at < extra) for at, member in enumerate(ranked)}
    shared: dict[Unit, str] = {}

    def give(unit: Unit, member: str) -> None:
        shared[unit] = member
        room[member] -= 1

    for member in ranked:
        for unit in having[member][: room[member]]:
            give(unit, member)
    for unit in units:
        knows = [member for member in members if room[member] and not kept[member].isdisjoint(unit)]
        if unit not in shared and knows:
            give(unit, max(knows, key=room.__getitem__))
    for unit in units:
        if unit not in shared:
            give(unit, max(members, key=room.__getitem__))
    return shared


def _groups(
    partitions: Mapping[str, set[int]], topics: Mapping[str, frozenset[str]]
) -> list[tuple[list[str], list[Unit]]]:
    """Units, by who can have them: one group unless members differ in their topics, as while flags are changed."""
    found = {topic: frozenset(numbers) for topic, numbers in partitions.items() if numbers}
    if len(set(topics.values())) == 1 and len(set(found.values())) == 1:
        numbers = sorted(next(iter(found.values())))
        return [(list(topics), [tuple((topic, number) for topic in sorted(found)) for number in numbers])]
    groups: defaultdict[tuple[str, ...], list[Unit]] = defaultdict(list)
    for topic in sorted(found):
        eligible = tuple(member for member, subscribed in topics.items() if topic in subscribed)
        groups[eligible] += [((topic, number),) for number in sorted(found[topic])]
    return [(list(eligible), units) for eligible, units in groups.items()]


def _by_topic(places: Iterable[TopicPartition]) -> list[tuple[str, list[int]]]:
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for topic, number in sorted(places):
        numbers[topic].append(number)
    return list(numbers.items())


def _owned(metadata: Any) -> list[TopicPartition]:
    return [(each.topic, number) for each in metadata.owned_partitions or () for number in each.partitions]


def _kept(metadata: Any) -> list[TopicPartition]:
    try:
        return [(topic, number) for topic, numbers in orjson.loads(metadata.user_data) for number in numbers]
    except (ValueError, TypeError):
        return []
