"""What a source of records is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from stream_monitor.core.records import Record, TopicPartition


class Position(NamedTuple):
    """Where reading stands in one partition, and how far it is behind the partition's end (None: unknown)."""

    topic: str
    partition: int
    lag: int | None


class AppliedOffset(NamedTuple):
    """The offset up to which a partition was applied: that of the next record to read.

    ``time`` is the latest record timestamp up to there, in milliseconds; -1 when none is known.
    """

    topic: str
    partition: int
    offset: int
    time: int = -1


#: Called with all that was applied, before a source commits it: the place to save the state that belongs to it.
BeforeCommit = Callable[[Sequence[AppliedOffset]], None]
#: Called with partitions for which what is kept here holds no more: another member has gone on with them.
Departed = Callable[[Sequence[TopicPartition]], None]


class Source(Protocol):
    """Gives records in batches and remembers how far they were read."""

    before_commit: BeforeCommit
    departed: Departed
    #: Partitions that are rebuilt, with the offset before which their records have no effect but on what waits.
    restoring: Mapping[TopicPartition, int]
    #: Records by topic that were gone before they could be read; the source counts here.
    gaps: Counter[str]
    #: Stands for the state that belongs to this source, in what is told to Kafka.
    owner: str

    def poll(self, timeout: float) -> Sequence[Record]:
        """The next records, in time order across partitions; empty when none came within ``timeout`` seconds.

        Raises `SourceError` when reading is not possible now; the caller tries again later.
        """
        ...

    def commit(self, changed: bool = False) -> None:
        """Keep the position behind the last batch polled: a restart goes on from there.

        A source that can `resume` calls `before_commit` first, with all that was applied: the state is then never
        behind the position.
        ``changed``: there is something to save even where no position has moved.
        """
        ...

    def resume(self, reached: Sequence[AppliedOffset], owner: str) -> None:
        """Go on from positions that were saved with a state, rather than from those committed, as its owner."""
        ...

    def positions(self) -> list[Position]:
        """The partitions that this source reads now; empty while it has none."""
        ...

    @property
    def exhausted(self) -> bool:
        """True when there will never be another record: the end of a file."""
        ...

    def close(self) -> None:
        """Commit, leave and release everything."""
        ...
