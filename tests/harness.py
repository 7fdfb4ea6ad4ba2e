"""The whole pipeline on records in memory, for tests without a broker."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.actions.memory import MemorySink
from stream_monitor.actions.outbox import Outbox
from stream_monitor.contract.dead_letters import DeadLetters
from stream_monitor.core.events import Detection
from stream_monitor.core.records import Record
from stream_monitor.decoding.codec import Codec
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.join.joiner import Joiner
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.monitors.observer import Observer
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.pipeline.processor import BatchProcessor
from stream_monitor.testing import FakeClock, MemorySource, make_prediction, make_records

#: Two detectors with river's default parameters.
RIVERS = ("adwin:delta=0.002", "page_hinkley:threshold=50")


class Turning(threading.Event):
    """A stop event that is never set, and advances a clock instead of waiting."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        self.clock.advance(timeout or 0.0)
        return False


class Finding(NamedTuple):
    """The parts of a detection by which two runs are compared."""

    index: int  # type: ignore[assignment]
    signal: str
    detector: str


def make_pipeline(
    records: Iterable[Record],
    *,
    batch_size: int = 500,
    detectors: Iterable[str] = RIVERS,
    codec: Mapping[str, Any] | None = None,
    joiner: Joiner | None = None,
    clock: FakeClock | None = None,
    observer: Observer | None = None,
    dead_letters: DeadLetters | None = None,
    **settings: Any,
) -> tuple[Pipeline, MemorySink]:
    """Return a pipeline on records in memory, and its sink; ``settings`` are those of the monitors."""
    clock = clock or FakeClock()
    options: dict[str, Any] = {"task": settings.get("task", "classification"), **(codec or {})}
    fleet = Fleet(MonitorSettings(specs=tuple(parse_spec(text) for text in detectors), **settings), observer)
    sink = MemorySink()
    source = MemorySource(records, batch_size)
    processor = BatchProcessor(Codec(clock, **options), joiner or Joiner(), fleet, clock, dead_letters=dead_letters)
    return Pipeline(source, processor, Outbox({"memory": sink}), clock), sink


def run(events: Iterable[dict[str, Any] | bytes | None], **options: Any) -> tuple[Pipeline, list[Detection]]:
    """Run the whole pipeline on events; return it with the detections in the order of their predictions."""
    texts = (json.dumps(event).encode() if isinstance(event, dict) else event for event in events)
    pipeline, sink = make_pipeline(make_records(texts), **options)
    pipeline.run(Turning(FakeClock()))
    assert pipeline.processor.unaccounted == 0
    return pipeline, sorted(sink.detections)


def findings(detections: Iterable[Detection]) -> list[Finding]:
    """Return the index, signal and detector of each detection."""
    return [Finding(d.index, d.signal, d.detector) for d in detections]


def feature_events(columns: Mapping[str, Iterable[Any]], **fields: Any) -> list[dict[str, Any]]:
    """Return predictions with these columns as features; numpy's numbers are converted to Python's."""
    plain = {name: _plain(column) for name, column in columns.items()}
    rows = zip(*plain.values(), strict=True)
    return [
        make_prediction(index, features=dict(zip(plain, row, strict=True)), **fields)
        for index, row in enumerate(rows)
    ]


def _plain(column: Iterable[Any]) -> list[Any]:
    return column.tolist() if isinstance(column, np.ndarray) else list(column)
