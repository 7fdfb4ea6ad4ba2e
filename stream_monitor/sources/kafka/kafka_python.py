"""kafka-python's consumer, connected, and where it has to be helped."""

from __future__ import annotations

import logging
import math
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from kafka import AsyncConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.abstract import RebalanceProtocol
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.errors import KafkaConfigurationError

from stream_monitor.core.errors import ConfigError, SourceError
from stream_monitor.sources.kafka.assignor import CopartitionedAssignor
from stream_monitor.sources.kafka.batches import ReadablePartition

logger = logging.getLogger(__name__)

#: Every setting that the client has, with its default.
CONSUMER_DEFAULTS: Mapping[str, Any] = KafkaConsumer.DEFAULT_CONFIG
#: How partitions are shared out in a group, by the names that Kafka gives them.
ASSIGNORS: Mapping[str, Any] = {
    assignor.name: assignor
    for assignor in (
        RangePartitionAssignor,
        RoundRobinPartitionAssignor,
        StickyPartitionAssignor,
        CooperativeStickyAssignor,
    )
}
#: Other than kafka-python's own: larger polls make longer columns, no topic is created by looking for it, and one
#: that is created later is found soon. Fetches are smaller, for the client holds one of each partition.
DEFAULTS: dict[str, Any] = {
    "max_poll_records": 2000,
    "allow_auto_create_topics": False,
    "metadata_max_age_ms": 10_000,
    "fetch_max_wait_ms": 50,
    "fetch_max_bytes": 8 << 20,
    "max_partition_fetch_bytes": 512 << 10,
    "bootstrap_timeout_ms": 5_000,
    "client_id": "stream-monitor",
}
#: How long a commit or a farewell may take: a broker that is gone must not keep the process from ending.
PATIENCE_MS = 5_000
#: Seconds after which a rebalance that goes on in the background is looked at again.
_REBALANCE_STEP = 0.1


class Member(Protocol):
    """Who is told of rebalances: by the client's own thread, while the pipeline's is inside a poll."""

    async def revoke(self, partitions: Sequence[TopicPartition], commit: bool) -> None: ...

    def assign(self, partitions: Sequence[TopicPartition]) -> None: ...


class _Listener(AsyncConsumerRebalanceListener):  # type: ignore[misc]
    """Called by the client's own thread, which must not wait for itself."""

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
) -> KafkaConsumer:
    """A consumer that will join the group at its first poll, once its topics have passed the check."""
    if not config.get("proxy_url"):
        _reach(config["bootstrap_servers"])
    assignor = CopartitionedAssignor(lambda: consumer.assignment(), kept)
    try:
        consumer = KafkaConsumer(**{"partition_assignment_strategy": [assignor], **config})
    except KafkaConfigurationError as error:
        raise ConfigError(f"--kafka-option: {one_line(error)}") from None
    try:
        # Known topics before the group is joined spare a second join; and with an explicit api_version the
        # client would otherwise lose a subscription that comes before its first metadata.
        consumer.bootstrap(timeout_ms=PATIENCE_MS)
        for topic in topics:
            consumer.partitions_for_topic(topic)
        check(consumer)
    except BaseException:
        consumer.close(autocommit=False, timeout_ms=0)
        raise
    consumer._fetcher.PartitionRecords = ReadablePartition
    _look_for_parked(consumer._fetcher)
    consumer.subscribe(topics, listener=_Listener(member))
    # Else a leader takes the partitions that it has known all along for new ones, and has the group join again.
    coordinator = consumer._coordinator
    coordinator._metadata_snapshot = coordinator._build_metadata_snapshot(consumer._subscription, consumer._cluster)
    logger.info("connected to %s", ", ".join(config["bootstrap_servers"]))
    return consumer


def partition_count(consumer: KafkaConsumer, topic: str) -> int:
    """How many partitions a topic has, as far as the client knows; 0 while it does not exist."""
    # consumer.topics() would ask the broker, and wait for it without end.
    return len(consumer._cluster.partitions_for_topic(topic) or ())


def is_rejoining(consumer: KafkaConsumer) -> bool:
    """Whether the group is sharing out its partitions, or is about to."""
    coordinator = consumer._coordinator
    if coordinator.rejoining:
        # Else a leader that rejoins for new partitions forgets that it does so (3.0.12), and is thrown out.
        coordinator.request_rejoin()
    return bool(coordinator.need_rejoin())


def may_commit(consumer: KafkaConsumer) -> bool:
    """Whether the group would take a commit: not between joining it and being told of one's partitions."""
    return bool(consumer._coordinator.stable())


def standing(consumer: KafkaConsumer, tp: TopicPartition) -> tuple[int | None, int | None]:
    """The offset to be fetched next, and that of the partition's end; what is not known is None.

    consumer.position() would look at every other partition too.
    """
    state = consumer._subscription.assignment[tp]
    return (state.position.offset if state.position else None), state.highwater


def fetch(consumer: KafkaConsumer, seconds: float, limit: int) -> dict[TopicPartition, list[Any]]:
    """A poll, which goes on reading what stays here while the group shares out its partitions.

    The client's own poll gives nothing until the last member of the group has joined again, which can take as long as
    the session of one that was killed.
    """
    if not is_rejoining(consumer):
        return _poll(consumer, seconds, limit)
    step = min(seconds, _REBALANCE_STEP)
    if not (consumer._coordinator._rebalance_protocol == RebalanceProtocol.COOPERATIVE and consumer.assignment()):
        return _poll(consumer, step, limit)
    polled = _poll(consumer, 0, limit)
    if not polled and consumer.assignment() and is_rejoining(consumer):
        polled, idle = consumer._fetcher.fetch_records(limit, timeout_ms=math.ceil(step * 1000))
        if idle:
            time.sleep(step)
    return dict(polled)


def _poll(consumer: KafkaConsumer, seconds: float, limit: int) -> dict[TopicPartition, list[Any]]:
    try:
        return dict(consumer.poll(timeout_ms=math.ceil(seconds * 1000), max_records=limit))
    finally:
        join = consumer._coordinator._join_task
        if join is not None and not isinstance(join, _Join):
            consumer._coordinator._join_task = _Join(join)


class _Join:
    """An attempt to join whose result is to be read by a later poll.

    The client takes one that was done between two polls for none, and joins the group once more (3.0.12).
    """

    is_done = False

    def __init__(self, task: Any) -> None:
        self.add_callback, self.add_errback = task.add_callback, task.add_errback


def _look_for_parked(fetcher: Any) -> None:
    """Have the client find again what it had fetched of a partition before that was paused.

    It does so only while no other partition's records are at hand, and takes used up ones for such (3.0.12): a
    partition that is resumed beside others would never be read again.
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
    """The text of an error, without line breaks."""
    return " ".join(str(error).split())[:300]


def _reach(servers: Sequence[str]) -> None:
    """Raise `SourceError` when no broker answers: told its api_version, the client would wait for one without end."""
    failures = []
    for server in servers:
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE_MS / 1000).close()
            return
        except OSError as error:
            failures.append(f"{server}: {error.strerror or error}")
    raise SourceError(f"Kafka: can't connect to {', '.join(failures)}")
