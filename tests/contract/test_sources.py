"""Requirements of the pipeline on every source; the Kafka source is tested in tests/integration."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stream_monitor.core.batch import RecordBatch
from stream_monitor.sources.base import Source
from stream_monitor.sources.files import FileSource
from stream_monitor.testing import MemorySource, make_prediction, make_records

EVENTS = [make_prediction(at) for at in range(4321)]


def _memory(_: Path) -> Source:
    return MemorySource(make_records(EVENTS))


def _files(directory: Path) -> Source:
    path = directory / "events.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in EVENTS))
    return FileSource([path])


@pytest.mark.parametrize("make", [_memory, _files])
def test_a_source_gives_every_record_once_and_in_order(make: Callable[[Path], Source], tmp_path: Path) -> None:
    source = make(tmp_path)
    assert not source.exhausted
    bodies, offsets = [], []
    while not source.exhausted:
        batch = source.poll(0.1)
        assert isinstance(batch, RecordBatch)
        for record in batch:
            assert isinstance(record.value, bytes)
            assert (record.topic, record.partition, record.key, list(record.headers)) and record.timestamp is None
            bodies.append(json.loads(record.value))
            offsets.append(record.offset)
        assert len(source.positions()) == 1
    assert bodies == EVENTS
    assert offsets == list(range(len(EVENTS)))
    source.commit()
    assert list(source.poll(0.1)) == []
    source.close()
