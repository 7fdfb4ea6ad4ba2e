"""A fake of the client for tests of `KafkaSource`: logs of records, and a group of which it is the only member."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import OffsetAndMetadata, TopicPartition

from stream_monitor.core.records import Record
from stream_monitor.sources.base import AppliedOffset
from stream_monitor.sources.kafka import source as module
from stream_monitor.sources.kafka.kafka_python import PATIENCE_MS
from stream_monitor.sources.kafka.progress import commit_metadata
from stream_monitor.sources.kafka.source import KafkaSource
from stream_monitor.testing import FakeClock

P0, P1 = TopicPartition("p", 0), TopicPartition("p", 1)
START = 1_795_435_200_000


class FakeClient:
    """Logs with a record a second; a poll without records takes its whole time."""

    def __init__(self, clock: FakeClock, counts: Mapping[TopicPartition, int]) -> None:
        self._clock = clock
        self.counts = dict(counts)
        self.group: dict[TopicPartition, OffsetAndMetadata] = {}
        self.commits: list[dict[TopicPartition, OffsetAndMetadata]] = []
        self.timeouts: list[float] = []
        #: Raised by the next call of a method, by its name.
        self.errors: dict[str, Exception] = {}
        self.calls: list[str] = []
        self.is_stable, self.is_rejoining = True, False
        self._states: dict[TopicPartition, Any] = {}
        self.paused: set[TopicPartition] = set()
        self._subscription = SimpleNamespace(assignment=self._states)
        self._coordinator = SimpleNamespace(
            rejoining=False,
            need_rejoin=lambda: self.is_rejoining,
            stable=lambda: self.is_stable,
            _join_task=None,
            _rebalance_protocol=None,
            fetch_committed_offsets=self._committed,
        )
        self._cluster = SimpleNamespace(partitions_for_topic=self._numbers)

    def give(self, source: KafkaSource, *tps: TopicPartition) -> None:
        """Assign partitions to the source."""
        for tp in tps:
            self._states[tp] = SimpleNamespace(position=None, highwater=self.counts[tp])
        source.assign(tps)

    def forget(self, *tps: TopicPartition) -> None:
        """Remove partitions from the assignment without telling the source."""
        for tp in tps:
            del self._states[tp]

    def assignment(self) -> set[TopicPartition]:
        return set(self._states)

    def poll(self, timeout_ms: float, max_records: int) -> dict[TopicPartition, list[Record]]:
        given: dict[TopicPartition, list[Record]] = {}
        for tp, state in self._states.items():
            first, end = (state.position.offset if state.position else 0), self.counts[tp]
            if tp not in self.paused and first < end and not given:
                state.position = SimpleNamespace(offset=min(first + max_records, end))
                numbers = range(first, state.position.offset)
                given[tp] = [Record(tp.topic, at, b"x", START + 1000 * at, partition=tp.partition) for at in numbers]
            state.highwater = end
        self.timeouts.append(timeout_ms)
        self._fail("poll")
        if not given:
            self._clock.advance(timeout_ms / 1000)
        return given

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self._states[tp].position = SimpleNamespace(offset=offset)

    def pause(self, *tps: TopicPartition) -> None:
        self.paused.update(tps)

    def resume(self, *tps: TopicPartition) -> None:
        self.paused.difference_update(tps)

    def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata], timeout_ms: float) -> None:
        assert timeout_ms == PATIENCE_MS
        self._fail("commit")
        self.group.update(offsets)
        self.commits.append(offsets)

    async def commit_async(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        self._fail("commit")
        self.group.update(offsets)
        self.commits.append(offsets)

    def beginning_offsets(self, tps: Collection[TopicPartition], timeout_ms: float) -> dict[TopicPartition, int]:
        assert timeout_ms == PATIENCE_MS
        return dict.fromkeys(tps, 0)

    def end_offsets(self, tps: Collection[TopicPartition], timeout_ms: float) -> dict[TopicPartition, int]:
        assert timeout_ms == PATIENCE_MS
        return {tp: self.counts[tp] for tp in tps}

    def offsets_for_times(self, times: Mapping[TopicPartition, int], timeout_ms: float) -> dict[TopicPartition, Any]:
        assert timeout_ms == PATIENCE_MS
        first = {tp: max(-(-(time - START) // 1000), 0) for tp, time in times.items()}
        return {tp: SimpleNamespace(offset=at) if at < self.counts[tp] else None for tp, at in first.items()}

    def close(self, timeout_ms: float) -> None:
        self.calls.append(f"close {timeout_ms}")

    def _committed(
        self, tps: Collection[TopicPartition], timeout_ms: float
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        assert timeout_ms == PATIENCE_MS
        self._fail("committed")
        return {tp: self.group[tp] for tp in tps if tp in self.group}

    def _numbers(self, topic: str) -> set[int] | None:
        return {tp.partition for tp in self.counts if tp.topic == topic} or None

    def _fail(self, method: str) -> None:
        if error := self.errors.pop(method, None):
            raise error


class Connected:
    """A source over a fake client, and its calls to the pipeline."""

    def __init__(self, patch: pytest.MonkeyPatch, counts: Mapping[TopicPartition, int], **settings: Any) -> None:
        self.clock = FakeClock(START / 1000)
        self.client = FakeClient(self.clock, counts)
        self.connections: list[tuple[Any, ...]] = []
        topics = settings.pop("topics", sorted({tp.topic for tp in counts}))
        self.source = KafkaSource(["broker:9092"], topics, "group", self.clock, **settings)
        self.saved: list[list[Any]] = []
        self.revoked: list[list[Any]] = []
        self.source.before_commit = lambda applied: self.saved.append(list(applied))
        self.source.revoked = lambda tps: self.revoked.append(list(tps))
        patch.setattr(module, "connect", self._connect)

    def _connect(self, *given: Any) -> FakeClient:
        self.connections.append(given)
        given[4](self.client)
        return self.client

    def start(self, *tps: TopicPartition) -> Connected:
        """Connect, and assign partitions (by default all) before the first poll reads."""
        self.source._connected()
        self.client.give(self.source, *(tps or self.client.counts))
        return self

    def poll(self, timeout: float = 0.0) -> list[tuple[str, int, int]]:
        """Poll; return topic, partition and offset of each record."""
        return [(each.topic, each.partition, each.offset) for each in self.source.poll(timeout)]


def applied(tp: TopicPartition, offset: int) -> AppliedOffset:
    """The end of a partition that was read completely."""
    return AppliedOffset(*tp, offset, START + 1000 * (offset - 1))


def committed(offset: int, owner: str, time: int | None = None) -> OffsetAndMetadata:
    time = START + 1000 * (offset - 1) if time is None else time
    return OffsetAndMetadata(offset, commit_metadata(owner, time), -1)
