"""Records without content, for tests of the merge by time."""

from __future__ import annotations

from typing import NamedTuple

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import TopicPartition


class Stamped(NamedTuple):
    """A record without key, value and headers."""

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: None = None
    value: None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def stamped(partition: TopicPartition, *times: int | None, start: int = 0) -> RecordBatch:
    """Return records of one partition with these times."""
    return RecordBatch.of([Stamped(*partition, offset, time) for offset, time in enumerate(times, start)])
