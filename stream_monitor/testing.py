"""Fakes for tests, and makers of events. The fakes pass the contract tests of what they replace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from stream_monitor.core.errors import SinkError
from stream_monitor.core.records import Record
from stream_monitor.sources.memory import MemorySource

__all__ = ["FakeClock", "MemorySource", "MemoryTopic", "make_label", "make_prediction", "make_records"]


class FakeClock:
    """A clock that stands still until it is advanced."""

    def __init__(self, start: float = 1_795_435_200.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        self._now += seconds


class MemoryTopic:
    """A topic that records are written to.

    Args:
        fault: The reason why nothing can be written; empty if it can.
    """

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.records: list[Record] = []
        self.closed = False

    def write(self, records: Sequence[Record]) -> None:
        """Append records."""
        if self.fault:
            raise SinkError(self.fault)
        self.records += records

    def close(self) -> None:
        self.closed = True


def make_prediction(index: int, **fields: Any) -> dict[str, Any]:
    """Return a native prediction event; ``fields`` replace the defaults."""
    return {"id": f"r-{index}", "ts": 1_795_435_200.0 + index, "features": {}, "prediction": "yes", **fields}


def make_label(index: int, label: Any, **fields: Any) -> dict[str, Any]:
    """Return a native label event for the prediction of the same index."""
    return {"id": f"r-{index}", "ts": 1_795_435_260.0 + index, "label": label, **fields}


def make_records(events: Iterable[dict[str, Any] | bytes | None], topic: str = "inference") -> list[Record]:
    """Return events as records of one topic, in order."""
    return [
        Record(topic, offset, orjson.dumps(event) if isinstance(event, dict) else event)
        for offset, event in enumerate(events)
    ]
