"""The seam to kafka-python: its consumer, connected, and workarounds for its faults; its polls are beside it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import kafka
from kafka import AsyncConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.errors import KafkaConfigurationError

from stream_monitor.core.errors import ConfigError, SourceError
from stream_monitor.sources.kafka import column_partition
from stream_monitor.sources.kafka.assignor import CopartitionedAssignor
from stream_monitor.sources.kafka.batches import ReadablePartition
from stream_monitor.sources.kafka.record_columns import EVERYTHING, Wanted
from stream_monitor.sources.kafka.wide_reads import widen_reads

logger = logging.getLogger(__name__)

#: Every setting that the client has, with its default.
CONSUMER_DEFAULTS: Mapping[str, Any] = KafkaConsumer.DEFAULT_CONFIG
#: The assignors of a group by the names that Kafka gives them.
ASSIGNORS: Mapping[str, Any] = {
    assignor.name: assignor
    for assignor in (
        RangePartitionAssignor,
        RoundRobinPartitionAssignor,
        StickyPartitionAssignor,
        CooperativeStickyAssignor,
    )
}
#: Defaults that differ from kafka-python's: larger polls make longer columns, looking for a topic does not create it,
#: and one that is created later is found soon. Fetches are smaller, because the client buffers one of each partition.
#: Nobody reads its own metrics, which cost as much as the merge of its records.
DEFAULTS: dict[str, Any] = {
    "max_poll_records": 2000,
    "allow_auto_create_topics": False,
    "metadata_max_age_ms": 10_000,
    "fetch_max_wait_ms": 50,
    "fetch_max_bytes": 8 << 20,
    "max_partition_fetch_bytes": 512 << 10,
    "bootstrap_timeout_ms": 5_000,
    "client_id": "stream-monitor",
    "metrics_enabled": False,
}
#: Milliseconds that a commit or a close may take: a broker that is gone must not keep the process from ending.
PATIENCE_MS = 5_000


class Member(Protocol):
    """Is called at rebalances, by the client's own thread while the pipeline's is inside a poll."""

    async def revoke(self, partitions: Sequence[TopicPartition], commit: bool) -> None: ...

    def assign(self, partitions: Sequence[TopicPartition]) -> None: ...


class _Listener(AsyncConsumerRebalanceListener):  # type: ignore[misc]
    """Passes rebalances on to a member, in the client's own thread, which must not wait for itself."""

    def __init__(self, member: Member) -> None:
        self._member = member

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        await self._member.revoke(revoked, commit=True)

    async def on_partitions_lost(self, lost: Sequence[TopicPartition]) -> None:
        await self._member.revoke(lost, commit=False)

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self._member.assign(assigned)


def connect(
    config: Mapping[str, Any],
    topics: Sequence[str],
    member: Member,
    kept: Callable[[], Iterable[TopicPartition]],
    check: Callable[[KafkaConsumer], None],
    wanted: Wanted = EVERYTHING,
) -> KafkaConsumer:
    """Return a consumer that joins its group at the first poll.

    Args:
        config: Settings of the consumer.
        topics: Topics to subscribe to.
        member: Is called at rebalances.
        kept: Returns the partitions of which there is state here, which the assignor prefers.
        check: Raises an error when the topics can't be read together.
        wanted: Columns of the records that somebody reads.

    Raises:
        SourceError: No broker answers.
        ConfigError: A setting is wrong.
    """
    if not config.get("proxy_url"):
        _reach(config["bootstrap_servers"])
    if column_partition.is_supported():
        widen_reads()
    consumer = _make_consumer(config, topics, kept)
    try:
        _bootstrap(consumer, topics)
        check(consumer)
    except BaseException:
        consumer.close(autocommit=False, timeout_ms=0)
        raise
    _parse_readably(consumer._fetcher, wanted)
    _look_for_parked(consumer._fetcher)
    consumer.subscribe(topics, listener=_Listener(member))
    _note_metadata(consumer)
    logger.info("connected to %s", ", ".join(config["bootstrap_servers"]))
    return consumer


