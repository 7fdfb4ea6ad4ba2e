"""The offsets from which a member reads its partitions, revoked state, restores, and gaps."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import LogTruncationError
from kafka.structs import OffsetAndTimestamp

from stream_monitor.sources.base import AppliedOffset
from stream_monitor.sources.kafka.progress import commit_metadata, read_committed
from tests.brokers import Broker
from tests.conftest import MakeTopic
from tests.integration.events import START
from tests.integration.members import Member, applied_time, committed, drive, fill

pytestmark = pytest.mark.kafka


@pytest.fixture
def admin(kafka_broker: Broker) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(bootstrap_servers=kafka_broker.bootstrap_servers)
    yield client
    client.close()


def read(broker: Broker, name: str, count: int, **settings: object) -> Member:
    """Return a member that has read this many records, committed them and left."""
    with Member(broker, [name], **settings) as member:  # type: ignore[arg-type]
        drive(member, until=lambda: len(member.applied) >= count)
    return member


# Start


def test_what_is_committed_tells_whose_state_it_belongs_to(kafka_broker: Broker, topic: MakeTopic) -> None:
    name = topic("note")
    fill(kafka_broker, name, range(10))
    member = read(kafka_broker, name, 10)
    found = committed(kafka_broker, name, name)
    beside = read_committed(found.offset, found.metadata)
    assert beside == (10, member.source.owner, applied_time(9))
    assert member.saved == [AppliedOffset(name, 0, *beside[::2])]


def test_the_state_saved_goes_further_than_the_commit(
    kafka_broker: Broker, topic: MakeTopic, caplog: pytest.LogCaptureFixture
) -> None:
    """After a kill between save and commit, applied records are not read again."""
    name = topic("further")
    fill(kafka_broker, name, range(20))
    read(kafka_broker, name, 10, options={"max_poll_records": 10})
    with Member(kafka_broker, [name], saved=[AppliedOffset(name, 0, 15)], owner="mine", restore_window=60) as member:
        drive(member, until=lambda: len(member.applied) >= 5)
        assert [offset for *_, offset in member.spots] == list(range(15, 20))
        assert member.revoked == []
    assert "saved 15, committed 10; going on from 15" in caplog.text


def test_a_state_that_lost_a_write_goes_on_from_where_it_is(
    kafka_broker: Broker, topic: MakeTopic, caplog: pytest.LogCaptureFixture
) -> None:
    name = topic("torn")
    fill(kafka_broker, name, range(20))
    owner = read(kafka_broker, name, 20).source.owner
    with Member(kafka_broker, [name], saved=[AppliedOffset(name, 0, 15)], owner=owner, restore_window=60) as member:
        drive(member, until=lambda: len(member.applied) >= 5)
        assert [offset for *_, offset in member.spots] == list(range(15, 20))
        assert (member.revoked, member.restored) == ([], [])
    assert "saved 15, but this state committed 20 earlier" in caplog.text


def test_the_group_has_gone_further_than_the_state(
    kafka_broker: Broker, topic: MakeTopic, caplog: pytest.LogCaptureFixture
) -> None:
    """The state of the partition is revoked, and restored from the window before the commit."""
    name = topic("void")
    fill(kafka_broker, name, range(100))
    read(kafka_broker, name, 100)
    fill(kafka_broker, name, range(100, 110))
    with Member(kafka_broker, [name], saved=[AppliedOffset(name, 0, 15)], owner="mine", restore_window=30) as member:
        drive(member, until=lambda: len(member.applied) >= 10)
        assert member.revoked == [[(name, 0)]]
        # The last record before the commit is of second 99.
        assert [record.offset for record in member.restored] == list(range(69, 100))
        assert [offset for *_, offset in member.spots] == list(range(100, 110))
    assert "saved 15, but another member committed 100" in caplog.text


# Restoring


def test_a_partition_without_its_state_is_restored_in_the_order_of_time(
    kafka_broker: Broker, topic: MakeTopic, caplog: pytest.LogCaptureFixture
) -> None:
    """A second member gets all partitions; nothing of what it reads again is committed or counted as applied."""
    topics = topic("restored", partitions=2), topic("restored", partitions=2)
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
            AppliedOffset(name, at, 105, applied_time(208 + at)) for name in topics for at in (0, 1)
        )
    assert f"restoring {topics[0]}[0] from offset 74 to 100, 26 records" in caplog.text
    assert f"restored {topics[0]}[0] in" in caplog.text


def test_all_that_is_read_again_comes_before_anything_that_counts(kafka_broker: Broker, topic: MakeTopic) -> None:
    """Otherwise a counted label could match a prediction that is not, and hide their outcome."""
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
        assert (member.revoked, member.restored) == ([[(name, 0)]], [])


def test_a_restore_ends_where_its_last_records_are_gone(
    kafka_broker: Broker,
    topic: MakeTopic,
    admin: KafkaAdminClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They were deleted after the offsets were looked up; records lost before the commit are no gap."""
    name = topic("gone")
    fill(kafka_broker, name, range(100))
    read(kafka_broker, name, 100)
    admin.delete_records({TopicPartition(name, 0): 100})
    found = {TopicPartition(name, 0): OffsetAndTimestamp(50, applied_time(50), -1)}
    monkeypatch.setattr(KafkaConsumer, "offsets_for_times", lambda *_, **__: found)
    with caplog.at_level(logging.INFO), Member(kafka_broker, [name], restore_window=3600) as member:
        drive(member, until=lambda: f"restoring {name}[0] from offset 50 to 100" in caplog.text)
        drive(member, until=lambda: f"restored {name}[0]" in caplog.text)
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


def test_a_log_that_has_lost_its_end_is_read_on_from_where_it_ends(
    kafka_broker: Broker, topic: MakeTopic, caplog: pytest.LogCaptureFixture
) -> None:
    """An unclean leader election can shorten a log."""
    name = topic("truncated")
    fill(kafka_broker, name, range(10))
    with Member(kafka_broker, [name]) as member:
        drive(member, until=lambda: len(member.applied) == 10)
        consumer = member.source._consumer
        end = {TopicPartition(name, 0): OffsetAndMetadata(7, "", -1)}
        consumer._fetcher._cached_log_truncation = LogTruncationError(end)
        drive(member, until=lambda: len(member.applied) == 13)
        assert [offset for *_, offset in member.spots[10:]] == [7, 8, 9]
    assert "the log has no offset 10 any more" in caplog.text


def test_a_commit_behind_the_end_of_the_log_is_left(kafka_broker: Broker, topic: MakeTopic) -> None:
    """Records newer than the commit are read; all of them, if the commit has no time."""
    name = topic("behind")
    fill(kafka_broker, name, range(10))
    for time_known, first in ((applied_time(5), 6), (-1, 0)):
        group = f"{name}-{time_known}"
        consumer = KafkaConsumer(bootstrap_servers=kafka_broker.bootstrap_servers, group_id=group)
        consumer.commit({TopicPartition(name, 0): OffsetAndMetadata(50, commit_metadata("another", time_known), -1)})
        consumer.close()
        with Member(kafka_broker, [name], group=group, restore_window=60) as member:
            drive(member, until=lambda: member.lag == 0 and bool(member.applied))
            assert [offset for *_, offset in member.spots] == list(range(first, 10))
            assert member.restored == []
