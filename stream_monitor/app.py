"""The composition root: configuration to wired objects, and their life from start to stop."""

from __future__ import annotations

import gc
import logging
import math
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from stream_monitor import __version__
from stream_monitor.alerts.base import Sink
from stream_monitor.alerts.log import LogSink
from stream_monitor.alerts.memory import MemorySink
from stream_monitor.alerts.outbox import Outbox
from stream_monitor.checkpoint import Checkpoint
from stream_monitor.clock import Clock, SystemClock
from stream_monitor.codec import Codec
from stream_monitor.config import (
    EventSettings,
    JoinSettings,
    ReplayConfig,
    RunConfig,
    WatchSettings,
    parse_address,
)
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.exporter.server import Exporter
from stream_monitor.health import Health
from stream_monitor.joiner import Joiner
from stream_monitor.monitor import Fleet, MonitorSettings
from stream_monitor.observer import Observer
from stream_monitor.pipeline import Pipeline
from stream_monitor.profile import Profile
from stream_monitor.report.recorder import Recorder
from stream_monitor.sources.base import Source
from stream_monitor.sources.files import LABELS, FileSource
from stream_monitor.sources.kafka import KafkaSource
from stream_monitor.sources.kafka_options import reveal
from stream_monitor.tables import Table
from stream_monitor.tuning.recording import Gatherer, Recording, recording
from stream_monitor.tuning.settings import TuneConfig

logger = logging.getLogger(__name__)

#: Events between false alarms while a run length in time waits for the rate, or where events tell no time.
UNKNOWN_RATE = 1_000_000.0


def run(config: RunConfig) -> None:
    """The sidecar: until SIGTERM or SIGINT."""
    stop = threading.Event()
    tune_collector()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    clock = SystemClock()
    topics = [*config.topic, *config.label_topic]
    options = reveal(config.kafka_option)
    source = KafkaSource(
        config.bootstrap_servers,
        topics,
        config.group_id,
        clock,
        labels=set(config.label_topic) - set(config.topic),
        start=config.start,
        options=options,
        group_instance_id=config.group_instance_id,
        restore_window=config.restore_window,
        allow_unaligned_labels=config.allow_unaligned_labels,
    )
    label_topics = set(config.label_topic) - set(config.topic)
    codec = make_codec(config, clock, label_topics)
    checkpoint = Checkpoint(config.state_dir, config.on_bad_state) if config.state_dir else None
    pipeline = make_pipeline(
        config,
        config,
        source,
        codec,
        {"log": LogSink(clock)},
        clock,
        checkpoint_interval=config.checkpoint_interval,
        table=checkpoint.table if checkpoint else None,
    )
    # Counters are there at 0 before their first event.
    pipeline.stats.records.update(dict.fromkeys(topics, 0))
    try:
        if checkpoint:
            pipeline.save_to(checkpoint, fingerprint(config))
        _serve(config, pipeline, stop)
    finally:
        if checkpoint:
            checkpoint.close()


def _serve(config: RunConfig, pipeline: Pipeline, stop: threading.Event) -> None:
    exporter = Exporter(pipeline, Health(pipeline, config.max_reject_share), *parse_address(config.listen))
    exporter.start()
    url = f"http://{config.listen.rpartition(':')[0]}:{exporter.port}/"
    logger.info("stream-monitor %s serves %s", __version__, url, extra={"fields": {"event": "serving", "url": url}})
    try:
        pipeline.run(stop)
        logger.info("stopping: %d predictions, %d labels", pipeline.stats.predictions, pipeline.stats.labels)
        pipeline.close()
    finally:
        pipeline.readers.close()
        exporter.stop()


def fingerprint(config: RunConfig) -> str:
    """Stands for all settings that say what is computed; another one is another computation."""
    parts = [settings.model_fields for settings in (EventSettings, WatchSettings, JoinSettings)]
    told = config.model_dump(mode="json", include={name for fields in parts for name in fields})
    return blake2b(repr(sorted(told.items())).encode(), digest_size=8).hexdigest()


