"""Rebalances of several topics: equal partition numbers together, few moves, and no loss."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from stream_monitor.core.errors import ConfigError
from stream_monitor.core.records import TopicPartition
from stream_monitor.sources.kafka.kafka_python import ASSIGNORS
from stream_monitor.sources.kafka.progress import read_committed
from tests.brokers import Broker, produce
from tests.conftest import MakeTopic
from tests.integration.events import prediction, send
from tests.integration.joining import Joining
from tests.integration.members import SESSION, Member, Spot, applied_time, committed, drive, fill
from tests.integration.sidecar import Sidecar, watch

pytestmark = pytest.mark.kafka


# Partitions that go together


def test_topics_that_do_not_go_together_are_refused(kafka_broker: Broker, topic: MakeTopic) -> None:
    names = topic("four", partitions=4), topic("three", partitions=3)
    arguments = watch(kafka_broker, names[0], "--label-topic", names[1])
    refused = Sidecar(*arguments)
    refused.start()
    assert refused.ended() == 2
    assert f"need the same number of partitions, but {names[0]} has 4, {names[1]} has 3" in refused.log
    assert "--allow-unaligned-labels" in refused.log
    send(kafka_broker, names[0], [prediction(at) for at in range(5)])
    with Sidecar(*arguments, "--allow-unaligned-labels") as allowed:
        allowed.wait_for_records(5)
        allowed.stop()


def test_a_topic_that_comes_later_is_checked_when_it_comes(kafka_broker: Broker, topic: MakeTopic) -> None:
    name, late = topic("there", partitions=2), topic("there") + "-late"
    with Member(kafka_broker, [name, late], labels=[late]) as member:
        drive(member, until=lambda: len(member.partitions) == 2)
        kafka_broker.create_topic(late, partitions=3)
        with pytest.raises(ConfigError, match=f"{name} has 2, {late} has 3"):
            drive(member, until=lambda: False)


# Static membership


def test_a_static_member_comes_back_to_its_partitions_without_a_rebalance(
    kafka_broker: Broker, topic: MakeTopic
) -> None:
    name = topic("static", partitions=4)
    fill(kafka_broker, name, range(40), partitions=4)
    with (
        Member(kafka_broker, [name], group_instance_id="a", options={"session_timeout_ms": 10_000}) as a,
        Member(kafka_broker, [name], group_instance_id="b", options={"session_timeout_ms": 10_000}) as b,
    ):
        drive(a, b, until=lambda: (len(a.partitions), len(b.partitions), a.lag, b.lag) == (2, 2, 0, 0))
        partitions, generation, revoked = a.partitions, b.generation, len(b.revoked)
        a.close()
        drive(b, until=lambda: True)
        fill(kafka_broker, name, range(40, 48), partitions=4)
        with Member(
            kafka_broker, [name], group_instance_id="a", saved=a.saved, owner=a.source.owner, restore_window=60
        ) as again:
            drive(again, b, until=lambda: (again.lag, b.lag) == (0, 0) and again.partitions == partitions)
            assert (again.generation, b.generation) == (generation, generation)
            assert (again.revoked, again.restored, len(b.revoked)) == ([], [], revoked)
            assert sorted(a.spots + again.spots + b.spots) == [(name, p, at) for p in range(4) for at in range(12)]


def test_two_members_of_one_name_are_one_too_many(kafka_broker: Broker, topic: MakeTopic) -> None:
    name = topic("twice")
    fill(kafka_broker, name, range(5))
    with (
        Member(kafka_broker, [name], group_instance_id="pod-0") as older,
        Member(kafka_broker, [name], group_instance_id="pod-0") as newer,
    ):
        drive(older, until=lambda: len(older.applied) == 5)
        drive(newer, until=lambda: newer.partitions == {(name, 0)})
        fill(kafka_broker, name, range(5, 8))
        with pytest.raises(ConfigError, match="--group-instance-id: another running member of the group has pod-0"):
            drive(older, until=lambda: False)


# Members that come and go


def numbers(member: Member, topic: str) -> set[int]:
    return {number for name, number in member.partitions if name == topic}


def is_settled(topics: tuple[str, str], *members: Member) -> bool:
    """Return True if each number has one owner, in both topics, and they are balanced."""
    shares = [numbers(member, topics[0]) for member in members]
    together = all(numbers(member, topics[1]) == share for member, share in zip(members, shares, strict=True))
    sizes = sorted(map(len, shares))
    return together and sorted(at for share in shares for at in share) == list(range(6)) and sizes[-1] - sizes[0] <= 1


def everything(topics: tuple[str, str], count: int) -> set[Spot]:
    return {(name, at % 6, at // 6) for name in topics for at in range(count)}


def test_three_members_join_leave_and_are_killed(kafka_broker: Broker, topic: MakeTopic) -> None:
    """Topics of a number stay together, and members keep their partitions; without a kill, all is counted once."""
    topics = topic("predictions", partitions=6), topic("labels", partitions=6)
    sent = 0

    def load(*members: Member) -> None:
        nonlocal sent
        for name in topics:
            fill(kafka_broker, name, range(sent, sent + 60), partitions=6)
        sent += 60
        drive(*members, until=lambda: is_settled(topics, *members) and all(member.lag == 0 for member in members))

    with (
        Member(kafka_broker, topics, restore_window=60) as a,
        Member(kafka_broker, topics, restore_window=60) as b,
        Member(kafka_broker, topics, restore_window=60) as c,
    ):
        load(a)
        load(a, b)
        of_a, of_b = a.partitions, b.partitions
        load(a, b, c)
        assert a.partitions < of_a
        assert b.partitions < of_b
        # Every moved partition was revoked at its old owner and restored by the new one.
        assert {partition for gone in b.revoked for partition in gone} >= of_b - b.partitions
        assert {(record.topic, record.partition) for record in c.restored} == c.partitions
        of_a, of_b = a.partitions, b.partitions
        c.close()
        load(a, b)
        assert a.partitions > of_a
        assert b.partitions > of_b
        counted = Counter(a.spots + b.spots + c.spots)
        assert set(counted) == everything(topics, sent)
        assert set(counted.values()) == {1}
        with Member(kafka_broker, topics, restore_window=60) as d:
            load(a, b, d)
            d.kill()
            load(a, b)
            assert set(a.spots + b.spots + d.spots) == everything(topics, sent) - set(c.spots) | set(c.spots) & set(
                a.spots + b.spots + d.spots
            )


def test_the_others_read_on_while_the_group_waits_for_one(kafka_broker: Broker, topic: MakeTopic) -> None:
    """A member is killed and another joins: until the dead session ends, the group cannot rebalance."""
    topics = topic("predictions", partitions=6), topic("labels", partitions=6)
    session = {"session_timeout_ms": 6000}
    with Member(kafka_broker, topics, options=session) as a, Member(kafka_broker, topics, options=session) as b:
        drive(a, b, until=lambda: is_settled(topics, a, b))
        b.kill()
        sent, a.longest_wait = 0, 0.0
        with Member(kafka_broker, topics, options=session) as c:
            begin = time.monotonic()

            def load() -> bool:
                nonlocal sent
                fill(kafka_broker, topics[0], range(sent, sent + 6), partitions=6)
                sent += 6
                return is_settled(topics, a, c)

            drive(a, c, until=load)
            assert time.monotonic() - begin > 3
            assert a.longest_wait < 2
            drive(a, c, until=lambda: len(a.spots) + len(c.spots) >= sent)
            assert sorted(a.spots + c.spots) == sorted(
                spot for spot in everything(topics, sent) if spot[0] == topics[0]
            )


@pytest.mark.parametrize("strategy", ["copartitioned", "range"])
@pytest.mark.parametrize("kills", [False, True])
def test_members_come_and_go_at_random(kafka_broker: Broker, topic: MakeTopic, strategy: str, kills: bool) -> None:
    """Each restarts with its state. No pair is lost; only a kill during a rebalance may double one."""
    topics = topic("predictions", partitions=6), topic("labels", partitions=6)
    options = {} if strategy == "copartitioned" else {"partition_assignment_strategy": [ASSIGNORS[strategy]]}
    rng = random.Random(f"{strategy} {kills}")
    members = [
        Joining(kafka_broker, topics, options={**SESSION, "max_poll_records": n, **options}) for n in (20, 2000, 7)
    ]
    members[0].start()
    sent, end, turn = 0, time.monotonic() + 15, 0.0
    while time.monotonic() < end:
        if rng.random() < 0.3:
            send_pairs(kafka_broker, topics, range(sent, sent + 30))
            sent += 30
        for member in members:
            member.step()
            if member.member and rng.random() < 0.5:
                member.member.commit()
        if time.monotonic() > turn:
            turn = time.monotonic() + rng.choice([0.3, 1, 2])
            turn_over(rng.choice(members), members, kills and rng.random() < 0.5)
    for member in members:
        if not member.member:
            member.start()
    pairs = {b"%d" % at for at in range(sent - 10)}
    deadline = time.monotonic() + 40
    while not pairs <= (counted := Counter(key for member in members for key in member.counted)).keys():
        assert time.monotonic() < deadline, sorted(pairs - counted.keys())
        for member in members:
            member.step()
    assert pairs == counted.keys()
    assert kills or set(counted.values()) == {1}
    for member in members:
        member.stop()


def turn_over(member: Joining, members: list[Joining], kill: bool) -> None:
    """Stop a running member, unless it is the last; start one that is stopped."""
    if not member.member:
        member.start()
    elif sum(bool(other.member) for other in members) > 1:
        member.kill() if kill else stop(member, [other for other in members if other is not member])


def stop(member: Joining, others: list[Joining]) -> None:
    """Stop a member while the others go on: without them, a rebalance that it is in would not end."""
    with ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(member.stop)
        while not stopped.done():
            for other in others:
                other.step()
        stopped.result()


def send_pairs(broker: Broker, topics: tuple[str, str], numbers: range) -> None:
    """Send predictions, a second apart, each with the label of the tenth before it."""
    for name, behind in zip(topics, (0, 10), strict=True):
        produce(
            broker,
            name,
            [
                (b"%d" % (at - behind), b"{}", [], applied_time(at), (at - behind) % 6)
                for at in numbers
                if at >= behind
            ],
        )


def test_a_partition_that_went_away_and_comes_back_is_restored(kafka_broker: Broker, topic: MakeTopic) -> None:
    name = topic("back", partitions=2)
    fill(kafka_broker, name, range(20), partitions=2)
    with Member(kafka_broker, [name], restore_window=3600) as a:
        drive(a, until=lambda: len(a.applied) == 20)
        with Member(kafka_broker, [name]) as b:
            drive(a, b, until=lambda: len(a.partitions) == len(b.partitions) == 1 and a.revoked != [])
            went: TopicPartition = next(iter(b.partitions))
            assert a.revoked == [[went]]
            assert {(each.topic, each.partition) for each in a.saved} == a.partitions
        drive(a, until=lambda: len(a.partitions) == 2 and a.lag == 0 and not a.source.restoring)
        assert a.revoked == [[went], [went]]
        assert [(record.partition, record.offset) for record in a.restored] == [(went[1], at) for at in range(10)]
        assert len(a.applied) == 20


def test_a_member_that_was_removed_commits_nothing(kafka_broker: Broker, topic: MakeTopic) -> None:
    """A member that was slow for too long lost its partitions; the commit of the new owner stays."""
    name = topic("slow")
    fill(kafka_broker, name, range(10))
    slow = Member(kafka_broker, [name], options={"max_poll_interval_ms": 1500})
    with slow, Member(kafka_broker, [name]) as other:
        drive(slow, until=lambda: len(slow.applied) == 10, commit=False)
        time.sleep(2.5)
        drive(other, until=lambda: len(other.applied) == 10)
        fill(kafka_broker, name, range(10, 15))
        drive(other, until=lambda: committed(kafka_broker, name, name).offset == 15)
        slow.commit()
        drive(slow, other, until=lambda: slow.revoked == [[(name, 0)]])
        after = committed(kafka_broker, name, name)
        assert (after.offset, read_committed(*after[:2]).owner) == (15, other.source.owner)
        assert slow.saved == []
