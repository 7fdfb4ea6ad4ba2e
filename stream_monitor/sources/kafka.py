"""Records from Kafka: the only place that knows its client, besides the demo."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Literal

from kafka import AsyncConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.errors import KafkaConfigurationError, KafkaError, KafkaTimeoutError

from stream_monitor.clock import Clock
from stream_monitor.errors import ConfigError, SourceError
from stream_monitor.sources.base import BeforeCommit, Position, Reached, Record
from stream_monitor.sources.kafka_batches import ReadablePartition

logger = logging.getLogger(__name__)
_by_time = attrgetter("timestamp")

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
#: that is created later is found soon.
DEFAULTS: dict[str, Any] = {
    "max_poll_records": 2000,
    "allow_auto_create_topics": False,
    "metadata_max_age_ms": 10_000,
    "fetch_max_wait_ms": 50,
    "bootstrap_timeout_ms": 5_000,
    "client_id": "stream-monitor",
}


#: How long a commit or a farewell may take: a broker that is gone must not keep the process from ending.
PATIENCE_MS = 5_000
#: Seconds without a record after which the broker is asked whether it is still there.
SILENCE = 5.0


class KafkaSource:
    """A member of a consumer group that commits only what was applied.

    It connects at the first poll, so that a broker that is down is a `SourceError` to be tried again.
    """

    def __init__(
        self,
        bootstrap_servers: Sequence[str],
        topics: Sequence[str],
        group_id: str,
        clock: Clock,
        *,
        start: Literal["earliest", "latest"] = "earliest",
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._topics = list(dict.fromkeys(topics))
        self._start = start
        self._config: dict[str, Any] = {
            **DEFAULTS,
            **(options or {}),
            "bootstrap_servers": list(bootstrap_servers),
            "group_id": group_id,
            "enable_auto_commit": False,
            # Also where the log begins after the committed position; --start latest is seen to on assignment.
            "auto_offset_reset": "earliest",
        }
        self._consumer: KafkaConsumer | None = None
        self._polled: dict[TopicPartition, int] = {}
        self._applied: dict[TopicPartition, int] = {}
        self._reached: dict[TopicPartition, int] = {}
        self._resume: dict[TopicPartition, int] = {}
        self._unplaced: set[TopicPartition] = set()
        self.before_commit: BeforeCommit = lambda _: None
        self._clock = clock
        self._next_topic_check = self._answered = clock.monotonic()

    @property
    def exhausted(self) -> bool:
        return False

    def poll(self, timeout: float) -> Sequence[Record]:
        self._settle()
        try:
            consumer = self._connected()
            for tp in sorted(self._unplaced):
                self._place(consumer, tp)
            polled = consumer.poll(timeout_ms=int(timeout * 1000))
            self._check_connection(consumer, bool(polled))
            if not polled:
                self._tell_missing_topics(consumer)
        except KafkaError as error:
            self._rewind()
            raise SourceError(f"Kafka: {type(error).__name__}: {_one_line(error)}") from error
        for partition, records in polled.items():
            self._polled[partition] = records[-1].offset + 1
        if len(polled) == 1:
            return next(iter(polled.values()))
        return sorted(chain.from_iterable(polled.values()), key=_by_time)

    def commit(self) -> None:
        self._settle()
        if not self._consumer or not self._applied:
            return
        try:
            self._consumer.commit(self._saved(), timeout_ms=PATIENCE_MS)
            self._applied.clear()
        except KafkaError as error:
            # The position is committed again with the next batch; until then a restart would read some twice.
            logger.warning("could not commit: %s: %s", type(error).__name__, _one_line(error))

    def _saved(self) -> dict[TopicPartition, OffsetAndMetadata]:
        """What to commit, once whoever wants to save more has done so."""
        self.before_commit([Reached(tp.topic, tp.partition, offset) for tp, offset in self._reached.items()])
        return {tp: OffsetAndMetadata(offset, "", -1) for tp, offset in self._applied.items()}

    def resume(self, reached: Sequence[Reached]) -> None:
        """Go on from these positions where the group's own are not later."""
        self._resume = {TopicPartition(topic, partition): offset for topic, partition, offset in reached}
        self._reached.update(self._resume)

    def positions(self) -> list[Position]:
        consumer = self._consumer
        if consumer is None:
            return []
        return [Position(tp.topic, tp.partition, self._lag(consumer, tp)) for tp in sorted(consumer.assignment())]

    def close(self) -> None:
        self.commit()
        if self._consumer:
            self._consumer.close(timeout_ms=PATIENCE_MS)
            self._consumer = None

    async def revoke(self, partitions: Sequence[TopicPartition], commit: bool) -> None:
        """Partitions go to another member: keep how far they were applied, unless they are lost already."""
        if commit and self._consumer and self._applied:
            try:
                await self._consumer.commit_async(self._saved())
            except KafkaError as error:
                logger.warning("could not commit before handing over: %s: %s", type(error).__name__, _one_line(error))
        for tp in partitions:
            self._applied.pop(tp, None)
            self._polled.pop(tp, None)
            self._reached.pop(tp, None)
            self._unplaced.discard(tp)

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        """Partitions came. Where the group's position may not be the one to begin at, they wait for the next poll."""
        if partitions:
            names = ", ".join(f"{tp.topic}[{tp.partition}]" for tp in sorted(partitions))
            logger.info("assigned %s", names)
        self._postpone([tp for tp in partitions if self._start == "latest" or tp in self._resume])

    def _rewind(self) -> None:
        """Go back to what was given out: a poll that fails may have moved on from records that nobody has seen."""
        assigned = self._consumer.assignment() if self._consumer else ()
        for tp in assigned:
            if self._consumer and tp in self._reached:
                self._consumer.seek(tp, self._reached[tp])
        self._postpone([tp for tp in assigned if tp not in self._reached])

    def _postpone(self, partitions: Sequence[TopicPartition]) -> None:
        """Read nothing of these before the next poll has placed them."""
        if self._consumer:
            self._consumer.pause(*partitions)
            self._unplaced.update(partitions)

    def _place(self, consumer: KafkaConsumer, tp: TopicPartition) -> None:
        """Begin where the state was saved or the group stands; without either, where ``--start`` says.

        The end is then a position to be committed: what comes later is read, also after a restart.
        """
        saved, committed = self._resume.get(tp), consumer.committed(tp, timeout_ms=PATIENCE_MS)
        at = committed if saved is None else max(saved, committed or 0)
        if saved is not None and saved != committed:
            logger.warning("%s[%d]: saved %d, committed %s; going on from %d", *tp, saved, committed, at)
        if at is not None:
            consumer.seek(tp, at)
        elif self._start == "earliest":
            consumer.seek_to_beginning(tp)
        else:
            consumer.seek_to_end(tp)
            end = consumer.position(tp, timeout_ms=PATIENCE_MS)
            if end is None:
                raise KafkaTimeoutError(f"{tp.topic}[{tp.partition}] does not tell its end")
            self._applied[tp] = self._reached[tp] = end
        consumer.resume(tp)
        self._resume.pop(tp, None)
        self._unplaced.discard(tp)

    def _settle(self) -> None:
        """The batch polled last has been applied: its position may be committed."""
        self._applied.update(self._polled)
        self._reached.update(self._polled)
        self._polled.clear()

    def _connected(self) -> KafkaConsumer:
        if self._consumer is None:
            if not self._config.get("proxy_url"):
                _reach(self._config["bootstrap_servers"])
            try:
                consumer = KafkaConsumer(**self._config)
            except KafkaConfigurationError as error:
                raise ConfigError(f"--kafka-option: {_one_line(error)}") from None
            try:
                # Known topics before the group is joined spare a second join; and with an explicit api_version the
                # client would otherwise lose a subscription that comes before its first metadata.
                consumer.bootstrap(timeout_ms=PATIENCE_MS)
                for topic in self._topics:
                    consumer.partitions_for_topic(topic)
            except KafkaError:
                consumer.close(autocommit=False, timeout_ms=0)
                raise
            consumer._fetcher.PartitionRecords = ReadablePartition
            consumer.subscribe(self._topics, listener=_Listener(self))
            self._consumer = consumer
            logger.info("connected to %s", ", ".join(self._config["bootstrap_servers"]))
        return self._consumer

    def _check_connection(self, consumer: KafkaConsumer, alive: bool) -> None:
        """Ask the group's coordinator something when nothing comes: a poll is silent about a broker that is gone."""
        now = self._clock.monotonic()
        if alive:
            self._answered = now
        elif now - self._answered >= SILENCE and (assigned := consumer.assignment()):
            consumer.committed(min(assigned), timeout_ms=PATIENCE_MS)
            self._answered = now

    def _tell_missing_topics(self, consumer: KafkaConsumer) -> None:
        if self._clock.monotonic() < self._next_topic_check:
            return
        self._next_topic_check = self._clock.monotonic() + 10.0
        # What the client knows already: consumer.topics() asks the broker, and waits for it without end.
        missing = [topic for topic in self._topics if not consumer._cluster.partitions_for_topic(topic)]
        if missing:
            logger.warning("waiting for topics that do not exist yet: %s", ", ".join(missing))

    @staticmethod
    def _lag(consumer: KafkaConsumer, tp: TopicPartition) -> int | None:
        try:
            end, position = consumer.highwater(tp), consumer.position(tp, timeout_ms=0)
        except KafkaError:
            return None
        return None if end is None or position is None else max(end - position, 0)


class _Listener(AsyncConsumerRebalanceListener):  # type: ignore[misc]
    """Called by the client's own thread, which must not wait for itself, while the pipeline's is inside a poll."""

    def __init__(self, source: KafkaSource) -> None:
        self._source = source

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        await self._source.revoke(revoked, commit=True)

    async def on_partitions_lost(self, lost: Sequence[TopicPartition]) -> None:
        await self._source.revoke(lost, commit=False)

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self._source.assign(assigned)


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


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
