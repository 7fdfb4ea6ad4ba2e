"""Records from memory, for tests."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import Record, TopicPartition
from stream_monitor.sources.base import AppliedOffset, BeforeCommit, Position, Revoked


class MemorySource:
    """Gives the records that it was made with or that were appended, batch by batch."""

    def __init__(self, records: Iterable[Record] = (), batch_size: int = 500) -> None:
        self._records = deque(records)
        self._batch_size = batch_size
        self.polled = 0
        self.committed = 0
        self.closed = False
        self.before_commit: BeforeCommit = lambda _: None
        self.revoked: Revoked = lambda _: None
        self.restoring: Mapping[TopicPartition, int] = {}
        self.gaps: Counter[str] = Counter()
        self.owner = "memory"

    def append(self, record: Record) -> None:
        """Add a record as the last one."""
        self._records.append(record)

    def poll(self, timeout: float) -> RecordBatch:  # noqa: ARG002
        batch = [self._records.popleft() for _ in range(min(self._batch_size, len(self._records)))]
        self.polled += len(batch)
        return RecordBatch.of(batch)

    def commit(self, changed: bool = False) -> None:  # noqa: ARG002
        self.before_commit([AppliedOffset("memory", 0, self.polled)])
        self.committed = self.polled

    def resume(self, applied: Sequence[AppliedOffset], owner: str) -> None:
        self.owner = owner
        for _ in range(max(applied[0].offset - self.polled, 0)):
            self._records.popleft()
            self.polled += 1

    def positions(self) -> list[Position]:
        return [Position("memory", 0, len(self._records))]

    @property
    def exhausted(self) -> bool:
        return not self._records

    def close(self, commit: bool = True) -> None:
        if commit:
            self.commit()
        self.closed = True
