"""Where a member begins in its partitions, which state it holds for void, and how partitions go round in a group."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.structs import OffsetAndTimestamp

from stream_monitor.errors import ConfigError
from stream_monitor.sources.base import Place, Reached
from stream_monitor.sources.kafka_progress import read_note
from tests.brokers import Broker, produce
from tests.conftest import MakeTopic
from tests.integration.events import START, prediction, send
from tests.integration.members import Member, Spot, at_times, drive
from tests.integration.sidecar import Sidecar, watch

pytestmark = pytest.mark.kafka


@pytest.fixture
def admin(kafka_broker: Broker) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(bootstrap_servers=kafka_broker.bootstrap_servers)
    yield client
    client.close()


def fill(broker: Broker, topic: str, numbers: range, partitions: int = 1) -> None:
    """A record a second, each in the next partition."""
    produce(broker, topic, [record for at in numbers for record in at_times(at % partitions, START + at)])


def committed(broker: Broker, group: str, topic: str, partition: int = 0) -> OffsetAndMetadata:
    """What a group has committed of a partition, and beside it."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap_servers, group_id=group, enable_auto_commit=False)
    try:
        return consumer.committed(TopicPartition(topic, partition), metadata=True)
    finally:
        consumer.close()


def read(broker: Broker, name: str, count: int, **settings: object) -> Member:
    """A member that has read so many records, committed them and left."""
    with Member(broker, [name], **settings) as member:  # type: ignore[arg-type]
        drive(member, until=lambda: len(member.applied) >= count)
    return member


# Where it begins


def test_what_is_committed_tells_whose_state_it_belongs_to(kafka_broker: Broker, topic: MakeTopic) -> None:
    name = topic("note")
    fill(kafka_broker, name, range(10))
    member = read(kafka_broker, name, 10)
    found = committed(kafka_broker, name, name)
    note = read_note(found.offset, found.metadata)
    assert note == (10, member.source.owner, int((START + 9) * 1000))
    assert member.saved == [Reached(name, 0, *note[::2])]


def test_the_state_saved_goes_further_than_the_commit(
    kafka_broker: Broker, topic: MakeTopic, caplog: pytest.LogCaptureFixture
) -> None:
    """It was killed between the two: what was applied is not read again."""
    name = topic("further")
    fill(kafka_broker, name, range(20))
    read(kafka_broker, name, 10, options={"max_poll_records": 10})
    with Member(kafka_broker, [name], saved=[Reached(name, 0, 15)], owner="mine", restore_window=60) as member:
        drive(member, until=lambda: len(member.applied) >= 5)
        assert [offset for *_, offset in member.spots] == list(range(15, 20))
        assert member.departed == []
    assert "saved 15, committed 10; going on from 15" in caplog.text


def test_a_state_that_lost_a_write_goes_on_from_where_it_is(
    kafka_broker: Broker, topic: MakeTopic, caplog: pytest.LogCaptureFixture
) -> None:
    name = topic("torn")
    fill(kafka_broker, name, range(20))
    owner = read(kafka_broker, name, 20).source.owner
    with Member(kafka_broker, [name], saved=[Reached(name, 0, 15)], owner=owner, restore_window=60) as member:
        drive(member, until=lambda: len(member.applied) >= 5)
        assert [offset for *_, offset in member.spots] == list(range(15, 20))
        assert (member.departed, member.restored) == ([], [])
    assert "saved 15, though this very state had come to 20" in caplog.text


def test_the_group_has_gone_further_than_the_state(
    kafka_broker: Broker, topic: MakeTopic, caplog: pytest.LogCaptureFixture
) -> None:
    """What was kept of the partition is void; it is rebuilt from the window before what was committed."""
    name = topic("void")
    fill(kafka_broker, name, range(100))
    read(kafka_broker, name, 100)
    fill(kafka_broker, name, range(100, 110))
    with Member(kafka_broker, [name], saved=[Reached(name, 0, 15)], owner="mine", restore_window=30) as member:
        drive(member, until=lambda: len(member.applied) >= 10)
        assert member.departed == [[(name, 0)]]
        # The last record before the commit is of second 99.
        assert [record.offset for record in member.restored] == list(range(69, 100))
        assert [offset for *_, offset in member.spots] == list(range(100, 110))
    assert "saved 15, but another member has come to 100" in caplog.text


