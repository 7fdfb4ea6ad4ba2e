"""A pipeline that is stopped and taken up again ends in the very state of one that never stopped."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.alerts.memory import MemorySink
from stream_monitor.checkpoint import Checkpoint
from stream_monitor.codec import Codec
from stream_monitor.errors import ConfigError
from stream_monitor.events import Detection
from stream_monitor.joiner import Joiner
from stream_monitor.monitor import Fleet, MonitorSettings
from stream_monitor.pipeline import Pipeline
from stream_monitor.sources.base import FileRecord
from stream_monitor.testing import FakeClock, MemorySource, make_label, make_prediction, make_records


def make_stream(seed: int, count: int) -> list[FileRecord]:
    """Two versions, a shift, missing and textual values, late and repeated labels, some garbage."""
    rng = random.Random(seed)
    events: list[dict[str, Any] | bytes | None] = []
    for at in range(count):
        features = {"a": rng.gauss(0 if at < count / 2 else 2, 1), "b": rng.choice([None, 1.5, 2, "x"]), "c": 5}
        ts = 1_795_435_200.0 + at if at % 7 else None
        version, y_pred = rng.choice("12"), rng.choice("ab")
        events.append(make_prediction(at, features=features, prediction=y_pred, version=version, ts=ts))
        if at > 50 and rng.random() < 0.8:
            events.append(make_label(at - rng.randrange(-5, 50), rng.choice("ab")))
        if rng.random() < 0.02:
            events.append(b"garbage")
    return make_records(events)


def make_pipeline(source: MemorySource) -> tuple[Pipeline, MemorySink]:
    clock, sink = FakeClock(), MemorySink()
    fleet = Fleet(MonitorSettings(warmup=100))
    return Pipeline(source, Codec(clock), Joiner(200, 1000.0), fleet, [sink], clock), sink


def play(records: list[FileRecord], stops: list[int], batch_size: int) -> tuple[bytes, list[Detection], list[Any]]:
    """The end's state, the detections and the waiting tables, with a stop after each of so many records."""
    detections: list[Detection] = []
    with tempfile.TemporaryDirectory() as directory:
        for stop in [*sorted(stops), len(records)]:
            pipeline, sink = make_pipeline(MemorySource(records, batch_size))
            checkpoint = Checkpoint(Path(directory))
            pipeline.save_to(checkpoint)
            while pipeline.stats.records.total() < stop and not pipeline.source.exhausted:
                pipeline.step()
            pipeline.close()
            checkpoint.close()
            detections += sink.detections
    joiner = pipeline.joiner
    tables = [list(table.items()) for table in (joiner._waiting, joiner._early, joiner._done)]
    state = orjson.dumps(pipeline._state([]), option=orjson.OPT_SORT_KEYS, default=list)
    return state, detections, tables


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 1000),
    stops=st.lists(st.integers(1, 1800), min_size=1, max_size=4),
    batch_size=st.integers(1, 400),
)
def test_a_restart_changes_nothing(seed: int, stops: list[int], batch_size: int) -> None:
    records = make_stream(seed, 1000)
    assert play(records, stops, batch_size) == play(records, [], 250)


def test_detections_were_among_it() -> None:
    assert play(make_stream(1, 1000), [900], 100)[1]


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    first = Checkpoint(tmp_path)
    with pytest.raises(ConfigError, match="in use by another process"):
        Checkpoint(tmp_path)
    first.close()


@pytest.mark.parametrize(("position", "message"), [(0, "has format"), (3, "corrupt"), (9, "corrupt")])
def test_a_damaged_state_is_refused(tmp_path: Path, position: int, message: str) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save({"some": "state"}, {})
    sealed = bytearray(checkpoint._rocksdb.get(b"state"))  # type: ignore[call-overload]
    sealed[position] ^= 0xFF
    checkpoint._rocksdb[b"state"] = bytes(sealed)
    with pytest.raises(ConfigError, match=message):
        checkpoint.load()
    checkpoint.close()
