"""Records from Kafka: the only place that knows its client, besides the demo."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Literal

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.errors import KafkaError

from stream_monitor.clock import Clock
from stream_monitor.errors import SourceError
from stream_monitor.ratelimit import RateLimit
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
    "max_poll_records": 1000,
    "allow_auto_create_topics": False,
    "metadata_max_age_ms": 10_000,
    "bootstrap_timeout_ms": 5_000,
    "client_id": "stream-monitor",
}


#: How long a commit or a farewell may take: a broker that is gone must not keep the process from ending.
PATIENCE_MS = 5_000


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
        self.before_commit: BeforeCommit = lambda _: None
        self._missing_topics = RateLimit(clock, per_minute=2)
        self._clock = clock
        self._next_topic_check = clock.monotonic()

    @property
    def exhausted(self) -> bool:
        return False

    def poll(self, timeout: float) -> Sequence[Record]:
        self._settle()
        try:
            consumer = self._connected()
            polled = consumer.poll(timeout_ms=int(timeout * 1000))
            if not polled:
                self._tell_missing_topics(consumer)
        except KafkaError as error:
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
        self.before_commit([Reached(tp.topic, tp.partition, offset) for tp, offset in self._reached.items()])
        try:
            self._consumer.commit(
                {tp: OffsetAndMetadata(offset, "", -1) for tp, offset in self._applied.items()},
                timeout_ms=PATIENCE_MS,
            )
            self._applied.clear()
        except KafkaError as error:
            # The position is committed again with the next batch; until then a restart would read some twice.
            logger.warning("could not commit: %s: %s", type(error).__name__, _one_line(error))

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

    def revoke(self, partitions: Sequence[TopicPartition], commit: bool) -> None:
        """Partitions go to another member: keep how far they were applied, unless they are lost already."""
        if commit:
            self.commit()
        for tp in partitions:
            self._applied.pop(tp, None)
            self._polled.pop(tp, None)
            self._reached.pop(tp, None)

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        """Partitions came: ``--start latest`` holds where the group has no position yet."""
        if partitions:
            names = ", ".join(f"{tp.topic}[{tp.partition}]" for tp in sorted(partitions))
            logger.info("assigned %s", names)
        for tp in partitions:
            self._place(tp, self._resume.pop(tp, None))

    def _place(self, tp: TopicPartition, saved: int | None) -> None:
        """Where to read a partition from, if not where the group left it."""
        if not self._consumer or (saved is None and self._start == "earliest"):
            return
        committed = self._consumer.committed(tp)
        if saved is None:
            if committed is None:
                self._consumer.seek_to_end(tp)
        elif saved != committed:
            at = max(saved, committed or 0)
            logger.warning("%s[%d]: saved %d, committed %s; going on from %d", *tp, saved, committed, at)
            self._consumer.seek(tp, at)

    def _settle(self) -> None:
        """The batch polled last has been applied: its position may be committed."""
        self._applied.update(self._polled)
        self._reached.update(self._polled)
        self._polled.clear()

    def _connected(self) -> KafkaConsumer:
        if self._consumer is None:
            self._consumer = KafkaConsumer(**self._config)
            self._consumer._fetcher.PartitionRecords = ReadablePartition
            self._consumer.subscribe(self._topics, listener=_Listener(self))
            logger.info("connected to %s", ", ".join(self._config["bootstrap_servers"]))
        return self._consumer

    def _tell_missing_topics(self, consumer: KafkaConsumer) -> None:
        if self._clock.monotonic() < self._next_topic_check:
            return
        self._next_topic_check = self._clock.monotonic() + 10.0
        missing = sorted(set(self._topics) - set(consumer.topics()))
        if missing:
            logger.warning("waiting for topics that do not exist yet: %s", ", ".join(missing))

    @staticmethod
    def _lag(consumer: KafkaConsumer, tp: TopicPartition) -> int | None:
        end = consumer.highwater(tp)
        return None if end is None else max(end - consumer.position(tp, timeout_ms=1000), 0)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, source: KafkaSource) -> None:
        self._source = source

    def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        self._source.revoke(revoked, commit=True)

    def on_partitions_lost(self, lost: Sequence[TopicPartition]) -> None:
        self._source.revoke(lost, commit=False)

    def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self._source.assign(assigned)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
