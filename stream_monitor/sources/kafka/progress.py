"""Applied offsets of partitions, and the decision where to go on in each. Nothing here asks Kafka."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson

from stream_monitor.core.clock import Clock
from stream_monitor.core.records import TopicPartition
from stream_monitor.sources.base import AppliedOffset

logger = logging.getLogger(__name__)
#: Seconds between two log lines on a restore.
LOG_INTERVAL = 10.0


class Committed(NamedTuple):
    """A committed offset, the owner of the state that led up to it, and the latest record time up to there."""

    offset: int
    owner: str = ""
    time: int = -1


class Start(NamedTuple):
    """The offset to go on from, and the latest record time before it.

    ``is_revoked``: another member has read on up to there, so that the state here does not lead up to it.
    """

    offset: int
    time: int = -1
    is_revoked: bool = False


def commit_metadata(owner: str, time: int) -> str:
    """Return the metadata to commit with an offset.

    >>> commit_metadata("4f1c", 1795435200000)
    '{"owner":"4f1c","time":1795435200000}'
    """
    return orjson.dumps({"owner": owner, "time": time}).decode()


def read_committed(offset: int, metadata: str | None) -> Committed:
    """Return a committed offset with its metadata; without owner and time where another program committed it."""
    try:
        found = orjson.loads(metadata or "")
        return Committed(offset, str(found["owner"]), int(found["time"]))
    except (ValueError, TypeError, LookupError):
        return Committed(offset)


def start_of(
    tp: TopicPartition, saved: AppliedOffset | None, committed: Committed | None, owner: str
) -> Start | None:
    """Return where to go on in a partition: at the later of the saved and the committed offset; None without either.

    Args:
        tp: The partition, for the log.
        saved: The offset that was saved with the state here.
        committed: The offset that the group has committed.
        owner: The owner of the state here.
    """
    if saved is None:
        return Start(committed.offset, committed.time, is_revoked=True) if committed else None
    if committed is None or committed.offset <= saved.offset:
        if committed is None or committed.offset < saved.offset:
            behind = "nothing" if committed is None else committed.offset
            message = "%s[%d]: saved %d, committed %s; going on from %d"
            logger.warning(message, *tp, saved.offset, behind, saved.offset)
        return Start(saved.offset, saved.time)
    if committed.owner == owner:
        message = "%s[%d]: saved %d, but this state committed %d earlier, so a write of it was lost; going on from %d"
        logger.warning(message, *tp, saved.offset, committed.offset, saved.offset)
        return Start(saved.offset, saved.time)
    message = "%s[%d]: saved %d, but another member committed %d; going on from there"
    logger.warning(message, *tp, saved.offset, committed.offset)
    return Start(committed.offset, max(committed.time, saved.time), is_revoked=True)


def revoke_together(starts: Mapping[TopicPartition, Start]) -> dict[TopicPartition, Start]:
    """Return the starts with all partitions of a number revoked where one is: their state is that of one join."""
    revoked = {number for (_, number), start in starts.items() if start.is_revoked}
    return {tp: start._replace(is_revoked=tp[1] in revoked) for tp, start in starts.items()}


class Restore:
    """A partition that is read again from an earlier offset, to restore what waits in it."""

    def __init__(self, tp: TopicPartition, first: int, end: int, clock: Clock) -> None:
        self._tp, self._first, self.end, self._clock = tp, first, end, clock
        self.offset, self.time = first, -1
        self._began = self._logged = clock.monotonic()
        message = "restoring %s[%d] from offset %d to %d, %d records"
        logger.info(message, *tp, first, end, end - first)

    def move(self, offset: int, time: int) -> None:
        """Move to the offset behind what was applied, and the latest record time before it."""
        self.offset, self.time = offset, time
        if self._clock.monotonic() - self._logged >= LOG_INTERVAL:
            self._logged = self._clock.monotonic()
            share = min((offset - self._first) / (self.end - self._first), 1)
            logger.info("restoring %s[%d]: %.0f %%", *self._tp, 100 * share)

    def log_end(self) -> None:
        """Log that the restore has come to its end."""
        logger.info("restored %s[%d] in %.1f s", *self._tp, self._clock.monotonic() - self._began)


class Progress:
    """The applied offset of each partition, those that are not committed yet, and the restores that go on."""

    def __init__(self) -> None:
        #: Of every partition of which there is state here, be it assigned or not.
        self.applied: dict[TopicPartition, AppliedOffset] = {}
        self.uncommitted: set[TopicPartition] = set()
        #: Restore end offsets.
        self.restoring: dict[TopicPartition, int] = {}
        self.restores: dict[TopicPartition, Restore] = {}
        #: First offsets of logs that have lost the next records, to go on from once all that is buffered is applied.
        self.jumps: dict[TopicPartition, int] = {}
        self._interrupted: set[TopicPartition] = set()

    def start(self, tp: TopicPartition, start: Start) -> None:
        """Go on in a partition from an offset."""
        self._interrupted.discard(tp)
        self.applied[tp] = AppliedOffset(*tp, start.offset, start.time)

    def start_restore(self, tp: TopicPartition, first: int, end: int, clock: Clock) -> None:
        """Read a partition again from offset ``first`` to ``end``, before its records count."""
        self.applied.pop(tp, None)
        self.restores[tp] = Restore(tp, first, end, clock)
        self.restoring[tp] = end

    def position(self, tp: TopicPartition) -> tuple[int, int]:
        """Return the offset to go on from, and the latest record time before it."""
        if restore := self.restores.get(tp):
            return restore.offset, restore.time
        applied = self.applied[tp]
        return applied.offset, applied.time

    def apply(self, offsets: Iterable[AppliedOffset]) -> None:
        """Take the offsets behind records that were applied."""
        for each in offsets:
            tp = (each.topic, each.partition)
            if restore := self.restores.get(tp):
                restore.move(each.offset, each.time)
            else:
                self.applied[tp] = each
                self.uncommitted.add(tp)

    def jump(self, tp: TopicPartition, offset: int) -> None:
        """Go on from another offset, although nothing up to there was applied; a restore ends."""
        _, time = self.position(tp)
        self.jumps.pop(tp, None)
        self._drop_restore(tp)
        self.apply([AppliedOffset(*tp, offset, time)])

    def finish_restore(self, tp: TopicPartition) -> None:
        """End a restore: from here on the partition's records count."""
        restore = self.restores.pop(tp)
        del self.restoring[tp]
        restore.log_end()
        self.applied[tp] = AppliedOffset(*tp, restore.end, restore.time)
        # Committed as this state's own, or the next start would restore it again.
        self.uncommitted.add(tp)

    def unassign(self, tps: Iterable[TopicPartition]) -> None:
        """Stop partitions that are not assigned any more. Applied offsets stay: they may be assigned again."""
        for tp in tps:
            self.uncommitted.discard(tp)
            self.jumps.pop(tp, None)
            if self._drop_restore(tp):
                self._interrupted.add(tp)

    def revoke(self, tps: Iterable[TopicPartition]) -> list[TopicPartition]:
        """Drop partitions; return those of them, and of interrupted restores, of which there was state."""
        found = {tp for tp in tps if self.applied.pop(tp, None)} | self._interrupted
        self._interrupted = set()
        return sorted(found)

    def _drop_restore(self, tp: TopicPartition) -> bool:
        return bool(self.restores.pop(tp, None) and self.restoring.pop(tp))
