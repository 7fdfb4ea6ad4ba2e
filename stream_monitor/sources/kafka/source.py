"""Records from Kafka, in the order of time: a member of a consumer group that commits only what was applied."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Literal

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import FencedInstanceIdError, KafkaError, LogTruncationError, OffsetOutOfRangeError

from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import ConfigError, SourceError
from stream_monitor.core.records import Record
from stream_monitor.sources.base import AppliedOffset, BeforeCommit, Departed, Position
from stream_monitor.sources.kafka.intake import Intake
from stream_monitor.sources.kafka.kafka_python import (
    DEFAULTS,
    PATIENCE_MS,
    connect,
    fetch,
    is_rejoining,
    may_commit,
    one_line,
    partition_count,
)
from stream_monitor.sources.kafka.placement import Placement
from stream_monitor.sources.kafka.progress import Progress, note
from stream_monitor.sources.kafka.topics import Topics

logger = logging.getLogger(__name__)

#: Seconds without a record after which the broker is asked whether it is still there.
SILENCE = 5.0


class KafkaSource:
    """It connects at the first poll, so that a broker that is down is a `SourceError` to be tried again.

    ``owner`` names the state that is kept here: who finds an offset that another owner committed knows that its own
    state does not lead up to it.
    """

    def __init__(
        self,
        bootstrap_servers: Sequence[str],
        topics: Sequence[str],
        group_id: str,
        clock: Clock,
        *,
        labels: Collection[str] = (),
        start: Literal["earliest", "latest"] = "earliest",
        options: Mapping[str, Any] | None = None,
        owner: str = "",
        group_instance_id: str | None = None,
        restore_window: float = 0.0,
        allow_unaligned_labels: bool = False,
    ) -> None:
        self._topics = Topics(topics, labels, allow_unaligned_labels, clock)
        self._config: dict[str, Any] = {
            **DEFAULTS,
            **(options or {}),
            "bootstrap_servers": list(bootstrap_servers),
            "group_id": group_id,
            "group_instance_id": group_instance_id,
            "enable_auto_commit": False,
            # Every beginning is looked up and every gap counted here; the client would reset without a word.
            "auto_offset_reset": "none",
        }
        self._clock = clock
        self._consumer: KafkaConsumer | None = None
        self._intake = Intake(clock, self._config["max_poll_records"])
        self._progress = Progress()
        self._placement = Placement(
            self._progress,
            self._intake,
            clock,
            start=start,
            window=restore_window,
            aligned=not allow_unaligned_labels,
        )
        self._taken: Sequence[AppliedOffset] = ()
        self._unplaced: set[TopicPartition] = set()
        self._regrouped = self._unsaved = False
        self._answered = clock.monotonic()
        self.owner = owner or uuid.uuid4().hex
        self.restoring: Mapping[TopicPartition, int] = self._progress.restoring
        self.before_commit: BeforeCommit = lambda _: None
        self.departed: Departed = lambda _: None

    @property
    def gaps(self) -> Counter[str]:
        """Records that the log had lost before they were read, by topic."""
        return self._placement.gaps

    @gaps.setter
    def gaps(self, gaps: Counter[str]) -> None:
        self._placement.gaps = gaps

    @property
    def exhausted(self) -> bool:
        return False

    def poll(self, timeout: float) -> Sequence[Record]:
        self._settle()
        try:
            consumer = self._connected()
            return self._read(consumer, self._clock.monotonic() + timeout)
        except FencedInstanceIdError:
            raise self._fenced() from None
        except KafkaError as error:
            self._rewind()
            raise SourceError(f"Kafka: {type(error).__name__}: {one_line(error)}") from error

    def commit(self, changed: bool = False) -> None:
        self._settle()
        consumer, progress = self._consumer, self._progress
        if not (progress.uncommitted or progress.rebuilds or self._unsaved or changed):
            return
        self.before_commit(list(progress.reached.values()))
        self._unsaved = False
        if consumer is None or not progress.uncommitted or not may_commit(consumer):
            return
        try:
            consumer.commit(self._offsets(), timeout_ms=PATIENCE_MS)
            progress.uncommitted.clear()
        except FencedInstanceIdError:
            raise self._fenced() from None
        except KafkaError as error:
            # The position is committed again with the next batch; until then a restart would read some twice.
            logger.warning("could not commit: %s: %s", type(error).__name__, one_line(error))

    def resume(self, reached: Sequence[AppliedOffset], owner: str = "") -> None:
        """Go on from these positions where the group's own are not later; ``owner`` is that of their state."""
        self.owner = owner or self.owner
        self._progress.reached.update({(each.topic, each.partition): each for each in reached})

    def positions(self) -> list[Position]:
        consumer = self._consumer
        if consumer is None:
            return []
        assigned = sorted(self._intake.reading | self._unplaced)
        return [Position(tp.topic, tp.partition, self._intake.lag(consumer, tp)) for tp in assigned]

    def close(self) -> None:
        self.commit()
        if self._consumer:
            self._await_rebalance(self._consumer)
            # What could not be committed now could not be while leaving either.
            self._progress.uncommitted.clear()
            self._consumer.close(timeout_ms=PATIENCE_MS)
            self._consumer = None

    def _await_rebalance(self, consumer: KafkaConsumer) -> None:
        """Don't leave amid a rebalance with something that the group takes no commit of before its end."""
        deadline = self._clock.monotonic() + PATIENCE_MS / 1000
        with suppress(KafkaError):
            while self._progress.uncommitted and not may_commit(consumer) and self._clock.monotonic() < deadline:
                consumer.pause(*consumer.assignment())
                fetch(consumer, 0.1, 1)
                if may_commit(consumer):
                    self.commit()

    async def revoke(self, partitions: Sequence[TopicPartition], commit: bool) -> None:
        """Partitions go to another member: keep how far they were applied, unless they are lost already."""
        if commit and self._consumer and self._progress.uncommitted:
            self.before_commit(list(self._progress.reached.values()))
            try:
                await self._consumer.commit_async(self._offsets())
                self._progress.uncommitted.clear()
            except KafkaError as error:
                logger.warning("could not commit before handing over: %s: %s", type(error).__name__, one_line(error))
        self._progress.leave(partitions)
        for tp in partitions:
            self._intake.leave(tp)
            self._unplaced.discard(tp)
        self._regrouped = True

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        """Partitions came. They are placed by the next poll; until then nothing is read of them or past them."""
        assert self._consumer
        logger.info("assigned %s", ", ".join(f"{tp.topic}[{tp.partition}]" for tp in sorted(partitions)))
        for tp in partitions:
            self._intake.hold(self._consumer, tp)
        self._unplaced.update(partitions)
        self._regrouped = True

    def _connected(self) -> KafkaConsumer:
        if self._consumer is None:
            kept = partial(tuple, self._progress.reached)
            self._consumer = connect(
                self._config,
                self._topics.names,
                self,
                kept,
                lambda it: self._topics.check(partial(partition_count, it)),
            )
            self._regrouped = True
        return self._consumer

    def _read(self, consumer: KafkaConsumer, deadline: float) -> Sequence[Record]:
        """What can be given out until then."""
        while True:
            self._tell_departed(consumer)
            self._place(consumer)
            left = 0.0 if self._intake.merge.ready else max(deadline - self._clock.monotonic(), 0.0)
            self._check_connection(consumer, self._fetch(consumer, left))
            self._topics.look(partial(partition_count, consumer))
            records, self._taken = self._intake.take()
            if records or self._clock.monotonic() >= deadline:
                return records

    def _fetch(self, consumer: KafkaConsumer, seconds: float) -> bool:
        try:
            return self._intake.fetch(consumer, seconds)
        except OffsetOutOfRangeError as error:
            for tp, offset in error.args[0].items():
                self._placement.jump(consumer, tp, offset)
        except LogTruncationError as error:
            for tp, end in error.divergent_offsets.items():
                self._placement.fall_back(consumer, tp, end.offset if end else None)
        return True

    def _settle(self) -> None:
        """The batch polled last has been applied: its position may be committed."""
        progress = self._progress
        progress.apply(self._taken)
        self._taken = ()
        # All together: a label that was read again must not meet a prediction that counts, and hide its outcome.
        if progress.rebuilds and all(map(self._is_rebuilt, progress.rebuilds)):
            for place in list(progress.rebuilds):
                progress.finish(place)
                self._intake.merge.lift_fence(place)
        for place, offset in list(progress.jumps.items()):
            if place not in progress.rebuilds and not self._intake.merge.held(place):
                progress.jump(place, offset)

    def _is_rebuilt(self, place: TopicPartition) -> bool:
        return self._consumer is not None and self._intake.is_at_fence(self._consumer, place)

    def _place(self, consumer: KafkaConsumer) -> None:
        if not self._unplaced:
            return
        void = self._placement.place(consumer, self._unplaced, self.owner)
        self._unplaced.clear()
        self._tell_void(void)

    def _tell_departed(self, consumer: KafkaConsumer) -> None:
        """Once the group has shared out its partitions: those not here any more are somebody else's."""
        if not self._regrouped or is_rejoining(consumer):
            return
        elsewhere = self._progress.reached.keys() - consumer.assignment()
        # A topic that the group can't see for the moment has not gone to anybody.
        unseen = self._topics.missing(partial(partition_count, consumer))
        gone = [place for place in elsewhere if place[0] not in unseen]
        self._regrouped = len(gone) < len(elsewhere)
        self._tell_void(self._progress.forget(gone))

    def _tell_void(self, gone: Sequence[TopicPartition]) -> None:
        if gone:
            self._unsaved = True
            self.departed(gone)

    def _rewind(self) -> None:
        """Go back to what was applied: a poll that fails may have moved on from records that nobody has seen."""
        consumer = self._consumer
        if consumer:
            for tp in self._intake.reading:
                self._placement.back(consumer, tp)

    def _offsets(self) -> dict[TopicPartition, OffsetAndMetadata]:
        """What to commit."""
        reached = (self._progress.reached[place] for place in self._progress.uncommitted)
        return {
            TopicPartition(each.topic, each.partition): OffsetAndMetadata(
                each.offset, note(self.owner, each.time), -1
            )
            for each in reached
        }

    def _fenced(self) -> ConfigError:
        name = self._config["group_instance_id"]
        return ConfigError(f"--group-instance-id: another running member of the group has {name}; each needs its own")

    def _check_connection(self, consumer: KafkaConsumer, alive: bool) -> None:
        """Ask the group's coordinator something when nothing comes: a poll is silent about a broker that is gone."""
        now = self._clock.monotonic()
        if alive:
            self._answered = now
        elif now - self._answered >= SILENCE and (assigned := consumer.assignment()):
            consumer.committed(min(assigned), timeout_ms=PATIENCE_MS)
            self._answered = now