# Rebuilding


def test_a_partition_without_its_state_is_rebuilt_in_the_order_of_time(
    kafka_broker: Broker, topic: MakeTopic, caplog: pytest.LogCaptureFixture
) -> None:
    """A second member gets all partitions; nothing of what it reads again is committed or counted as reached."""
    topics = topic("rebuilt", partitions=2), topic("rebuilt", partitions=2)
    for name in topics:
        fill(kafka_broker, name, range(200), partitions=2)
    with Member(kafka_broker, topics) as first:
        drive(first, until=lambda: len(first.applied) >= 400)
    for name in topics:
        fill(kafka_broker, name, range(200, 210), partitions=2)
    with (
        caplog.at_level(logging.INFO),
        Member(kafka_broker, topics, restore_window=50, options={"max_poll_records": 20}) as second,
    ):
        drive(second, until=lambda: len(second.restored) > 0)
        assert second.source.restoring == {(name, at): 100 for name in topics for at in (0, 1)}
        assert second.saved == []
        drive(second, until=lambda: len(second.applied) >= 20)
        times = [record.timestamp or 0 for record in second.restored]
        assert times == sorted(times)
        assert Counter(record.topic for record in second.restored) == dict.fromkeys(topics, 52)
        assert {record.offset for record in second.applied} == set(range(100, 105))
        assert second.source.restoring == {}
        assert sorted(second.saved) == sorted(
            Reached(name, at, 105, reached_time(208 + at)) for name in topics for at in (0, 1)
        )
    assert f"rebuilding {topics[0]}[0] from offset 74 to 100, 26 records" in caplog.text
    assert f"rebuilt {topics[0]}[0] in" in caplog.text


def reached_time(second: int) -> int:
    return int((START + second) * 1000)


def test_all_that_is_read_again_comes_before_anything_that_counts(kafka_broker: Broker, topic: MakeTopic) -> None:
    """Else a label that counted before could meet a prediction that did not, and hide their outcome."""
    topics = topic("ahead", partitions=2), topic("ahead", partitions=2)
    for name in topics:
        fill(kafka_broker, name, range(100), partitions=2)
    consumer = KafkaConsumer(bootstrap_servers=kafka_broker.bootstrap_servers, group_id=topics[0])
    upto = {topics[0]: 10, topics[1]: 40}
    consumer.commit(
        {TopicPartition(name, at): OffsetAndMetadata(upto[name], "", -1) for name in topics for at in (0, 1)}
    )
    consumer.close()
    with Member(kafka_broker, topics, restore_window=10**9, options={"max_poll_records": 7}) as member:
        drive(member, until=lambda: len(member.applied) >= 100)
        assert member.order == member.restored + member.applied
        assert [record.timestamp for record in member.restored] == sorted(
            int((START + at) * 1000) for name in topics for at in range(2 * upto[name])
        )
        assert {(record.topic, record.offset) for record in member.applied} == {
            (name, offset) for name in topics for offset in range(upto[name], 50)
        }


def test_without_a_window_nothing_is_read_again(kafka_broker: Broker, topic: MakeTopic) -> None:
    name = topic("unwindowed")
    fill(kafka_broker, name, range(10))
    read(kafka_broker, name, 10)
    fill(kafka_broker, name, range(10, 15))
    with Member(kafka_broker, [name], restore_window=0) as member:
        drive(member, until=lambda: len(member.applied) >= 5)
        assert (member.departed, member.restored) == ([[(name, 0)]], [])


