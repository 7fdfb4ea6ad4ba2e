"""From the client's fetches to the merge: enough of every partition, and not too much of any."""

from __future__ import annotations

from kafka import KafkaConsumer, TopicPartition

from stream_monitor.core.clock import Clock
from stream_monitor.sources.kafka.kafka_python_polls import fetch, position_and_end
from stream_monitor.sources.kafka.linger import ROUND_TRIP, Linger
from stream_monitor.sources.merge import TimeMerge
from stream_monitor.sources.partition_buffer import Taken

#: Records buffered of all partitions together; each may have two fetches of them, and at least a few.
MAX_HELD = 32_000
MIN_HELD = 500
#: Bytes of them. A partition above its part gets one more fetch at most.
MAX_HELD_BYTES = 16 << 20
#: Records that are fetched at once where batches are shorter.
MIN_FETCHED = 2_000
#: Seconds for which no fetch is needed while there are batches.
MAX_PAUSE = 0.03
#: Bytes of a batch: decoded they take several times as much.
MAX_BATCH_BYTES = 4 << 20


class Intake:
    """The partitions that are read, and the records fetched of them."""

    def __init__(self, clock: Clock, limit: int, linger: Linger | None = None) -> None:
        self.merge = TimeMerge(clock)
        self._linger = linger
        self.limit = limit
        self._clock = clock
        self._next_fetch = clock.monotonic()
        self.reading: set[TopicPartition] = set()
        self._paused: set[TopicPartition] = set()

    def hold(self, consumer: KafkaConsumer, tp: TopicPartition) -> None:
        """Add a partition whose start is not known yet: nothing of it is read, and it holds back the others."""
        consumer.pause(tp)
        # Any position keeps the client from looking for one itself.
        consumer.seek(tp, 0)
        self.merge.follow(tp, 0)

    def start(
        self, consumer: KafkaConsumer, tp: TopicPartition, offset: int, time: int, restore_end: int | None = None
    ) -> None:
        """Read a partition from an offset; what was buffered of it is fetched again."""
        self.merge.follow(tp, offset, time, restore_end)
        consumer.seek(tp, offset)
        if tp not in self.reading:
            consumer.resume(tp)
            self.reading.add(tp)

    def stop(self, tp: TopicPartition) -> None:
        """Stop reading a partition; drop what is buffered of it."""
        self.merge.drop(tp)
        self.reading.discard(tp)
        self._paused.discard(tp)

    @property
    def needs_fetch(self) -> bool:
        """True unless a batch is there already, and was fetched just now: a fetch costs as much as some records."""
        if self._clock.monotonic() >= self._next_fetch or not self.merge.ready or self._wants_more:
            return True
        return sum(self.merge[tp].held for tp in self.reading) < self._batch_size

    def fetch(self, consumer: KafkaConsumer, seconds: float) -> bool:
        """Fetch records, and more as long as a partition keeps the batch short; return True when any came."""
        came = more = self._fetch(consumer, seconds)
        while more and self._wants_more:
            more = self._fetch(consumer, ROUND_TRIP)
        if more and self._linger and self._linger.gather(consumer):
            self._fetch(consumer, 0.0)
        self._next_fetch = self._clock.monotonic() + MAX_PAUSE
        return came

    @property
    def _wants_more(self) -> bool:
        """True when a partition that has more records has less than its part of a batch buffered."""
        part = self._batch_size / max(len(self.reading), 1)
        buffers = [self.merge[tp] for tp in self.reading - self._paused]
        return any(buffer.has_more and buffer.held < part for buffer in buffers)

    def take(self) -> Taken:
        """Return the next batch."""
        return self.merge.take(self._batch_size)

    @property
    def _batch_size(self) -> int:
        """Records of a batch: fewer where they are large."""
        each = max((self.merge[tp].mean_bytes for tp in self.reading), default=0.0)
        return max(min(self.limit, int(MAX_BATCH_BYTES / max(each, 1.0))), 1)

    def _fetch(self, consumer: KafkaConsumer, seconds: float) -> bool:
        partitions = max(len(self.reading), 1)
        size = max(self.limit, MIN_FETCHED)
        most = min(max(MAX_HELD // partitions, MIN_HELD), 2 * size)
        for tp in self.reading:
            buffer = self.merge[tp]
            each = max(1 / most, buffer.mean_bytes * partitions / MAX_HELD_BYTES)
            self._pause_or_resume(consumer, tp, buffer.held * each)
        polled = fetch(consumer, seconds, min(size, most))
        for tp, records in polled.items():
            if tp in self.reading:
                self.merge[tp].add(records)
        for tp in self.reading:
            self.merge[tp].update_position(*position_and_end(consumer, tp))
        return bool(polled)

    def _pause_or_resume(self, consumer: KafkaConsumer, tp: TopicPartition, full: float) -> None:
        """Pause a partition whose buffer is full, and resume one whose buffer is half empty.

        Args:
            consumer: The client.
            tp: The partition.
            full: What is buffered of it, as a share of what may be.
        """
        if full >= 1.0 and tp not in self._paused:
            consumer.pause(tp)
            self._paused.add(tp)
        elif full < 0.5 and tp in self._paused:
            consumer.resume(tp)
            self._paused.discard(tp)

    def lag(self, consumer: KafkaConsumer, tp: TopicPartition) -> int | None:
        """Return how many offsets a partition has behind what was given out; None: unknown."""
        if tp not in self.reading:
            return None
        position, end = position_and_end(consumer, tp)
        if position is None or end is None:
            return None
        buffer = self.merge[tp]
        return max(end - (buffer.offset if buffer.held else position), 0)

    def is_restored(self, consumer: KafkaConsumer, tp: TopicPartition) -> bool:
        """Return True when all before the restore end was taken; its last records may have been compacted away."""
        position, _ = position_and_end(consumer, TopicPartition(*tp))
        return position is not None and self.merge[tp].is_restored(position)
