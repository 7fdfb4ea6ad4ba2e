"""How far each partition has come, and whether the state kept here leads up to there. Nothing here asks Kafka."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

from stream_monitor.core.clock import Clock
from stream_monitor.core.records import TopicPartition
from stream_monitor.sources.base import AppliedOffset

logger = logging.getLogger(__name__)
#: Seconds between two lines of progress.
PROGRESS = 10.0


class Committed(NamedTuple):
    """What the group knows of a partition: the offset, whose state led up to it, and the latest time up to there."""

    offset: int
    owner: str = ""
    time: int = -1


class Begin(NamedTuple):
    """Where to go on; ``void`` when another member has gone on there, so that nothing kept here leads up to it."""

    offset: int
    time: int = -1
    void: bool = False


def note(owner: str, time: int) -> str:
    """What is committed beside an offset.

    >>> note("4f1c", 1795435200000)
    '{"owner":"4f1c","time":1795435200000}'
    """
    return orjson.dumps({"owner": owner, "time": time}).decode()


def read_note(offset: int, text: str | None) -> Committed:
    """An offset with what was committed beside it, by whomever."""
    try:
        found = orjson.loads(text or "")
        return Committed(offset, str(found["owner"]), int(found["time"]))
    except (ValueError, TypeError, LookupError):
        return Committed(offset)


def begin_at(
    place: TopicPartition, saved: AppliedOffset | None, committed: Committed | None, owner: str
) -> Begin | None:
    """Where to go on: the later of what was saved here and what the group committed; None where there is neither."""
    if saved is None:
        return Begin(committed.offset, committed.time, void=True) if committed else None
    if committed is None or committed.offset <= saved.offset:
        if committed is None or committed.offset < saved.offset:
            behind = "nothing" if committed is None else committed.offset
            message = "%s[%d]: saved %d, committed %s; going on from %d"
            logger.warning(message, *place, saved.offset, behind, saved.offset)
        return Begin(saved.offset, saved.time)
    if committed.owner == owner:
        message = "%s[%d]: saved %d, though this very state had come to %d: a write of it was lost; going on from %d"
        logger.warning(message, *place, saved.offset, committed.offset, saved.offset)
        return Begin(saved.offset, saved.time)
    message = "%s[%d]: saved %d, but another member has come to %d; going on from there"
    logger.warning(message, *place, saved.offset, committed.offset)
    return Begin(committed.offset, max(committed.time, saved.time), void=True)


def void_together(begins: Mapping[TopicPartition, Begin]) -> dict[TopicPartition, Begin]:
    """Labels and predictions of one partition number are joined, so what is kept of them holds only as a whole."""
    void = {number for (_, number), begin in begins.items() if begin.void}
    return {place: begin._replace(void=place[1] in void) for place, begin in begins.items()}


class Rebuild:
    """A partition that is read again from an earlier offset, only for the sake of what waits in it."""

    def __init__(self, place: TopicPartition, first: int, until: int, clock: Clock) -> None:
        self._place, self._first, self.until, self._clock = place, first, until, clock
        self.at, self.time = first, -1
        self._began = self._told = clock.monotonic()
        message = "rebuilding %s[%d] from offset %d to %d, %d records"
        logger.info(message, *place, first, until, until - first)

    def move(self, offset: int, time: int) -> None:
        """So far it has come."""
        self.at, self.time = offset, time
        if self._clock.monotonic() - self._told >= PROGRESS:
            self._told = self._clock.monotonic()
            share = min((offset - self._first) / (self.until - self._first), 1)
            logger.info("rebuilding %s[%d]: %.0f %%", *self._place, 100 * share)

    def end(self) -> None:
        """It has come to its end."""
        logger.info("rebuilt %s[%d] in %.1f s", *self._place, self._clock.monotonic() - self._began)


class Progress:
    """How far each partition was applied, what of that is not committed yet, and what is being rebuilt."""

    def __init__(self) -> None:
        #: Every partition of which there is state here, be it assigned or not.
        self.reached: dict[TopicPartition, AppliedOffset] = {}
        self.uncommitted: set[TopicPartition] = set()
        self.restoring: dict[TopicPartition, int] = {}
        self.rebuilds: dict[TopicPartition, Rebuild] = {}
        #: Where a log begins that has lost what was to be read next, once all that is held of it is applied.
        self.jumps: dict[TopicPartition, int] = {}
        self._broken_off: set[TopicPartition] = set()

    def begin(self, place: TopicPartition, begin: Begin) -> None:
        """Go on in a partition from what was reached."""
        self._broken_off.discard(place)
        self.reached[place] = AppliedOffset(*place, begin.offset, begin.time)

    def rebuild(self, place: TopicPartition, first: int, until: int, clock: Clock) -> None:
        """Read a partition again from an earlier offset before it counts."""
        self.reached.pop(place, None)
        self.rebuilds[place] = Rebuild(place, first, until, clock)
        self.restoring[place] = until

    def at(self, place: TopicPartition) -> tuple[int, int]:
        """The offset to go on from, and the latest time before it."""
        if rebuild := self.rebuilds.get(place):
            return rebuild.at, rebuild.time
        reached = self.reached[place]
        return reached.offset, reached.time

    def apply(self, taken: Iterable[AppliedOffset]) -> None:
        """These records were applied."""
        for each in taken:
            place = (each.topic, each.partition)
            if rebuild := self.rebuilds.get(place):
                rebuild.move(each.offset, each.time)
            else:
                self.reached[place] = each
                self.uncommitted.add(place)

    def jump(self, place: TopicPartition, offset: int) -> None:
        """Nothing was applied, and yet the next offset is this one."""
        _, time = self.at(place)
        self.jumps.pop(place, None)
        if self.rebuilds.pop(place, None):
            del self.restoring[place]
        self.apply([AppliedOffset(*place, offset, time)])

    def finish(self, place: TopicPartition) -> None:
        """A partition is rebuilt: from here on it counts."""
        rebuild = self.rebuilds.pop(place)
        del self.restoring[place]
        rebuild.end()
        self.reached[place] = AppliedOffset(*place, rebuild.until, rebuild.time)
        # Told to Kafka as this state's own, or the next start would rebuild it again.
        self.uncommitted.add(place)

    def leave(self, places: Sequence[TopicPartition]) -> None:
        """These are not assigned any more. What was reached is kept: they may come back as they are."""
        self.uncommitted.difference_update(places)
        for place in places:
            self.jumps.pop(place, None)
            if self.rebuilds.pop(place, None):
                del self.restoring[place]
                self._broken_off.add(place)

    def forget(self, gone: Iterable[TopicPartition]) -> list[TopicPartition]:
        """The partitions, out of these and those broken off, of which there was state that holds no more."""
        found = {place for place in gone if self.reached.pop(place, None)} | self._broken_off
        self._broken_off = set()
        return sorted(found)
