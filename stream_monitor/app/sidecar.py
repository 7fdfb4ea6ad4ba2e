"""The sidecar from start to stop."""

from __future__ import annotations

import logging
import signal
import threading

from stream_monitor import __version__
from stream_monitor.actions.audit_log import AuditLog
from stream_monitor.actions.deployments import Deployments
from stream_monitor.actions.git_target import GitTarget
from stream_monitor.app.allocator import keep_freed_memory
from stream_monitor.app.fingerprint import fingerprint
from stream_monitor.app.log_format import set_up_logging
from stream_monitor.app.notices import make_outbox
from stream_monitor.app.wiring import make_codec, make_pipeline, tune_garbage_collector
from stream_monitor.config.deployment_settings import split_branch
from stream_monitor.config.loading import shown
from stream_monitor.config.settings import RunConfig
from stream_monitor.config.value_types import parse_address
from stream_monitor.contract.dead_letters import DeadLetters
from stream_monitor.core.clock import Clock, SystemClock
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from stream_monitor.server.health import Health
from stream_monitor.server.http import MetricsServer
from stream_monitor.sources.kafka.options import reveal
from stream_monitor.sources.kafka.record_columns import Wanted
from stream_monitor.sources.kafka.source import KafkaSource
from stream_monitor.sources.kafka.topic_writer import TopicWriter
from stream_monitor.state.checkpoint import Checkpoint

logger = logging.getLogger(__name__)


def run(config: RunConfig) -> None:
    """Run the sidecar until SIGTERM or SIGINT."""
    set_up_logging(config.log_level, config.log_format)
    stop = threading.Event()
    tune_garbage_collector()
    keep_freed_memory()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    clock = SystemClock()
    source = _make_source(config, clock)
    codec = make_codec(config, clock, _label_topics(config))
    checkpoint = Checkpoint(config.state_dir, config.on_bad_state) if config.state_dir else None
    audit = AuditLog(config.audit_log, clock) if config.audit_log else None
    pipeline = make_pipeline(
        config,
        source,
        codec,
        make_outbox(config, clock),
        clock,
        checkpoint_interval=config.checkpoint_interval,
        dead_letters=_make_dead_letters(config),
        store=checkpoint.store if checkpoint else None,
        max_memory=config.max_memory,
        audit=audit,
        deployments=_make_deployments(config, audit, clock),
    )
    # Counters exist at 0 before their first event.
    topics = [*config.topic, *config.label_topic]
    pipeline.processor.counters.records.update(dict.fromkeys(topics, 0))
    try:
        if checkpoint:
            pipeline.resume(checkpoint, fingerprint(config))
        if pipeline.audit:
            pipeline.audit.start(__version__, shown(config))
        _serve(config, pipeline, stop)
    finally:
        if checkpoint:
            checkpoint.close()


def _make_source(config: RunConfig, clock: Clock) -> KafkaSource:
    return KafkaSource(
        config.bootstrap_servers,
        [*config.topic, *config.label_topic],
        config.group_id,
        clock,
        labels=_label_topics(config),
        start=config.start,
        options=reveal(config.kafka_option),
        group_instance_id=config.group_instance_id,
        restore_window=config.restore_window,
        allow_unaligned_labels=config.allow_unaligned_labels,
        max_latency=config.max_latency,
        wanted=_wanted(config),
    )


def _wanted(config: RunConfig) -> Wanted:
    """Return the columns that a field is mapped to; all for dead letters, which are as they came."""
    paths = {*config.field.values(), *config.label_field.values()}
    has_letters = config.dead_letter_topic is not None
    has_headers = any(path.startswith("@header.") for path in paths)
    return Wanted(keys=has_letters or "@key" in paths, headers=has_letters or has_headers)


def _make_dead_letters(config: RunConfig) -> DeadLetters | None:
    if config.dead_letter_topic is None:
        return None
    options = reveal(config.kafka_option)
    return DeadLetters(TopicWriter(config.bootstrap_servers, config.dead_letter_topic, options))


def _make_deployments(config: RunConfig, audit: AuditLog | None, clock: Clock) -> Deployments | None:
    if config.promote_git is None or audit is None:
        return None
    repository, branch = split_branch(config.promote_git)
    file, key = str(config.promote_file), str(config.promote_key)
    return Deployments(GitTarget(repository, branch, file, key, config.promote_branch), audit, clock)


def _label_topics(config: RunConfig) -> set[str]:
    """Return the topics that have labels only."""
    return set(config.label_topic) - set(config.topic)


def _serve(config: RunConfig, pipeline: Pipeline, stop: threading.Event) -> None:
    health = Health(pipeline.status, config.max_reject_share)
    server = MetricsServer(SnapshotTaker(pipeline).take, health, *parse_address(config.listen))
    server.start()
    url = f"http://{config.listen.rpartition(':')[0]}:{server.port}/"
    logger.info("stream-monitor %s serves %s", __version__, url, extra={"fields": {"event": "serving", "url": url}})
    try:
        pipeline.run(stop)
        counters = pipeline.processor.counters
        logger.info("stopping: %d predictions, %d labels", counters.predictions, counters.labels)
        pipeline.close()
        if pipeline.audit:
            pipeline.audit.stop()
    finally:
        pipeline.reads.close()
        server.stop()
