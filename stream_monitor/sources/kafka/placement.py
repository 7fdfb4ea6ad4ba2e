"""Placement: the offset to start from in a partition, and the one to go on from when the log has lost records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError, LogTruncationError, OffsetOutOfRangeError

from stream_monitor.core.clock import Clock
from stream_monitor.sources.kafka.intake import Intake
from stream_monitor.sources.kafka.kafka_python import PATIENCE_MS
from stream_monitor.sources.kafka.progress import (
    Committed,
    Progress,
    Start,
    read_committed,
    revoke_together,
    start_of,
)

logger = logging.getLogger(__name__)
Edge = Literal["earliest", "latest"]


class Placement:
    """Seeks in partitions, and keeps progress and intake in step with that.

    Args:
        progress: Applied offsets.
        intake: Partitions that are read.
        clock: The time.
        start: Where to start while the group has committed no offset.
        window: Seconds before a committed offset from which a revoked partition is restored; 0: not at all.
        aligned: True when partitions of one number hold labels and predictions of the same ids.
        lose: Called with a topic and a number of records that were lost before they were read.
    """

    def __init__(
        self,
        progress: Progress,
        intake: Intake,
        clock: Clock,
        *,
        start: Edge,
        window: float,
        aligned: bool,
        lose: Callable[[str, int], None],
    ) -> None:
        self._progress, self._intake, self._clock = progress, intake, clock
        self._start: Edge = start
        self._window = window
        self._aligned = aligned
        self._lose = lose

    def start(self, consumer: KafkaConsumer, tps: Collection[TopicPartition], owner: str) -> list[TopicPartition]:
        """Start reading partitions; return those whose state here is revoked."""
        starts: dict[TopicPartition, Start] = {}
        tps = sorted(tps)  # so that the order in the state is the same in every process
        committed = _committed(consumer, tps)
        for tp in tps:
            if start := start_of(tp, self._progress.applied.get(tp), committed.get(tp), owner):
                starts[tp] = start
        if self._aligned:
            starts = revoke_together(starts)
        fresh = _edges(consumer, [tp for tp in tps if tp not in starts], self._start)
        firsts = self._restore_from(consumer, starts)
        # Nothing below asks Kafka, so that a failure leaves everything as it was.
        for tp, start in starts.items():
            self._progress.start(tp, start)
        for tp, offset in fresh.items():
            # To be committed, so that what comes later is read after a restart too.
            self._progress.start(tp, Start(offset))
            self._progress.uncommitted.add(tp)
        for tp, first in sorted(firsts.items()):
            self._progress.start_restore(tp, first, starts[tp].offset, self._clock)
        for tp in tps:
            self.rewind(consumer, tp)
        return [tuple(tp) for tp, start in starts.items() if start.is_revoked]

    def rewind(self, consumer: KafkaConsumer, tp: TopicPartition) -> None:
        """Seek to the applied offset; records fetched since are fetched again."""
        offset, time = self._progress.position(tp)
        self._intake.start(consumer, tp, offset, time, self._progress.restoring.get(tp))

    def rewind_all(self, consumer: KafkaConsumer | None) -> None:
        """Seek to the applied offsets of all partitions that are read."""
        if consumer:
            for tp in self._intake.reading:
                self.rewind(consumer, tp)

    def fetch(self, consumer: KafkaConsumer, seconds: float) -> bool:
        """Fetch into the intake, going on behind records that a log has lost; return True when Kafka answered."""
        try:
            return self._intake.fetch(consumer, seconds)
        except OffsetOutOfRangeError as error:
            for tp, offset in error.args[0].items():
                self._jump(consumer, tp, offset)
        except LogTruncationError as error:
            for tp, end in error.divergent_offsets.items():
                self._fall_back(consumer, tp, end.offset if end else None)
        return True

    def finish(self, consumer: KafkaConsumer | None) -> None:
        """End the restores once all of them are at their ends, and jump where all that was buffered is applied."""
        progress, merge = self._progress, self._intake.merge
        # Together: a label that was read again must not meet a prediction that counts, and hide its outcome.
        restores = list(progress.restores)
        if consumer and all(self._intake.is_restored(consumer, tp) for tp in restores):
            for tp in restores:
                progress.finish_restore(tp)
                merge[tp].end_restore()
        for tp, offset in list(progress.jumps.items()):
            if tp not in progress.restores and not merge[tp].held:
                progress.jump(tp, offset)

    def _jump(self, consumer: KafkaConsumer, tp: TopicPartition, offset: int) -> None:
        """Go on behind an offset that the log does not have: its beginning was deleted, or its end lost."""
        first = _edge(consumer, tp, "earliest")
        if offset >= first:
            self._fall_back(consumer, tp, None)
            return
        lost = first - max(offset, self._progress.restoring.get(tp, 0))
        if lost > 0:
            self._lose(tp.topic, lost)
            message = "%s[%d]: %d records from offset %d on were deleted before they were read; going on from %d"
            logger.warning(message, *tp, lost, first - lost, first)
        consumer.seek(tp, first)
        self._progress.jumps[tp] = first

    def _fall_back(self, consumer: KafkaConsumer, tp: TopicPartition, end: int | None) -> None:
        """Go on at the end of a log that has lost its newest records; in a topic made anew, at its beginning."""
        offset, time = self._progress.position(tp)
        if end is None:
            newer = _since(consumer, {tp: time + 1})
            end = newer[tp] if newer else _edge(consumer, tp, "latest")
        message = "%s[%d]: the log has no offset %d any more: it lost its end or was made anew; going on from %d"
        logger.warning(message, *tp, offset, end)
        self._progress.jump(tp, end)
        self.rewind(consumer, tp)

    def _restore_from(
        self, consumer: KafkaConsumer, starts: Mapping[TopicPartition, Start]
    ) -> dict[TopicPartition, int]:
        """Return the offsets from which revoked partitions are restored; one with nothing to read is left out."""
        revoked = {tp: start for tp, start in starts.items() if start.is_revoked and self._window}
        now = int(self._clock.now() * 1000)
        span = int(self._window * 1000)
        firsts = _since(
            consumer, {tp: max((now if it.time < 0 else it.time) - span, 0) for tp, it in revoked.items()}
        )
        ends = consumer.end_offsets(list(firsts), timeout_ms=PATIENCE_MS) if firsts else {}
        return {tp: first for tp, first in firsts.items() if first < revoked[tp].offset <= ends.get(tp, 0)}


def _committed(consumer: KafkaConsumer, tps: Sequence[TopicPartition]) -> dict[TopicPartition, Committed]:
    """Return what the group has committed, of the partitions for which it has committed anything."""
    # consumer.committed() asks for one partition.
    found: Any = consumer._coordinator.fetch_committed_offsets(tps, timeout_ms=PATIENCE_MS)
    return {tp: read_committed(each.offset, each.metadata) for tp, each in found.items()}


def _edges(consumer: KafkaConsumer, tps: Sequence[TopicPartition], which: Edge) -> dict[TopicPartition, int]:
    """Return the first offset of each log, or its end offset."""
    ask = consumer.beginning_offsets if which == "earliest" else consumer.end_offsets
    found = ask(tps, timeout_ms=PATIENCE_MS) if tps else {}
    for tp in tps:
        if tp not in found:
            raise KafkaTimeoutError(f"{tp.topic}[{tp.partition}]: no answer for its {which} offset")
    return {tp: int(found[tp]) for tp in tps}


def _edge(consumer: KafkaConsumer, tp: TopicPartition, which: Edge) -> int:
    return _edges(consumer, [tp], which)[tp]


def _since(consumer: KafkaConsumer, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
    """Return the first offset from a time on, in milliseconds; a partition that has none is left out."""
    if not times:
        return {}
    found = consumer.offsets_for_times(dict(times), timeout_ms=PATIENCE_MS)
    return {tp: each.offset for tp, each in found.items() if each}