def test_a_rebuilding_ends_where_its_last_records_are_gone(
    kafka_broker: Broker,
    topic: MakeTopic,
    admin: KafkaAdminClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They were deleted after the offsets were looked up; what is lost before the commit is no gap."""
    name = topic("gone")
    fill(kafka_broker, name, range(100))
    read(kafka_broker, name, 100)
    admin.delete_records({TopicPartition(name, 0): 100})
    found = {TopicPartition(name, 0): OffsetAndTimestamp(50, reached_time(50), -1)}
    monkeypatch.setattr(KafkaConsumer, "offsets_for_times", lambda *_, **__: found)
    with caplog.at_level(logging.INFO), Member(kafka_broker, [name], restore_window=3600) as member:
        drive(member, until=lambda: f"rebuilding {name}[0] from offset 50 to 100" in caplog.text)
        drive(member, until=lambda: f"rebuilt {name}[0]" in caplog.text)
        assert (member.restored, member.source.gaps, member.source.restoring) == ([], Counter(), {})
        drive(member, until=lambda: member.lag == 0)
        fill(kafka_broker, name, range(100, 103))
        drive(member, until=lambda: len(member.applied) >= 3)
        assert [offset for *_, offset in member.spots] == [100, 101, 102]


# Gaps


def test_what_was_deleted_before_it_was_read_is_counted_and_said(
    kafka_broker: Broker, topic: MakeTopic, admin: KafkaAdminClient, caplog: pytest.LogCaptureFixture
) -> None:
    name = topic("retention")
    fill(kafka_broker, name, range(100))
    first = read(kafka_broker, name, 10, options={"max_poll_records": 10})
    at = first.saved[0].offset
    admin.delete_records({TopicPartition(name, 0): 80})
    saved, owner = first.saved, first.source.owner
    with Member(kafka_broker, [name], saved=saved, owner=owner) as member:
        drive(member, until=lambda: len(member.applied) >= 20)
        assert [offset for *_, offset in member.spots] == list(range(80, 100))
        assert member.source.gaps == {name: 80 - at}
    assert f"{name}[0]: {80 - at} records from offset {at} on were deleted before they were read" in caplog.text


def test_a_gap_is_counted_once_though_nothing_comes_after_it(
    kafka_broker: Broker, topic: MakeTopic, admin: KafkaAdminClient
) -> None:
    name = topic("emptied")
    fill(kafka_broker, name, range(50))
    first = read(kafka_broker, name, 10, options={"max_poll_records": 10})
    at = first.saved[0].offset
    admin.delete_records({TopicPartition(name, 0): 50})
    with Member(kafka_broker, [name], saved=first.saved, owner="mine") as member:
        drive(member, until=lambda: member.saved == [first.saved[0]._replace(offset=50)])
        assert member.source.gaps == {name: 50 - at}
    with Member(kafka_broker, [name], saved=member.saved, owner="mine") as later:
        drive(later, until=lambda: later.lag == 0)
        assert not later.source.gaps


def test_a_topic_made_anew_is_read_from_its_beginning(
    kafka_broker: Broker, topic: MakeTopic, admin: KafkaAdminClient, caplog: pytest.LogCaptureFixture
) -> None:
    name = topic("anew")
    fill(kafka_broker, name, range(50))
    first = read(kafka_broker, name, 50)
    admin.delete_topics([name])
    time.sleep(1)
    kafka_broker.create_topic(name)
    fill(kafka_broker, name, range(60, 70))
    with Member(kafka_broker, [name], saved=first.saved, owner=first.source.owner) as member:
        drive(member, until=lambda: len(member.applied) >= 10)
        assert [offset for *_, offset in member.spots] == list(range(10))
        assert [each.offset for each in member.saved] == [10]
    if "committed None" not in caplog.text:
        assert "the log has no offset 50 any more" in caplog.text


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
        drive(member, until=lambda: len(member.places) == 2)
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
        drive(a, b, until=lambda: (len(a.places), len(b.places), a.lag, b.lag) == (2, 2, 0, 0))
        places, generation, departed = a.places, b.generation, len(b.departed)
        a.close()
        drive(b, until=lambda: True)
        fill(kafka_broker, name, range(40, 48), partitions=4)
        with Member(
            kafka_broker, [name], group_instance_id="a", saved=a.saved, owner=a.source.owner, restore_window=60
        ) as again:
            drive(again, b, until=lambda: (again.lag, b.lag) == (0, 0) and again.places == places)
            assert (again.generation, b.generation) == (generation, generation)
            assert (again.departed, again.restored, len(b.departed)) == ([], [], departed)
            assert sorted(a.spots + again.spots + b.spots) == [(name, p, at) for p in range(4) for at in range(12)]


def test_two_members_of_one_name_are_one_too_many(kafka_broker: Broker, topic: MakeTopic) -> None:
    name = topic("twice")
    fill(kafka_broker, name, range(5))
    with (
        Member(kafka_broker, [name], group_instance_id="pod-0") as older,
        Member(kafka_broker, [name], group_instance_id="pod-0") as newer,
    ):
        drive(older, until=lambda: len(older.applied) == 5)
        drive(newer, until=lambda: newer.places == {(name, 0)})
        fill(kafka_broker, name, range(5, 8))
        with pytest.raises(ConfigError, match="--group-instance-id: another running member of the group has pod-0"):
            drive(older, until=lambda: False)


# Members that come and go


def numbers(member: Member, topic: str) -> set[int]:
    return {number for name, number in member.places if name == topic}


def is_settled(topics: tuple[str, str], *members: Member) -> bool:
    """Each number is with one member, in both topics, and they are shared out evenly."""
    shares = [numbers(member, topics[0]) for member in members]
    together = all(numbers(member, topics[1]) == share for member, share in zip(members, shares, strict=True))
    sizes = sorted(map(len, shares))
    return together and sorted(at for share in shares for at in share) == list(range(6)) and sizes[-1] - sizes[0] <= 1


def everything(topics: tuple[str, str], count: int) -> set[Spot]:
    return {(name, at % 6, at // 6) for name in topics for at in range(count)}


def test_three_members_join_leave_and_are_killed(kafka_broker: Broker, topic: MakeTopic) -> None:
    """Both topics of a number stay together; who stays keeps what it has; all is counted, once while none dies."""
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
        of_a, of_b = a.places, b.places
        load(a, b, c)
        assert a.places < of_a
        assert b.places < of_b
        # Whatever went over was told to whom it had belonged to, and read again by whom it came to.
        assert {place for gone in b.departed for place in gone} >= of_b - b.places
        assert {(record.topic, record.partition) for record in c.restored} == c.places
        of_a, of_b = a.places, b.places
        c.close()
        load(a, b)
        assert a.places > of_a
        assert b.places > of_b
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
    """One was killed, and a new one joins: until the session of the dead one ends, the group shares out nothing."""
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
            drive(a, c, until=lambda: a.lag == c.lag == 0)
            assert sorted(a.spots + c.spots) == sorted(
                spot for spot in everything(topics, sent) if spot[0] == topics[0]
            )


def test_a_partition_that_went_away_and_comes_back_is_rebuilt(kafka_broker: Broker, topic: MakeTopic) -> None:
    name = topic("back", partitions=2)
    fill(kafka_broker, name, range(20), partitions=2)
    with Member(kafka_broker, [name], restore_window=3600) as a:
        drive(a, until=lambda: len(a.applied) == 20)
        with Member(kafka_broker, [name]) as b:
            drive(a, b, until=lambda: len(a.places) == len(b.places) == 1 and a.departed != [])
            went: Place = next(iter(b.places))
            assert a.departed == [[went]]
            assert {(each.topic, each.partition) for each in a.saved} == a.places
        drive(a, until=lambda: len(a.places) == 2 and a.lag == 0 and not a.source.restoring)
        assert a.departed == [[went], [went]]
        assert [(record.partition, record.offset) for record in a.restored] == [(went[1], at) for at in range(10)]
        assert len(a.applied) == 20


def test_who_was_thrown_out_commits_nothing(kafka_broker: Broker, topic: MakeTopic) -> None:
    """It was slow for too long; meanwhile another one has read on. What that one committed stays."""
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
        drive(slow, other, until=lambda: slow.departed == [[(name, 0)]])
        after = committed(kafka_broker, name, name)
        assert (after.offset, read_note(*after[:2]).owner) == (15, other.source.owner)
        assert slow.saved == []
