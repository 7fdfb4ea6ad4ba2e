"""Partitions merged by time: a log comes out in one order, however it was fetched.

A consumer that catches up is given whole blocks of one partition after another; taken as they come, they fake drift
where partitions differ. So records wait here until nothing earlier can come any more, as in Kafka Streams (KIP-353,
KIP-695). Their order is that of the latest timestamp so far in their partition, which never falls, so that a
partition's own records keep their order; then of topic, partition and offset.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.clock import Clock
from stream_monitor.core.records import Record, TopicPartition
from stream_monitor.sources.base import AppliedOffset

logger = logging.getLogger(__name__)
_timestamp, _value = attrgetter("timestamp"), attrgetter("value")
_Numbers = NDArray[np.int64]
_NONE: _Numbers = np.empty(0, np.int64)

#: Seconds for which a partition that gives nothing, although it has more, holds back the others.
PATIENCE = 30.0
#: Bytes that a record takes beside its value: itself, and its numbers.
RECORD_BYTES = 400
#: A process that was stopped for a while has not been waiting for longer than this.
_MAX_STEP = 1.0


class Taken(NamedTuple):
    """Records in their order, and how far each of their partitions has come with them."""

    records: Sequence[Record]
    reached: Sequence[AppliedOffset]


class TimeMerge:
    """Gives out records of several partitions in the order of time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_look = clock.monotonic()
        self._lanes: dict[TopicPartition, _Lane] = {}
        self._sorted = _Sorted()
        self._alone: _Lane

    def follow(self, place: TopicPartition, offset: int, time: int = -1, fence: int | None = None) -> None:
        """Begin with a partition, or begin anew: at this offset, with this as the latest time before it.

        From the offset of a ``fence`` on its records are kept back, and hold back nobody else, until it is lifted.
        """
        self.drop(place)
        self._lanes[place] = _Lane(place, offset, time, fence)

    def lift_fence(self, place: TopicPartition) -> None:
        """Give out what comes behind the fence, too."""
        lane = self._lanes[place]
        lane.fence = None
        lane.records, lane.beyond = lane.records + lane.beyond, []

    def is_at_fence(self, place: TopicPartition, position: int) -> bool:
        """Whether all that comes before the fence was taken, where this is the offset to be added next."""
        lane = self._lanes[place]
        return lane.fence is not None and position >= lane.fence and not (lane.records or lane.sorted)

    def drop(self, place: TopicPartition) -> None:
        """Forget a partition and what is held of it."""
        lane = self._lanes.pop(place, None)
        if lane and lane.sorted:
            self._sorted.drop(lane)

    def add(self, place: TopicPartition, records: Sequence[Record]) -> None:
        """What was fetched next of a partition."""
        lane = self._lanes[place]
        lane.weigh(records)
        if lane.fence is None:
            lane.records += records
        else:
            lane.records += [record for record in records if record.offset < lane.fence]
            lane.beyond += [record for record in records if record.offset >= lane.fence]
        lane.waited, lane.silent = 0.0, False

    def has_more(self, place: TopicPartition, position: int | None, end: int | None) -> None:
        """The offset to be added next, and that of the end: the broker may have more where either is unknown."""
        lane = self._lanes[place]
        lane.more = (
            position is None or end is None or position < (end if lane.fence is None else min(end, lane.fence))
        )
        if not lane.more:
            lane.waited, lane.silent = 0.0, False

    def is_behind(self, place: TopicPartition) -> bool:
        """Whether a partition may have more than was added."""
        return self._lanes[place].more

    def held(self, place: TopicPartition) -> int:
        """How many records of a partition were added and not taken."""
        return self._lanes[place].held

    def mean_bytes(self, place: TopicPartition) -> float:
        """About how much memory each of them takes."""
        return self._lanes[place].mean_bytes

    def offset(self, place: TopicPartition) -> int:
        """The offset behind what was taken of a partition."""
        return self._lanes[place].offset

    @property
    def ready(self) -> bool:
        """Whether something can be taken."""
        if self._sorted:
            return True
        lanes = self._lanes.values()
        filled = [lane for lane in lanes if lane.records]
        if len(filled) == 1 and not any(lane.holds_back and not lane.records for lane in lanes):
            self._alone = filled[0]
            return True
        return bool(filled) and self._sort(filled)

    def take(self, limit: int) -> Taken:
        """The next records, at most so many; none when something earlier may still come."""
        now = self._clock.monotonic()
        step, self._last_look = min(now - self._last_look, _MAX_STEP), now
        if not self.ready:
            self._wait(step)
            return Taken((), ())
        taken = self._take(limit)
        if len(taken.records) < limit and self.ready:
            more = self._take(limit - len(taken.records))
            reached = {each[:2]: each for each in (*taken.reached, *more.reached)}
            return Taken([*taken.records, *more.records], list(reached.values()))
        return taken

    def _take(self, limit: int) -> Taken:
        return self._sorted.take(limit) if self._sorted else self._alone.straight(limit)

    def _sort(self, filled: list[_Lane]) -> bool:
        """Put everything in order that nothing can come before any more; False where there is nothing such."""
        bound = min(((lane.end(), lane.place) for lane in self._lanes.values() if lane.holds_back), default=None)
        filled.sort(key=attrgetter("place"))
        self._sorted.fill([(lane, count) for lane in filled if (count := lane.up_to(bound))])
        return bool(self._sorted)

    def _wait(self, step: float) -> None:
        if not any(lane.records for lane in self._lanes.values()):
            return
        for lane in self._lanes.values():
            if lane.holds_back and not lane.records:
                lane.waited += step
                if lane.waited >= PATIENCE:
                    lane.silent = True
                    message = "%s[%d] has more but gives nothing for %.0f s; going on without waiting for it"
                    logger.warning(message, *lane.place, PATIENCE)


