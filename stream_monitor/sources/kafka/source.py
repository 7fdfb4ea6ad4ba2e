"""Records from Kafka in the order of time: a member of a consumer group that commits only applied offsets."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import FencedInstanceIdError, KafkaError

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import ConfigError, SourceError
from stream_monitor.sources.base import AppliedOffset, BeforeCommit, Position, Revoked
from stream_monitor.sources.kafka.intake import Intake
from stream_monitor.sources.kafka.kafka_python import DEFAULTS, PATIENCE_MS, connect, one_line, partition_count
from stream_monitor.sources.kafka.kafka_python_polls import await_rebalance, is_rejoining, may_commit
from stream_monitor.sources.kafka.linger import Linger
from stream_monitor.sources.kafka.liveness import Liveness
from stream_monitor.sources.kafka.placement import Edge, Placement
from stream_monitor.sources.kafka.progress import Progress, commit_metadata
from stream_monitor.sources.kafka.record_columns import EVERYTHING, Wanted
from stream_monitor.sources.kafka.topics import Topics

logger = logging.getLogger(__name__)


class KafkaSource:
    """A `Source` of topics. It connects at the first poll, so that a broker that is down is a `SourceError`.

    Args:
        bootstrap_servers: Brokers as ``HOST:PORT``.
        topics: All topics.
        group_id: The consumer group.
        clock: The time.
        labels: Those of the topics that have labels only.
        start: Where to start while the group has committed no offset.
        options: Settings of kafka-python's consumer.
        owner: Identifies the state here. It is committed with each offset; a state does not lead up to an offset
            that another owner committed.
        group_instance_id: Name of a static member.
        restore_window: Seconds before a committed offset from which a partition without its state is restored.
        allow_unaligned_labels: True to read topics of labels and of predictions with different numbers of partitions.
        max_latency: Seconds for which a live record may wait for others to make a longer batch.
        wanted: Columns of the records that somebody reads.
    """

    def __init__(
        self,
        bootstrap_servers: Sequence[str],
        topics: Sequence[str],
        group_id: str,
        clock: Clock,
        *,
        labels: Collection[str] = (),
        start: Edge = "earliest",
        options: Mapping[str, Any] | None = None,
        owner: str = "",
        group_instance_id: str | None = None,
        restore_window: float = 0.0,
        allow_unaligned_labels: bool = False,
        max_latency: float = 0.0,
        wanted: Wanted = EVERYTHING,
    ) -> None:
        self._topics = Topics(topics, labels, allow_unaligned_labels, clock)
        self._config = _consumer_config(bootstrap_servers, group_id, group_instance_id, options or {})
        self._wanted = wanted
        self._clock = clock
        self._consumer: KafkaConsumer | None = None
        self._liveness = Liveness(clock)
        self._linger = Linger(clock, max_latency, options or {}) if max_latency else None
        self._intake = Intake(clock, self._config["max_poll_records"], self._linger)
        self._progress = Progress()
        self._placement = self._make_placement(start, restore_window, not allow_unaligned_labels)
        #: Offsets behind the batch that was polled last.
        self._taken: Sequence[AppliedOffset] = ()
        #: Assigned partitions that are not started yet.
        self._new: set[TopicPartition] = set()
        self._has_rebalanced = self._is_unsaved = False
        self.owner = owner or uuid.uuid4().hex
        self.restoring: Mapping[TopicPartition, int] = self._progress.restoring
        self.gaps: Counter[str] = Counter()
        self.before_commit: BeforeCommit = lambda _: None
        self.revoked: Revoked = lambda _: None

    def _make_placement(self, start: Edge, window: float, aligned: bool) -> Placement:
        def lose(topic: str, count: int) -> None:
            self.gaps[topic] += count

        return Placement(
            self._progress, self._intake, self._clock, start=start, window=window, aligned=aligned, lose=lose
        )

    @property
    def exhausted(self) -> bool:
        return False

    def poll(self, timeout: float) -> RecordBatch:
        self._apply()
        try:
            consumer = self._connected()
            return self._read(consumer, self._clock.monotonic() + timeout)
        except FencedInstanceIdError:
            raise _fenced(self._config["group_instance_id"]) from None
        except KafkaError as error:
            # A poll that fails may have moved on from records that it did not return.
            self._placement.rewind_all(self._consumer)
            raise SourceError(f"Kafka: {type(error).__name__}: {one_line(error)}") from error

    def commit(self, changed: bool = False) -> None:
        self._apply()
        consumer, progress = self._consumer, self._progress
        if not (progress.uncommitted or progress.restores or self._is_unsaved or changed):
            return
        self.before_commit(list(progress.applied.values()))
        self._is_unsaved = False
        if consumer is None or not progress.uncommitted or not may_commit(consumer):
            return
        try:
            consumer.commit(_offsets_to_commit(progress, self.owner), timeout_ms=PATIENCE_MS)
            progress.uncommitted.clear()
        except FencedInstanceIdError:
            raise _fenced(self._config["group_instance_id"]) from None
        except KafkaError as error:
            # The offset is committed with the next batch; until then a restart would read some records twice.
            logger.warning("could not commit: %s: %s", type(error).__name__, one_line(error))

    def resume(self, applied: Sequence[AppliedOffset], owner: str = "") -> None:
        """Go on from these offsets where those that the group has committed are not later."""
        self.owner = owner or self.owner
        self._progress.applied.update({(each.topic, each.partition): each for each in applied})

    def positions(self) -> list[Position]:
        consumer = self._consumer
        if consumer is None:
            return []
        assigned = sorted(self._intake.reading | self._new)
        return [Position(tp.topic, tp.partition, self._intake.lag(consumer, tp)) for tp in assigned]

    def close(self, commit: bool = True) -> None:
        if commit:
            self.commit()
        else:
            self._progress.uncommitted.clear()
        if self._consumer:
            # The group takes no commit amid a rebalance.
            with suppress(KafkaError):
                if await_rebalance(self._consumer, self._clock, lambda: bool(self._progress.uncommitted)):
                    self.commit()
            # The client would try once more what could not be committed now.
            self._progress.uncommitted.clear()
            self._consumer.close(timeout_ms=PATIENCE_MS)
            self._consumer = None

    async def revoke(self, partitions: Sequence[TopicPartition], commit: bool) -> None:
        """Stop partitions that go to another member: save and commit their offsets, unless they are lost already."""
        progress = self._progress
        if commit and self._consumer and progress.uncommitted:
            self.before_commit(list(progress.applied.values()))
            try:
                await self._consumer.commit_async(_offsets_to_commit(progress, self.owner))
                progress.uncommitted.clear()
            except KafkaError as error:
                logger.warning(
                    "could not commit before revoked partitions are handed over: %s: %s",
                    type(error).__name__,
                    one_line(error),
                )
        progress.unassign(partitions)
        for tp in partitions:
            self._intake.stop(tp)
            self._new.discard(tp)
        self._has_rebalanced = True

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        """Take partitions. The next poll starts them; until then they hold back the others."""
        assert self._consumer
        logger.info("assigned %s", ", ".join(f"{tp.topic}[{tp.partition}]" for tp in sorted(partitions)))
        for tp in partitions:
            self._intake.hold(self._consumer, tp)
        self._new.update(partitions)
        self._has_rebalanced = True

    def _connected(self) -> KafkaConsumer:
        if self._consumer is None:
            kept = partial(tuple, self._progress.applied)
            self._consumer = connect(
                self._config,
                self._topics.names,
                self,
                kept,
                lambda it: self._topics.check(partial(partition_count, it)),
                self._wanted,
            )
            self._has_rebalanced = True
            if self._linger:
                self._linger.attach(self._consumer)
        return self._consumer

    def _read(self, consumer: KafkaConsumer, deadline: float) -> RecordBatch:
        """Return the next batch; an empty one when there is none until the deadline."""
        while True:
            self._revoke_elsewhere(consumer)
            self._start_new(consumer)
            if self._intake.needs_fetch:
                left = 0.0 if self._intake.merge.ready else max(deadline - self._clock.monotonic(), 0.0)
                self._liveness.check(consumer, self._placement.fetch(consumer, left))
            self._topics.look(partial(partition_count, consumer))
            records, self._taken = self._intake.take()
            if len(records) or self._clock.monotonic() >= deadline:
                return records

    def _apply(self) -> None:
        """Take the batch that was polled last as applied."""
        self._progress.apply(self._taken)
        self._taken = ()
        self._placement.finish(self._consumer)

    def _start_new(self, consumer: KafkaConsumer) -> None:
        """Start the partitions that were assigned."""
        if self._new:
            revoked = self._placement.start(consumer, self._new, self.owner)
            self._new.clear()
            self._report(revoked)

    def _revoke_elsewhere(self, consumer: KafkaConsumer) -> None:
        """After a rebalance, revoke the partitions with state here that are assigned to other members now."""
        if not self._has_rebalanced or is_rejoining(consumer):
            return
        elsewhere = self._progress.applied.keys() - consumer.assignment()
        # A topic that the group can't see for the moment is not assigned to anybody.
        unseen = self._topics.missing(partial(partition_count, consumer))
        revoked = [tp for tp in elsewhere if tp[0] not in unseen]
        self._has_rebalanced = len(revoked) < len(elsewhere)
        self._report(self._progress.revoke(revoked))

    def _report(self, revoked: Sequence[TopicPartition]) -> None:
        if revoked:
            self._is_unsaved = True
            self.revoked(revoked)


def _consumer_config(
    servers: Sequence[str], group_id: str, group_instance_id: str | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        **DEFAULTS,
        **options,
        "bootstrap_servers": list(servers),
        "group_id": group_id,
        "group_instance_id": group_instance_id,
        "enable_auto_commit": False,
        # The placement looks up every start and counts every gap; the client would reset without a word.
        "auto_offset_reset": "none",
    }


def _offsets_to_commit(progress: Progress, owner: str) -> dict[TopicPartition, OffsetAndMetadata]:
    applied = (progress.applied[tp] for tp in progress.uncommitted)
    return {
        TopicPartition(each.topic, each.partition): OffsetAndMetadata(
            each.offset, commit_metadata(owner, each.time), -1
        )
        for each in applied
    }


def _fenced(name: str) -> ConfigError:
    return ConfigError(f"--group-instance-id: another running member of the group has {name}; each needs its own")