def _make_consumer(
    config: Mapping[str, Any], topics: Sequence[str], kept: Callable[[], Iterable[TopicPartition]]
) -> KafkaConsumer:
    """Return a consumer that has asked no broker for anything yet."""
    assignor = CopartitionedAssignor(lambda: consumer.assignment(), kept)
    try:
        consumer = KafkaConsumer(
            kafka_client=_client_of(topics), **{"partition_assignment_strategy": [assignor], **config}
        )
    except KafkaConfigurationError as error:
        raise ConfigError(f"--kafka-option: {one_line(error)}") from None
    return consumer


def _client_of(topics: Sequence[str]) -> Callable[..., Any]:
    """Return what makes the client of a consumer that asks for these topics with its first metadata.

    Otherwise it would ask for all topics of the cluster after that, and wait for its back-off before.
    """

    def client(**settings: Any) -> Any:
        made = CONSUMER_DEFAULTS["kafka_client"](**settings)
        cluster = made._manager.cluster
        # The client does not hand this setting on (3.0.12), and would create a topic by asking for it.
        cluster.config["allow_auto_create_topics"] = settings["allow_auto_create_topics"]
        cluster._topics.update(topics)
        return made

    return client


def _note_metadata(consumer: KafkaConsumer) -> None:
    """Note the known partitions: a leader would take them for new ones, and make the group join again."""
    coordinator = consumer._coordinator
    coordinator._metadata_snapshot = coordinator._build_metadata_snapshot(consumer._subscription, consumer._cluster)


def _bootstrap(consumer: KafkaConsumer, topics: Sequence[str]) -> None:
    """Fetch the metadata of topics before the group is joined.

    Otherwise the group is joined twice; and with an explicit api_version the client loses a subscription that comes
    before its first metadata.
    """
    consumer.bootstrap(timeout_ms=PATIENCE_MS)
    for topic in topics:
        consumer.partitions_for_topic(topic)


def partition_count(consumer: KafkaConsumer, topic: str) -> int:
    """Return how many partitions a topic has, as far as the client knows; 0 while it does not exist."""
    # consumer.topics() would ask the broker, and wait for it forever.
    return len(consumer._cluster.partitions_for_topic(topic) or ())


def _parse_readably(fetcher: Any, wanted: Wanted) -> None:
    """Make the client parse fetches as columns, or record by record if its insides are not known; neither raises."""
    if column_partition.is_supported():
        fetcher.PartitionRecords = column_partition.parser(wanted)
    else:
        logger.warning("kafka-python %s is not known here: records are parsed one by one", kafka.__version__)
        fetcher.PartitionRecords = ReadablePartition


def _look_for_parked(fetcher: Any) -> None:
    """Make the client find the records that it had fetched of a partition before that was paused.

    It looks for them only while it has no records of another partition, and takes an empty batch for records
    (3.0.12): a partition that is resumed beside others would never be read again.
    """
    fetched, is_paused = fetcher.fetched_records, fetcher._subscriptions.is_paused

    def fetched_records(*args: Any, **options: Any) -> Any:
        while True:
            if not fetcher._next_partition_records:
                fetcher._next_partition_records = None
            records, partial = fetched(*args, **options)
            if records or all(map(is_paused, fetcher._paused_partition_records)):
                return records, partial

    fetcher.fetched_records = fetched_records


def one_line(error: BaseException) -> str:
    """Return the text of an error on one line."""
    return " ".join(str(error).split())[:300]


def _reach(servers: Sequence[str]) -> None:
    """Raise `SourceError` when no broker answers: with an api_version, the client would wait for one forever."""
    failures = []
    for server in servers:
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE_MS / 1000).close()
            return
        except OSError as error:
            failures.append(f"{server}: {error.strerror or error}")
    raise SourceError(f"Kafka: can't connect to {', '.join(failures)}")
