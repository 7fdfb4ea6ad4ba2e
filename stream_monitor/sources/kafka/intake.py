"""From the client's fetches to the merge: enough of every partition, and not too much of any."""

from __future__ import annotations

from kafka import KafkaConsumer, TopicPartition

from stream_monitor.core.clock import Clock
from stream_monitor.sources.kafka.kafka_python import fetch, standing
from stream_monitor.sources.merge import Taken, TimeMerge

#: Records held for the merge, all partitions together; each may hold two polls of them, and has at least a few.
HELD = 32_000
MIN_HELD = 500
#: Bytes of them, all partitions together; one that is above its part gets one more fetch at most.
HELD_BYTES = 16 << 20
#: Bytes of a batch at most: decoded they take several times as much.
BATCH_BYTES = 4 << 20
#: Seconds that a fetch is waited for which makes a batch longer: what a batch costs is worth some records.
ROUND_TRIP = 0.02


class Intake:
    """The partitions that are read, and what was fetched of them."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self.merge = TimeMerge(clock)
        self.limit = limit
        self.reading: set[TopicPartition] = set()
        self._paused: set[TopicPartition] = set()

    def hold(self, consumer: KafkaConsumer, tp: TopicPartition) -> None:
        """A partition came, and it is not known yet where to begin: nothing is read of it or past it."""
        consumer.pause(tp)
        # Any position keeps the client from looking for one itself.
        consumer.seek(tp, 0)
        self.merge.follow(tp, 0)

    def begin(
        self, consumer: KafkaConsumer, tp: TopicPartition, offset: int, time: int, fence: int | None = None
    ) -> None:
        """Read on from an offset; what was fetched already is fetched again."""
        self.merge.follow(tp, offset, time, fence)
        consumer.seek(tp, offset)
        if tp not in self.reading:
            consumer.resume(tp)
            self.reading.add(tp)

    def leave(self, tp: TopicPartition) -> None:
        """A partition is not read any more."""
        self.merge.drop(tp)
        self.reading.discard(tp)
        self._paused.discard(tp)

    def fetch(self, consumer: KafkaConsumer, seconds: float) -> bool:
        """Fetch for the merge; whether anything came. What is behind is fetched until there is enough for a batch."""
        came = more = self._fetch(consumer, seconds)
        while more and self._wants_more:
            more = self._fetch(consumer, ROUND_TRIP)
        return came

    @property
    def _wants_more(self) -> bool:
        """Whether a partition that has more holds less than its part of a batch, and so keeps it short."""
        part = self._batch / max(len(self.reading), 1)
        return any(self.merge.is_behind(tp) and self.merge.held(tp) < part for tp in self.reading - self._paused)

    def take(self) -> Taken:
        """The next batch."""
        return self.merge.take(self._batch)

    @property
    def _batch(self) -> int:
        """How many records make a batch: fewer where they are large."""
        each = max(map(self.merge.mean_bytes, self.reading), default=0.0)
        return max(min(self.limit, int(BATCH_BYTES / max(each, 1.0))), 1)

    def _fetch(self, consumer: KafkaConsumer, seconds: float) -> bool:
        partitions = max(len(self.reading), 1)
        most = min(max(HELD // partitions, MIN_HELD), 2 * self.limit)
        for tp in self.reading:
            each = max(1 / most, self.merge.mean_bytes(tp) * partitions / HELD_BYTES)
            self._pause_or_resume(consumer, tp, self.merge.held(tp) * each)
        polled = fetch(consumer, seconds, min(self.limit, most))
        for tp, records in polled.items():
            if tp in self.reading:
                self.merge.add(tp, records)
        for tp in self.reading:
            self.merge.has_more(tp, *standing(consumer, tp))
        return bool(polled)

    def _pause_or_resume(self, consumer: KafkaConsumer, tp: TopicPartition, full: float) -> None:
        """``full``: how much is held of the partition, as a share of what may be."""
        if full >= 1.0 and tp not in self._paused:
            consumer.pause(tp)
            self._paused.add(tp)
        elif full < 0.5 and tp in self._paused:
            consumer.resume(tp)
            self._paused.discard(tp)

    def lag(self, consumer: KafkaConsumer, tp: TopicPartition) -> int | None:
        """How many offsets there are behind what was given out."""
        if tp not in self.reading:
            return None
        position, end = standing(consumer, tp)
        if position is None or end is None:
            return None
        return max(end - (self.merge.offset(tp) if self.merge.held(tp) else position), 0)

    def is_at_fence(self, consumer: KafkaConsumer, place: TopicPartition) -> bool:
        """Whether nothing is left before the fence: the last records before it may have been compacted away."""
        position, _ = standing(consumer, TopicPartition(*place))
        return position is not None and self.merge.is_at_fence(place, position)