def replay(
    config: ReplayConfig,
    paths: Sequence[Path],
    progress: Callable[[FileSource], None],
    recorder: Recorder | None = None,
) -> tuple[Pipeline, MemorySink]:
    """The same pipeline over files, to their end; the recorder sees every column."""
    pipeline, source, sink = _over_files(config, paths, recorder)
    if recorder:
        source.batch_size = recorder.batch_size

    def after_step(_: int) -> None:
        progress(source)
        if recorder:
            source.batch_size = recorder.batch_size

    pipeline.run(threading.Event(), after_step)
    pipeline.close()
    return pipeline, sink


def record(config: TuneConfig, paths: Sequence[Path], progress: Callable[[FileSource], None]) -> Recording:
    """The columns that the same pipeline makes of files, with no detector on them, up to ``max_events``."""
    gatherer, enough = Gatherer(config.sample_features, config.seed), threading.Event()
    pipeline, source, _ = _over_files(config.model_copy(update={"detector": []}), paths, gatherer)

    def after_step(_: int) -> None:
        progress(source)
        if pipeline.stats.predictions:
            gatherer.choose()
        if pipeline.stats.predictions > config.max_events:
            enough.set()

    pipeline.run(enough, after_step)
    pipeline.close()
    rejected = pipeline.stats.rejected
    return recording(pipeline.fleet, gatherer, config.max_events, is_cut=enough.is_set(), rejected=rejected)


def _over_files(
    config: ReplayConfig, paths: Sequence[Path], observer: Observer | None
) -> tuple[Pipeline, FileSource, MemorySink]:
    clock = SystemClock()
    tune_collector()
    source = FileSource(
        paths, config.labels, file_format=config.format, fields=config.field, label_fields=config.label_field
    )
    sink = MemorySink()
    codec = make_codec(config, clock, [LABELS])
    # A file of labels may be read long before its predictions, but it ends.
    pipeline = make_pipeline(
        config, config, source, codec, {"memory": sink}, clock, early_ttl=math.inf, observer=observer
    )
    return pipeline, source, sink


def tune_collector() -> None:
    """Millions of long-lived tuples make the cycle collector cost as much as the work: let it run rarely."""
    gc.set_threshold(100_000, 20, 20)


def make_codec(settings: EventSettings, clock: Clock, label_topics: Any) -> Codec:
    """The codec that these settings ask for."""
    return Codec(
        clock,
        model=settings.model,
        version=settings.version,
        task=settings.task,
        fields=settings.field,
        label_fields=settings.label_field,
        label_topics=label_topics,
        max_record_bytes=settings.max_record_bytes,
    )


def make_pipeline(
    watch: WatchSettings,
    join: JoinSettings,
    source: Source,
    codec: Codec,
    sinks: Mapping[str, Sink],
    clock: Clock,
    *,
    checkpoint_interval: float = 5.0,
    early_ttl: float | None = None,
    table: Table | None = None,
    observer: Observer | None = None,
) -> Pipeline:
    """The pipeline that these settings ask for; the observer sees every column."""
    settings = MonitorSettings(
        specs=tuple(parse_spec(text) for text in watch.detector),
        task=codec.task,
        warmup=watch.warmup,
        run_length=watch.expected_run_length.events or UNKNOWN_RATE,
        run_seconds=watch.expected_run_length.seconds,
        seasonality=watch.seasonality,
        rearm_after=watch.rearm_after,
        episode_gap=watch.episode_gap,
        feature_types=watch.feature_type,
        profile=Profile.read(watch.profile) if watch.profile else None,
        performance_window=watch.performance_window,
        performance_decay=watch.performance_decay,
        label_maturity=join.label_maturity,
        max_models=watch.max_models,
        max_versions=watch.max_versions,
        max_features=watch.max_features,
    )
    joiner = Joiner(
        table,
        max_waiting=join.max_waiting,
        ttl=join.label_ttl,
        early_ttl=early_ttl,
        maturity=join.label_maturity,
        label_updates=join.label_updates,
        max_labelled=join.max_labelled,
    )
    outbox = Outbox(sinks)
    fleet = Fleet(settings, observer)
    return Pipeline(source, codec, joiner, fleet, outbox, clock, checkpoint_interval=checkpoint_interval)
