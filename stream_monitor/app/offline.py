"""The pipeline over files: a replay, and a recording for `tune`."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from stream_monitor.actions.memory import MemorySink
from stream_monitor.actions.outbox import Outbox
from stream_monitor.app.wiring import make_codec, make_pipeline, tune_garbage_collector
from stream_monitor.config.settings import ReplayConfig
from stream_monitor.core.clock import SystemClock
from stream_monitor.core.events import Detection
from stream_monitor.monitors.observer import Observer
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from stream_monitor.report.recorder import Recorder
from stream_monitor.sources.files import LABELS, FileSource
from stream_monitor.tuning.recording import Gatherer, Recording, recording
from stream_monitor.tuning.settings import TuneConfig

#: Newest episodes of a model version, and newest detections, that a replay has.
MAX_KEPT = 10_000


def replay(
    config: ReplayConfig,
    paths: Sequence[Path],
    progress: Callable[[FileSource], None],
    recorder: Recorder | None = None,
) -> tuple[Snapshot, list[Detection]]:
    """Run the pipeline over files to their end; return its snapshot and all detections, in order.

    ``progress`` is called after each batch; the recorder sees every column.
    """
    pipeline, source, sink = _over_files(config, paths, recorder)
    if recorder:
        source.batch_size = recorder.batch_size

    def after_step(_: int) -> None:
        progress(source)
        if recorder:
            source.batch_size = recorder.batch_size

    pipeline.run(threading.Event(), after_step)
    pipeline.close()
    return SnapshotTaker(pipeline).take(), sorted(sink.detections)


def record(config: TuneConfig, paths: Sequence[Path], progress: Callable[[FileSource], None]) -> Recording:
    """Return the columns that the pipeline makes of files, without detectors, up to ``max_events`` predictions."""
    gatherer, enough = Gatherer(config.sample_features, config.seed), threading.Event()
    pipeline, source, _ = _over_files(
        config.model_copy(update={"detector": [], "evaluation_dir": None, "baseline": "none"}), paths, gatherer
    )

    def after_step(_: int) -> None:
        progress(source)
        if pipeline.processor.counters.predictions:
            gatherer.choose()
        if pipeline.processor.counters.predictions > config.max_events:
            enough.set()

    pipeline.run(enough, after_step)
    pipeline.close()
    counters, fleet, end = pipeline.processor.counters, pipeline.processor.fleet, config.max_events
    found = recording(fleet, gatherer, end, is_cut=enough.is_set(), rejected=counters.rejected)
    return found._replace(backward=counters.backward)


def _over_files(
    config: ReplayConfig, paths: Sequence[Path], observer: Observer | None
) -> tuple[Pipeline, FileSource, MemorySink]:
    clock = SystemClock()
    tune_garbage_collector()
    codec = make_codec(config, clock, [LABELS])
    source = FileSource(paths, config.labels, file_format=config.format, read_time=codec.read_time)
    sink = MemorySink()
    # Labels of a file may be read long before their predictions, so they must not expire.
    pipeline = make_pipeline(
        config, source, codec, Outbox({"memory": sink}), clock, early_ttl=math.inf, observer=observer, kept=MAX_KEPT
    )
    return pipeline, source, sink