class _Lane:
    """One partition: what was fetched of it and can't be given out yet."""

    def __init__(self, place: TopicPartition, offset: int, time: int, fence: int | None) -> None:
        self.place = place
        self.offset = offset
        self.fence = fence
        self.records: list[Record] = []
        #: Records from the fence on.
        self.beyond: list[Record] = []
        #: The latest time at each of the first records; the others' are worked out when they are asked for.
        self._times = _NONE
        self._time = time
        #: Of a record that is held, all taken to be alike.
        self.mean_bytes = 0.0
        self.more = True
        self.silent = False
        self.waited = 0.0
        #: How many of its records are in order already, and wait for being taken.
        self.sorted = 0

    @property
    def held(self) -> int:
        """How many records were added and not taken."""
        return len(self.records) + self.sorted + len(self.beyond)

    def weigh(self, records: Sequence[Record]) -> None:
        """These are added next."""
        if records:
            fresh = sum(map(len, filter(None, map(_value, records)))) + RECORD_BYTES * len(records)
            self.mean_bytes = (self.held * self.mean_bytes + fresh) / (self.held + len(records))

    @property
    def holds_back(self) -> bool:
        """Whether records of others may have to wait for it."""
        return self.more and not self.silent

    def end(self) -> int:
        """The latest time up to the last record."""
        if len(self._times) < len(self.records):
            fresh = np.maximum.accumulate(_timestamps(self.records[len(self._times) :]))
            np.maximum(fresh, self._time, out=fresh)
            self._time = int(fresh[-1])
            self._times = np.concatenate((self._times, fresh)) if len(self._times) else fresh
        return self._time

    def up_to(self, bound: tuple[int, TopicPartition] | None) -> int:
        """How many records come before anything behind the bound."""
        if bound is None:
            return len(self.records)
        self.end()
        return int(self._times.searchsorted(bound[0], "right" if self.place <= bound[1] else "left"))

    def cut(self, count: int) -> tuple[list[Record], _Numbers]:
        """Take out the first records, with the latest time at each."""
        self.end()
        records, self.records = self.records[:count], self.records[count:]
        times, self._times = self._times[:count], self._times[count:]
        return records, times

    def straight(self, limit: int) -> Taken:
        """The first records as they are: nothing has to be sorted among a single partition's."""
        if len(self._times):
            records, times = self.cut(limit)
            time = int(times[-1])
        else:
            records, self.records = self.records[:limit], self.records[limit:]
            time = self._time = max(self._time, _latest(records))
        self.offset = records[-1].offset + 1
        return Taken(records, [AppliedOffset(*self.place, self.offset, time)])


class _Sorted:
    """Records in order, some of which were taken."""

    def __init__(self) -> None:
        self._lanes: list[_Lane] = []
        self._records: list[Record] = []
        self._times = self._which = _NONE
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._records)

    def fill(self, parts: Sequence[tuple[_Lane, int]]) -> None:
        """Take so many records from these partitions, which come in their own order."""
        cuts = [lane.cut(count) for lane, count in parts]
        records = list(chain.from_iterable(records for records, _ in cuts))
        self._lanes, self._at = [lane for lane, _ in parts], 0
        for lane, count in parts:
            lane.sorted = count
        times = np.concatenate([times for _, times in cuts]) if cuts else _NONE
        order = np.argsort(times, kind="stable")
        self._times = times[order]
        self._which = np.repeat(np.arange(len(parts)), [count for _, count in parts])[order]
        self._records = list(map(records.__getitem__, order.tolist()))

    def take(self, limit: int) -> Taken:
        part = slice(self._at, self._at + limit)
        records, which, times = self._records[part], self._which[part], self._times[part]
        self._at += len(records)
        last = np.full(len(self._lanes), -1)
        last[which] = np.arange(len(records))
        reached = []
        counts = np.bincount(which, minlength=len(self._lanes)).tolist()
        for lane, at, count in zip(self._lanes, last.tolist(), counts, strict=True):
            if count:
                lane.sorted -= count
                lane.offset = records[at].offset + 1
                reached.append(AppliedOffset(*lane.place, lane.offset, int(times[at])))
        if not self:
            self._records = []
        return Taken(records, reached)

    def drop(self, lane: _Lane) -> None:
        """Leave out what is not taken yet of a partition."""
        kept = np.flatnonzero(self._which[self._at :] != self._lanes.index(lane)) + self._at
        self._records = [self._records[at] for at in kept.tolist()]
        self._times, self._which, self._at = self._times[kept], self._which[kept], 0


def _timestamps(records: Sequence[Record]) -> _Numbers:
    try:
        return np.fromiter(map(_timestamp, records), np.int64, len(records))
    except TypeError:  # a record of an old format has none
        return np.array([-1 if record.timestamp is None else record.timestamp for record in records], np.int64)


def _latest(records: Sequence[Record]) -> int:
    try:
        return int(max(map(_timestamp, records)))
    except TypeError:
        return int(_timestamps(records).max())
