"""The assignor of a group: partition p of every topic goes to the same member.

A label is joined to its prediction in one process, so both of their partitions have to be there. kafka-python's
cooperative assignor assigns each topic for itself; this one assigns partition numbers, and a number stands for its
partitions of all topics. It is sticky, balanced and cooperative: a member reads on from the partitions that it keeps
while others move, and a partition that moves is revoked in one rebalance and assigned in the next.
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
#: The first version of the group protocol in which a member says what it owns.
_VERSION = 1


class CopartitionedAssignor(AbstractPartitionAssignor):  # type: ignore[misc]
    """Assigns partition numbers where all topics have the same; single partitions where they do not.

    Args:
        owned: Returns the partitions that the member has now.
        kept: Returns the partitions of which it has state, which it is preferred for.
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
        owners = {tp: each.member_id for each in reversed(ordered) for tp in _owned(each.metadata)}
        kept = {each.member_id: frozenset(_kept(each.metadata)) for each in ordered}
        given: dict[str, list[TopicPartition]] = {member: [] for member in topics}
        partitions = {
            topic: cluster.partitions_for_topic(topic) or set() for topic in frozenset().union(*topics.values())
        }
        for eligible, units in _groups(partitions, topics):
            for unit, member in share(units, eligible, owners, kept).items():
                # A partition that another member still owns follows in the next rebalance, when that has revoked it.
                given[member] += [tp for tp in unit if owners.get(tp, member) == member]
        return {member: ConsumerProtocolAssignment(_VERSION, _by_topic(tps), b"") for member, tps in given.items()}

    def on_assignment(self, assignment: Any, generation: int) -> None:
        """Do nothing: `metadata` asks for what the member owns, which may change between two assignments."""


def share(
    units: Sequence[Unit],
    members: Sequence[str],
    owners: Mapping[TopicPartition, str],
    kept: Mapping[str, frozenset[TopicPartition]],
) -> dict[Unit, str]:
    """Return the member of each unit: balanced to within one unit, and with as few moves as that allows.

    Args:
        units: Units to assign.
        members: Members that can have them.
        owners: The member that has a partition now.
        kept: The partitions of which each member has state.
    """
    having: dict[str, list[Unit]] = {member: [] for member in members}
    for unit in units:
        owner = Counter(owners[tp] for tp in unit if owners.get(tp) in having).most_common(1)
        if owner:
            having[owner[0][0]].append(unit)
    least, extra = divmod(len(units), len(members))
    ranked = sorted(members, key=lambda member: -len(having[member]))
    room = {member: least + (at < extra) for at, member in enumerate(ranked)}
    shared: dict[Unit, str] = {}

    def assign(unit: Unit, member: str) -> None:
        shared[unit] = member
        room[member] -= 1

    for member in ranked:
        for unit in having[member][: room[member]]:
            assign(unit, member)
    for unit in units:
        knows = [member for member in members if room[member] and not kept[member].isdisjoint(unit)]
        if unit not in shared and knows:
            assign(unit, max(knows, key=room.__getitem__))
    for unit in units:
        if unit not in shared:
            assign(unit, max(members, key=room.__getitem__))
    return shared


def _groups(
    partitions: Mapping[str, set[int]], topics: Mapping[str, frozenset[str]]
) -> list[tuple[list[str], list[Unit]]]:
    """Return members with the units that they can have: one group, unless members subscribe to different topics."""
    found = {topic: frozenset(numbers) for topic, numbers in partitions.items() if numbers}
    if len(set(topics.values())) == 1 and len(set(found.values())) == 1:
        numbers = sorted(next(iter(found.values())))
        return [(list(topics), [tuple((topic, number) for topic in sorted(found)) for number in numbers])]
    groups: defaultdict[tuple[str, ...], list[Unit]] = defaultdict(list)
    for topic in sorted(found):
        eligible = tuple(member for member, subscribed in topics.items() if topic in subscribed)
        groups[eligible] += [((topic, number),) for number in sorted(found[topic])]
    return [(list(eligible), units) for eligible, units in groups.items()]


def _by_topic(tps: Iterable[TopicPartition]) -> list[tuple[str, list[int]]]:
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for topic, number in sorted(tps):
        numbers[topic].append(number)
    return list(numbers.items())


def _owned(metadata: Any) -> list[TopicPartition]:
    return [(each.topic, number) for each in metadata.owned_partitions or () for number in each.partitions]


def _kept(metadata: Any) -> list[TopicPartition]:
    try:
        return [(topic, number) for topic, numbers in orjson.loads(metadata.user_data) for number in numbers]
    except (ValueError, TypeError):
        return []
