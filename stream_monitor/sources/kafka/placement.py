"""Where reading begins in a partition, and where it goes on when the log has lost what was to come next."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, Literal

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from stream_monitor.core.clock import Clock
from stream_monitor.sources.kafka.intake import Intake
from stream_monitor.sources.kafka.kafka_python import PATIENCE_MS
from stream_monitor.sources.kafka.progress import Begin, Committed, Progress, begin_at, read_note, void_together

logger = logging.getLogger(__name__)
Edge = Literal["earliest", "latest"]


class Placement:
    """Seeks, and keeps progress and intake at one with where it sought to."""

    def __init__(
        self, progress: Progress, intake: Intake, clock: Clock, *, start: Edge, window: float, aligned: bool
    ) -> None:
        self._progress, self._intake, self._clock = progress, intake, clock
        self._start: Edge = start
        self._window = window
        self._aligned = aligned
        #: Records that the log had lost before they were read, by topic.
        self.gaps: Counter[str] = Counter()

    def place(self, consumer: KafkaConsumer, tps: Collection[TopicPartition], owner: str) -> list[TopicPartition]:
        """Begin with these partitions. Gives those for which what is kept here holds no more."""
        begins: dict[TopicPartition, Begin] = {}
        for tp in sorted(tps):
            if begin := begin_at(tp, self._progress.reached.get(tp), _committed(consumer, tp), owner):
                begins[tp] = begin
        if self._aligned:
            begins = void_together(begins)
        fresh = {tp: _edge(consumer, tp, self._start) for tp in tps if tp not in begins}
        rebuilt = self._rebuilt_from(consumer, begins)
        # Whatever could fail has been asked for.
        for tp, begin in begins.items():
            self._progress.begin(tp, begin)
        for tp, offset in fresh.items():
            # A position to be committed: what comes later is read, also after a restart.
            self._progress.begin(tp, Begin(offset))
            self._progress.uncommitted.add(tp)
        for tp, first in sorted(rebuilt.items()):
            self._progress.rebuild(tp, first, begins[tp].offset, self._clock)
        for tp in tps:
            self.back(consumer, tp)
        return [tuple(tp) for tp, begin in begins.items() if begin.void]

    def back(self, consumer: KafkaConsumer, tp: TopicPartition) -> None:
        """Go on from what was applied; what was fetched since is fetched again."""
        offset, time = self._progress.at(tp)
        self._intake.begin(consumer, tp, offset, time, self._progress.restoring.get(tp))

    def jump(self, consumer: KafkaConsumer, tp: TopicPartition, offset: int) -> None:
        """Go on behind an offset that the log does not have: it has been shortened at its beginning or its end."""
        first = _edge(consumer, tp, "earliest")
        if offset < first:
            lost = first - max(offset, self._progress.restoring.get(tp, 0))
            if lost > 0:
                self.gaps[tp.topic] += lost
                message = "%s[%d]: %d records from offset %d on were deleted before they were read; going on from %d"
                logger.warning(message, *tp, lost, first - lost, first)
            consumer.seek(tp, first)
            self._progress.jumps[tp] = first
        else:
            self.fall_back(consumer, tp, None)

    def fall_back(self, consumer: KafkaConsumer, tp: TopicPartition, end: int | None) -> None:
        """Go on where a log ends that has lost its newest records; a topic made anew is read from its beginning."""
        offset, time = self._progress.at(tp)
        if end is None:
            newer = _since(consumer, {tp: time + 1})
            end = newer[tp] if newer else _edge(consumer, tp, "latest")
        message = "%s[%d]: the log has no offset %d any more: it lost its end or was made anew; going on from %d"
        logger.warning(message, *tp, offset, end)
        self._progress.jump(tp, end)
        self.back(consumer, tp)

    def _rebuilt_from(
        self, consumer: KafkaConsumer, begins: Mapping[TopicPartition, Begin]
    ) -> dict[TopicPartition, int]:
        """The offsets from which void partitions are rebuilt; one with nothing to read is left out."""
        void = {tp: begin for tp, begin in begins.items() if begin.void and self._window}
        now = int(self._clock.now() * 1000)
        span = int(self._window * 1000)
        firsts = _since(consumer, {tp: max((now if it.time < 0 else it.time) - span, 0) for tp, it in void.items()})
        ends = consumer.end_offsets(list(firsts), timeout_ms=PATIENCE_MS) if firsts else {}
        return {tp: first for tp, first in firsts.items() if first < void[tp].offset <= ends.get(tp, 0)}


def _committed(consumer: KafkaConsumer, tp: TopicPartition) -> Committed | None:
    found: Any = consumer.committed(tp, metadata=True, timeout_ms=PATIENCE_MS)
    return read_note(found.offset, found.metadata) if found else None


def _edge(consumer: KafkaConsumer, tp: TopicPartition, which: Edge) -> int:
    """Where the log begins, or where it ends."""
    ask = consumer.beginning_offsets if which == "earliest" else consumer.end_offsets
    try:
        return int(ask([tp], timeout_ms=PATIENCE_MS)[tp])
    except KeyError:
        raise KafkaTimeoutError(f"{tp.topic}[{tp.partition}] does not tell its {which} offset") from None


def _since(consumer: KafkaConsumer, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
    """The first offset from this time on; a partition that has none is left out."""
    if not times:
        return {}
    found = consumer.offsets_for_times(dict(times), timeout_ms=PATIENCE_MS)
    return {tp: each.offset for tp, each in found.items() if each}
