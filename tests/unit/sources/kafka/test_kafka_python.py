"""Connecting: the settings of the client, the checks before, and their order."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from kafka.errors import KafkaConfigurationError
from kafka.net.transport import KafkaTCPTransport
from kafka.record import MemoryRecords

from stream_monitor.core.errors import ConfigError, SourceError
from stream_monitor.sources.kafka import kafka_python as module
from stream_monitor.sources.kafka.assignor import CopartitionedAssignor
from stream_monitor.sources.kafka.batches import ReadablePartition
from stream_monitor.sources.kafka.kafka_python import (
    PATIENCE_MS,
    connect,
)
from stream_monitor.sources.kafka.wide_reads import READ_BYTES
from tests.integration.raw_batches import batch
from tests.unit.sources.kafka.fake_internals import P0, P1, Client


class Member:
    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    async def revoke(self, partitions: Any, commit: bool) -> None:
        self.told.append(("revoke", partitions, commit))

    def assign(self, partitions: Any) -> None:
        self.told.append(("assign", partitions))


@pytest.fixture
def server() -> Iterator[str]:
    """The address of something that listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """The clients that `connect` makes."""
    clients: list[Client] = []

    def make(**config: Any) -> Client:
        clients.append(Client(**config))
        return clients[-1]

    monkeypatch.setattr(module, "KafkaConsumer", make)
    return clients


def test_metadata_is_there_and_checked_before_the_group_is_joined(
    made: list[Client], server: str, caplog: pytest.LogCaptureFixture
) -> None:
    checked: list[Any] = []
    config = {"bootstrap_servers": [server, "other:1"], "group_id": "g"}
    with caplog.at_level(logging.INFO, "stream_monitor"):
        client: Any = connect(config, ["p", "q"], Member(), tuple, lambda it: checked.append((it, list(it.calls))))
    known = [("bootstrap", PATIENCE_MS), ("partitions_for_topic", "p"), ("partitions_for_topic", "q")]
    assert made == [client]
    assert checked == [(client, known)]
    assert client.calls == [*known, ("subscribe", ["p", "q"])]
    assert READ_BYTES in KafkaTCPTransport._sock_recv.__code__.co_consts
    fetched = client._fetcher.PartitionRecords(0, P0, MemoryRecords(batch([b"x"])))
    assert [len(part) for part in fetched.take(9)] == [1]
    client._fetcher.answers, client._fetcher._next_partition_records = [({}, False)], []
    client._fetcher.fetched_records()
    assert client._fetcher._next_partition_records is None
    assert client._coordinator._metadata_snapshot == (client._subscription, client._cluster)
    assert caplog.messages == [f"connected to {server}, other:1"]


def test_a_client_that_is_not_known_parses_by_itself(
    made: list[Client], server: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kafka.__version__", "3.1.0")
    client: Any = connect({"bootstrap_servers": [server]}, ["p"], Member(), tuple, lambda _: None)
    assert client._fetcher.PartitionRecords is ReadablePartition
    assert caplog.messages == ["kafka-python 3.1.0 is not known here: records are parsed one by one"]


def test_the_assignor_knows_what_is_owned_and_kept(made: list[Client], server: str) -> None:
    kept = [("p", 7)]
    client: Any = connect({"bootstrap_servers": [server]}, ["p"], Member(), lambda: kept, lambda _: None)
    (assignor,) = client.config.pop("partition_assignment_strategy")
    assert client.config.keys() == {"bootstrap_servers", "kafka_client"}
    assert isinstance(assignor, CopartitionedAssignor)
    assert (set(assignor._owned()), assignor._kept()) == ({P0}, kept)


@pytest.mark.parametrize("creates", [False, True])
def test_the_first_metadata_has_the_topics(made: list[Client], server: str, creates: bool) -> None:
    connect({"bootstrap_servers": [server]}, ["p", "q"], Member(), tuple, lambda _: None)
    client = made[0].config["kafka_client"](bootstrap_servers=[server], allow_auto_create_topics=creates)
    try:
        request = client._manager.cluster.metadata_request()
    finally:
        client.close()
    assert sorted(topic.name for topic in request.topics) == ["p", "q"]
    assert request.allow_auto_topic_creation == creates


def test_an_assignor_that_is_given_is_taken(made: list[Client], server: str) -> None:
    config = {"bootstrap_servers": [server], "partition_assignment_strategy": ["theirs"]}
    connect(config, ["p"], Member(), tuple, lambda _: None)
    assert made[0].config["partition_assignment_strategy"] == ["theirs"]


def test_a_client_of_topics_that_are_refused_is_closed_without_a_commit(made: list[Client], server: str) -> None:
    def refuse(_: Any) -> None:
        raise ConfigError("no")

    with pytest.raises(ConfigError, match=r"^no$"):
        connect({"bootstrap_servers": [server]}, ["p"], Member(), tuple, refuse)
    assert made[0].calls[-1] == ("close", False, 0)


def test_a_setting_that_the_client_refuses_is_the_flags(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    def refuse(**_: Any) -> None:
        raise KafkaConfigurationError("it\nis wrong")

    monkeypatch.setattr(module, "KafkaConsumer", refuse)
    with pytest.raises(ConfigError, match=r"^--kafka-option: .*it is wrong$"):
        connect({"bootstrap_servers": [server]}, ["p"], Member(), tuple, lambda _: None)


def test_brokers_none_of_which_answers_are_all_named(made: list[Client]) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as once,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
    ):
        ports = once.getsockname()[1], six.getsockname()[1]
    servers = [f"127.0.0.1:{ports[0]}", f"[::1]:{ports[1]}"]
    with pytest.raises(SourceError) as caught:
        connect({"bootstrap_servers": servers}, ["p"], Member(), tuple, lambda _: None)
    assert made == []
    assert str(caught.value) == "Kafka: can't connect to " + ", ".join(
        f"{server}: Connection refused" for server in servers
    )


def test_one_broker_that_answers_is_enough(made: list[Client], server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []
    create = socket.create_connection

    def connection(address: Any, timeout: float) -> socket.socket:
        tried.append((address, timeout))
        return create(address, timeout)

    monkeypatch.setattr(module.socket, "create_connection", connection)
    with socket.create_server(("127.0.0.1", 0)) as once:
        closed = once.getsockname()[1]
    servers = [f"127.0.0.1:{closed}", server, "127.0.0.1:1"]
    connect({"bootstrap_servers": servers}, ["p"], Member(), tuple, lambda _: None)
    assert tried == [(("127.0.0.1", int(each.split(":")[1])), PATIENCE_MS / 1000) for each in servers[:2]]


def test_through_a_proxy_no_broker_is_reached_for(made: list[Client]) -> None:
    connect({"bootstrap_servers": ["nowhere.invalid:1"], "proxy_url": "socks5://x"}, ["p"], Member(), tuple, print)
    assert len(made) == 1


def test_a_member_is_told_of_rebalances(made: list[Client], server: str) -> None:
    member = Member()
    client: Any = connect({"bootstrap_servers": [server]}, ["p"], member, tuple, lambda _: None)
    listener = client.listener
    asyncio.run(listener.on_partitions_revoked([P0]))
    asyncio.run(listener.on_partitions_lost([P1]))
    asyncio.run(listener.on_partitions_assigned([P0, P1]))
    assert member.told == [("revoke", [P0], True), ("revoke", [P1], False), ("assign", [P0, P1])]
