"""As much of a record as a merge by time looks at."""

from __future__ import annotations

from typing import NamedTuple

from stream_monitor.core.records import TopicPartition


class Stamped(NamedTuple):
    """A record with nothing in it."""

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: None = None
    value: None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def stamped(place: TopicPartition, *times: int | None, start: int = 0) -> list[Stamped]:
    """Records of one partition with these times."""
    return [Stamped(*place, offset, time) for offset, time in enumerate(times, start)]
