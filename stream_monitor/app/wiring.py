"""Objects made from a configuration, and wired."""

from __future__ import annotations

import gc
from collections.abc import Collection
from dataclasses import replace

from stream_monitor.actions.audit_log import AuditLog
from stream_monitor.actions.deployments import Deployments
from stream_monitor.actions.evaluation_export import EvaluationExport
from stream_monitor.actions.evaluation_files import EvaluationFiles
from stream_monitor.actions.outbox import Outbox
from stream_monitor.actions.retrain_decision import RetrainSettings
from stream_monitor.actions.retrain_policy import parse_policy
from stream_monitor.config.settings import EventSettings, PipelineSettings
from stream_monitor.contract.dead_letters import DeadLetters
from stream_monitor.contract.input_contract import InputContract
from stream_monitor.core.clock import Clock
from stream_monitor.decoding import parse_decoder
from stream_monitor.decoding.codec import Codec
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.join.joiner import Joiner
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.monitors.observer import Observer
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.performance.baseline import BaselineSettings
from stream_monitor.performance.evaluation import EvaluationSample
from stream_monitor.performance.evaluation_set import EvaluationSettings
from stream_monitor.performance.fairness import FairnessSettings
from stream_monitor.performance.groups import Grouping
from stream_monitor.performance.payoff import Payoff
from stream_monitor.performance.rollout import RolloutSettings
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.pipeline.processor import BatchProcessor
from stream_monitor.profiles.profile import Profile
from stream_monitor.sources.base import Source
from stream_monitor.state.key_value_store import KeyValueStore, MemoryStore

#: Run length in events while that in time has no rate yet, or where events have no time.
DEFAULT_RUN_LENGTH = 1_000_000.0


def tune_garbage_collector() -> None:
    """Make the garbage collector run rarely: with millions of long-lived tuples it costs as much as the work."""
    gc.set_threshold(100_000, 20, 20)


def make_codec(settings: EventSettings, clock: Clock, label_topics: Collection[str]) -> Codec:
    """Return the codec of these settings."""
    return Codec(
        clock,
        decoder=parse_decoder(settings.decoder).make(),
        model=settings.model,
        version=settings.version,
        task=settings.task,
        fields=settings.field,
        label_fields=settings.label_field,
        label_topics=label_topics,
        max_record_bytes=settings.max_record_bytes,
    )


def make_pipeline(
    settings: PipelineSettings,
    source: Source,
    codec: Codec,
    outbox: Outbox,
    clock: Clock,
    *,
    checkpoint_interval: float = 5.0,
    early_ttl: float | None = None,
    store: KeyValueStore | None = None,
    max_memory: int = 96 << 20,
    observer: Observer | None = None,
    kept: int | None = None,
    dead_letters: DeadLetters | None = None,
    audit: AuditLog | None = None,
    deployments: Deployments | None = None,
) -> Pipeline:
    """Return the pipeline of these settings.

    Args:
        settings: Settings of the pipeline.
        source: Gives the records.
        codec: Decodes them.
        outbox: Where notices go.
        clock: The time.
        checkpoint_interval: Seconds between two checkpoints.
        early_ttl: Seconds for which a label waits for its prediction; None: as long as a prediction for its label.
        store: Keeps what waits; None: it is kept in memory.
        max_memory: Bytes that what waits may take in memory, about, before the rest is in the store alone.
        observer: Sees every column.
        kept: Number of newest episodes and detections that snapshots have; None: as many as a person looks at.
        dead_letters: Takes records that can't be used or break the contract; None: nothing does.
        audit: The audit log; None: there is none.
        deployments: Deploys versions by verdicts in the audit log; None: nothing does.
    """
    joiner = _make_joiner(settings, store, early_ttl, max_memory)
    evaluation = _make_evaluation(settings, store, clock)
    sample = evaluation.sample if evaluation else None
    fleet = Fleet(_monitor_settings(settings, kept), observer)
    processor = BatchProcessor(codec, joiner, fleet, clock, sample, dead_letters)
    return Pipeline(
        source,
        processor,
        outbox,
        clock,
        checkpoint_interval=checkpoint_interval,
        evaluation=evaluation,
        audit=audit,
        deployments=deployments,
    )


def _make_joiner(
    settings: PipelineSettings, store: KeyValueStore | None, early_ttl: float | None, max_memory: int
) -> Joiner:
    return Joiner(
        store,
        max_waiting=settings.max_waiting,
        ttl=settings.label_ttl,
        early_ttl=early_ttl,
        maturity=settings.label_maturity,
        label_updates=settings.label_updates,
        max_labelled=settings.max_labelled,
        max_memory=max_memory,
    )


def _make_evaluation(
    settings: PipelineSettings, store: KeyValueStore | None, clock: Clock
) -> EvaluationExport | None:
    if settings.evaluation_dir is None:
        return None
    wait = settings.label_ttl if settings.evaluation_wait is None else settings.evaluation_wait
    chosen = EvaluationSettings(
        settings.evaluation_share,
        settings.evaluation_window,
        max(wait, settings.label_maturity),
        settings.evaluation_min_per_class if settings.task == "classification" else 0,
    )
    sample = EvaluationSample(chosen, MemoryStore() if store is None else store)
    return EvaluationExport(sample, EvaluationFiles(settings.evaluation_dir, settings.task), clock)


def _fairness(settings: PipelineSettings) -> FairnessSettings:
    return FairnessSettings(
        tuple(Grouping.parse(name, path) for name, path in settings.group.items()),
        settings.group_intersections,
        settings.positive or settings.positive_class,
        settings.group_min_count,
    )


def _retrain(settings: PipelineSettings) -> RetrainSettings:
    return RetrainSettings(
        tuple(map(parse_policy, settings.retrain_on)),
        settings.retrain_cooldown,
        settings.retrain_min_labels,
        settings.retrain_timeout,
        settings.task,
        settings.performance_window,
    )


def _baseline(settings: PipelineSettings) -> BaselineSettings:
    payoff = None if settings.payoff is None else Payoff.parse(settings.payoff)
    return BaselineSettings(settings.baseline, settings.baseline_min_skill, payoff)


def _monitor_settings(settings: PipelineSettings, kept: int | None) -> MonitorSettings:
    made = MonitorSettings(
        specs=tuple(parse_spec(text) for text in settings.detector),
        task=settings.task,
        warmup=settings.warmup,
        run_length=settings.expected_run_length.events or DEFAULT_RUN_LENGTH,
        run_seconds=settings.expected_run_length.seconds,
        seasonality=settings.seasonality,
        rearm_after=settings.rearm_after,
        min_effect=settings.min_effect,
        episode_gap=settings.episode_gap,
        feature_types=settings.feature_type,
        profile=Profile.read(settings.profile) if settings.profile else None,
        contract=InputContract.load(settings.contract) if settings.contract else None,
        performance_window=settings.performance_window,
        performance_decay=settings.performance_decay,
        positive_class=settings.positive_class,
        fairness=_fairness(settings),
        baseline=_baseline(settings),
        label_maturity=settings.label_maturity,
        max_models=settings.max_models,
        max_versions=settings.max_versions,
        max_features=settings.max_features,
        rollout=RolloutSettings(
            task=settings.task,
            champions=settings.champion,
            design=None if settings.comparison == "auto" else settings.comparison,
            split=settings.traffic_split,
        ),
        retrain=_retrain(settings),
    )
    if kept is None:
        return made
    # Over files, what is left in is told at the end.
    looks = settings.seasonality == () and bool(made.specs)
    return replace(made, episodes_kept=kept, detections_kept=kept, looks_for_seasons=looks)
