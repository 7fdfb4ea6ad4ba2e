"""The interface of a source of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import TopicPartition


class Position(NamedTuple):
    """A partition that is read, and its lag: records up to the partition's end; None: unknown."""

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


#: Called with all applied offsets before a source commits them, to save the state that belongs to them.
BeforeCommit = Callable[[Sequence[AppliedOffset]], None]
#: Called with partitions whose state here is invalid, because another process has read on from it.
Revoked = Callable[[Sequence[TopicPartition]], None]


class Source(Protocol):
    """Gives records in batches, and keeps the offsets up to which they were applied.

    Attributes:
        before_commit: Set by the pipeline; see `BeforeCommit`.
        revoked: Set by the pipeline; see `Revoked`.
        restoring: Restore end offset of each partition that is read again to restore its state. Records before it
            only restore predictions and labels that wait; they are not counted.
        gaps: Number of records by topic that were lost before they could be read; the source adds to it.
        owner: Identifies the state that belongs to this source. It is saved with the state, and kept beside each
            committed offset, so that a source can tell whether its state leads up to that offset.
    """

    before_commit: BeforeCommit
    revoked: Revoked
    restoring: Mapping[TopicPartition, int]
    gaps: Counter[str]
    owner: str

    def poll(self, timeout: float) -> RecordBatch:
        """Return the next records, in order of time across partitions.

        Args:
            timeout: Seconds to wait for records; without any, the result is empty.

        Raises:
            SourceError: Reading is not possible now; the caller tries again later.
        """
        ...

    def commit(self, changed: bool = False) -> None:
        """Commit the offsets behind the last batch polled, which is applied: a restart goes on from there.

        A source that can `resume` calls `before_commit` first, so that the state is never behind the offsets.

        Args:
            changed: True when there is state to save even if no offset has changed.
        """
        ...

    def resume(self, applied: Sequence[AppliedOffset], owner: str) -> None:
        """Go on from offsets that were saved with a state, rather than from those committed.

        Args:
            applied: The saved offsets.
            owner: The saved ``owner``, which this source takes over.
        """
        ...

    def positions(self) -> list[Position]:
        """Return the partitions that are read now."""
        ...

    @property
    def exhausted(self) -> bool:
        """True when there will never be another record, as at the end of a file."""
        ...

    def close(self, commit: bool = True) -> None:
        """Commit, then release everything.

        Args:
            commit: False to leave the offsets as they were committed last.
        """
        ...
