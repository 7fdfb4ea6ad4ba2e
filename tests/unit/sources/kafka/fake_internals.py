"""Fakes of the client's insides, for tests of the seam to kafka-python."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kafka import TopicPartition
from kafka.coordinator.assignors.abstract import RebalanceProtocol

P0, P1 = TopicPartition("p", 0), TopicPartition("p", 1)


class Fetcher:
    """Records that were fetched: of one partition at a time, and of paused ones."""

    def __init__(self) -> None:
        self._next_partition_records: Any = None
        self._paused_partition_records: dict[TopicPartition, Any] = {}
        self.paused: set[TopicPartition] = set()
        self._subscriptions = SimpleNamespace(is_paused=self.paused.__contains__)
        self.answers: list[tuple[dict[Any, Any], bool]] = []
        self.asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def fetched_records(self, *args: Any, **options: Any) -> tuple[dict[Any, Any], bool]:
        self.asked.append((args, options))
        return self.answers.pop(0)

    def fetch_records(self, limit: int, timeout_ms: float) -> tuple[dict[Any, Any], bool]:
        self.asked.append(((limit,), {"timeout_ms": timeout_ms}))
        return self.answers.pop(0)


class Client:
    """The consumer, with what it was asked in its order."""

    def __init__(self, **config: Any) -> None:
        self.config, self.calls = config, list[Any]()
        self._fetcher = Fetcher()
        self._subscription, self._cluster = SimpleNamespace(assignment={}), Cluster()
        self._coordinator = Coordinator()
        self.assigned, self.polled = {P0}, dict[Any, Any]()

    def bootstrap(self, timeout_ms: float) -> None:
        self.calls.append(("bootstrap", timeout_ms))

    def partitions_for_topic(self, topic: str) -> None:
        self.calls.append(("partitions_for_topic", topic))

    def subscribe(self, topics: list[str], listener: Any) -> None:
        self.listener = listener
        self.calls.append(("subscribe", topics))

    def close(self, autocommit: bool, timeout_ms: float) -> None:
        self.calls.append(("close", autocommit, timeout_ms))

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    def pause(self, *tps: TopicPartition) -> None:
        self.calls.append(("pause", tps))

    def poll(self, timeout_ms: float, max_records: int) -> dict[Any, Any]:
        self.calls.append(("poll", timeout_ms, max_records))
        return self.polled


class Cluster:
    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return {"p": {0, 1, 2}, "none": set()}.get(topic)


class Coordinator:
    def __init__(self) -> None:
        self.rejoining = self.needs_rejoin = False
        self.is_stable = True
        self._join_task: Any = None
        self._rebalance_protocol: Any = RebalanceProtocol.COOPERATIVE
        self._metadata_snapshot: Any = None

    def request_rejoin(self) -> None:
        self.needs_rejoin = True

    def need_rejoin(self) -> int:
        return int(self.needs_rejoin)

    def stable(self) -> int:
        return int(self.is_stable)

    def _build_metadata_snapshot(self, subscription: Any, cluster: Any) -> tuple[Any, Any]:
        return subscription, cluster
