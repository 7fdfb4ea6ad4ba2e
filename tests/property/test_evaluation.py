"""Evaluation sets are the same files wherever the stream is cut into batches, and wherever the process is killed."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.actions.evaluation_export import EvaluationExport
from stream_monitor.actions.evaluation_files import EvaluationFiles
from stream_monitor.actions.evaluation_manifest import read_manifest
from stream_monitor.actions.outbox import Outbox
from stream_monitor.core.records import Record
from stream_monitor.decoding.codec import Codec
from stream_monitor.join.joiner import Joiner
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.performance.evaluation import EvaluationSample
from stream_monitor.performance.evaluation_set import EvaluationSettings
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.pipeline.processor import BatchProcessor
from stream_monitor.state.checkpoint import Checkpoint
from stream_monitor.testing import FakeClock, MemorySource
from tests.property.restarts import make_stream

COUNT = 900


def _pipeline(records: list[Record], batch_size: int, checkpoint: Checkpoint, sets: Path) -> Pipeline:
    clock = FakeClock()
    sample = EvaluationSample(EvaluationSettings(0.4, 100.0, 50.0, 8), checkpoint.store)
    export = EvaluationExport(sample, EvaluationFiles(sets), clock)
    joiner = Joiner(checkpoint.store, max_waiting=200, ttl=1000.0)
    processor = BatchProcessor(Codec(clock), joiner, Fleet(MonitorSettings(warmup=100)), clock, sample)
    return Pipeline(MemorySource(records, batch_size), processor, Outbox({}), clock, evaluation=export)


def _files(seed: int, batch_size: int, kills: Sequence[tuple[int, int]]) -> dict[str, bytes]:
    """Return the files of a stream; each kill comes so many steps after a checkpoint after so many steps."""
    records = make_stream(seed, COUNT)
    with tempfile.TemporaryDirectory() as directory:
        sets = Path(directory, "sets")
        for saved, lost in [*kills, (len(records), 0)]:
            checkpoint = Checkpoint(Path(directory, "state"))
            pipeline = _pipeline(records, batch_size, checkpoint, sets)
            pipeline.resume(checkpoint)
            for step in range(saved + lost):
                if pipeline.source.exhausted:
                    break
                pipeline.step()
                if step == saved - 1:
                    pipeline.source.commit(changed=True)
            checkpoint.close()
        return {path.name: path.read_bytes() for path in sets.iterdir()}


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 3),
    batch_size=st.sampled_from([1, 7, 60, 400]),
    kills=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4),
)
def test_the_files_are_the_same(seed: int, batch_size: int, kills: list[tuple[int, int]]) -> None:
    expected = _files(seed, 100, ())
    assert len(expected) >= 8
    assert _files(seed, batch_size, kills) == expected


def test_every_class_is_in_the_manifest(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "state")
    pipeline = _pipeline(make_stream(1, COUNT), 100, checkpoint, tmp_path / "sets")
    while not pipeline.source.exhausted:
        pipeline.step()
    first, *_ = read_manifest(tmp_path / "sets")["sets"]
    assert set(first["classes"]) == {"a", "b"} and set(first["versions"]) == {"1", "2"}
    checkpoint.close()
