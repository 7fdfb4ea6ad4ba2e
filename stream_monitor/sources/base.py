"""What a source of records is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from stream_monitor.events import Place as Place


class Record(Protocol):
    """Raw bytes with a position. kafka-python's records have this shape already, so none is copied."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int | None:
        """Milliseconds since the epoch; None or negative when unknown."""
        ...

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | Mapping[str, Any] | Unreadable | None:
        """The body: bytes of JSON, or a row that a file's reader has already taken apart."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Unreadable(str):
    """In place of a record's value: why the source could not read it. The codec rejects it."""


class TextRow(dict[str, Any]):
    """A row of a CSV file: every cell is text, an empty one None."""


class FileRecord(NamedTuple):
    """A record that does not come from Kafka."""

    topic: str
    offset: int
    value: bytes | Mapping[str, Any] | None
    timestamp: int | None = None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int = 0


class Position(NamedTuple):
    """Where reading stands in one partition, and how far it is behind the partition's end (None: unknown)."""

    topic: str
    partition: int
    lag: int | None


class Reached(NamedTuple):
    """The offset up to which a partition was applied: that of the next record to read.

    ``time`` is the latest record timestamp up to there, in milliseconds; -1 when none is known.
    """

    topic: str
    partition: int
    offset: int
    time: int = -1


#: Called with all that was applied, before a source commits it: the place to save the state that belongs to it.
BeforeCommit = Callable[[Sequence[Reached]], None]
#: Called with partitions for which what is kept here holds no more: another member has gone on with them.
Departed = Callable[[Sequence[Place]], None]


class Source(Protocol):
    """Gives records in batches and remembers how far they were read."""

    before_commit: BeforeCommit
    departed: Departed
    #: Partitions that are rebuilt, with the offset before which their records have no effect but on what waits.
    restoring: Mapping[Place, int]
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

    def resume(self, reached: Sequence[Reached], owner: str) -> None:
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
