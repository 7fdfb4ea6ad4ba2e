"""Several `KafkaSource` members of one group, driven in turns as the pipeline drives one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

from stream_monitor.core.clock import SystemClock
from stream_monitor.core.errors import SourceError
from stream_monitor.core.records import Record
from stream_monitor.sources.base import AppliedOffset
from stream_monitor.sources.kafka.source import KafkaSource
from tests.brokers import Broker, produce
from tests.brokers import Record as Sent
from tests.integration.events import START

#: A member that is gone is noticed soon.
SESSION = {"session_timeout_ms": 2000, "heartbeat_interval_ms": 300}
Spot = tuple[str, int, int]


class Member:
    """A source and its records: those that count (``applied``), and those read again for the state (``restored``)."""

    def __init__(
        self,
        broker: Broker,
        topics: Sequence[str],
        *,
        group: str | None = None,
        options: Mapping[str, Any] | None = None,
        saved: Iterable[AppliedOffset] = (),
        owner: str = "",
        **settings: Any,
    ) -> None:
        self.source = KafkaSource(
            [broker.bootstrap_servers],
            topics,
            group or topics[0],
            SystemClock(),
            options={**SESSION, **broker.client_options, **(options or {})},
            **settings,
        )
        if saved or owner:
            self.source.resume(list(saved), owner)
        self.applied: list[Record] = []
        self.restored: list[Record] = []
        self.order: list[Record] = []
        self.revoked: list[list[TopicPartition]] = []
        self.saved: list[AppliedOffset] = []
        self.longest_wait = 0.0
        self._last = time.monotonic()
        self.source.revoked = lambda partitions: self.revoked.append(list(partitions))
        self.source.before_commit = lambda applied: setattr(self, "saved", list(applied))

    @property
    def partitions(self) -> set[TopicPartition]:
        """Return the partitions that it reads."""
        return {(each.topic, each.partition) for each in self.source.positions()}

    @property
    def spots(self) -> list[Spot]:
        """Return topic, partition and offset of each record that counts, in order."""
        return [spot(record) for record in self.applied]

    @property
    def generation(self) -> int:
        """Return the generation of the group that it knows."""
        return int(self.source._consumer.group_metadata().generation_id)

    @property
    def lag(self) -> int | None:
        """Return the number of records left; None while it is not known."""
        lags = [each.lag for each in self.source.positions()]
        return None if None in lags else sum(lag or 0 for lag in lags)

    def step(self, timeout: float = 0.05) -> None:
        """Poll once, and sort the records into ``applied`` and ``restored``."""
        with suppress(SourceError):
            for record in self.source.poll(timeout):
                self.order.append(record)
                until = self.source.restoring.get((record.topic, record.partition), 0)
                (self.restored if record.offset < until else self.applied).append(record)
                self.longest_wait = max(self.longest_wait, time.monotonic() - self._last)
                self._last = time.monotonic()

    def commit(self) -> None:
        self.source.commit()

    def close(self) -> None:
        self.source.close()

    def kill(self) -> None:
        """Disappear without leaving the group, as if killed; uncommitted offsets are lost."""
        if consumer := self.source._consumer:
            consumer._coordinator._close_heartbeat()
            consumer._client.close()

    def __enter__(self) -> Member:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):
            self.close()


def spot(record: Record) -> Spot:
    return record.topic, record.partition, record.offset


def drive(*members: Member, until: Callable[[], bool], seconds: float = 40, commit: bool = True) -> None:
    """Step the members in turns until the condition holds."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, [(each.partitions, each.lag, len(each.applied)) for each in members]
        for member in members:
            member.step()
            if commit:
                member.commit()


def fill(broker: Broker, topic: str, numbers: range, partitions: int = 1) -> None:
    """Write a record per second, each to the next partition."""
    produce(broker, topic, [record for at in numbers for record in at_times(at % partitions, START + at)])


def committed(broker: Broker, group: str, topic: str, partition: int = 0) -> OffsetAndMetadata:
    """Return the committed offset of a partition, with its metadata."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap_servers, group_id=group, enable_auto_commit=False)
    try:
        return consumer.committed(TopicPartition(topic, partition), metadata=True)
    finally:
        consumer.close()


def applied_time(second: int) -> int:
    """Return the record time of the event with this number."""
    return int((START + second) * 1000)


def at_times(partition: int, *seconds: float) -> list[Sent]:
    """Return records of one partition with these record times."""
    return [(None, b"{}", [], int(at * 1000), partition) for at in seconds]


def by_time(logs: Mapping[TopicPartition, Sequence[int]]) -> list[Spot]:
    """Return all records of these logs, sorted by time at once."""
    keyed = []
    for (topic, partition), times in logs.items():
        latest = -1
        for offset, at in enumerate(times):
            latest = max(latest, at)
            keyed.append((latest, topic, partition, offset))
    return [(topic, partition, offset) for _, topic, partition, offset in sorted(keyed)]
