"""Objects made from a configuration, and wired."""

from __future__ import annotations

import gc
import logging
from collections.abc import Mapping
from typing import Any

from stream_monitor.actions.base import Sink
from stream_monitor.actions.outbox import Outbox
from stream_monitor.config.settings import (
    EventSettings,
    JoinSettings,
    WatchSettings,
)
from stream_monitor.core.clock import Clock
from stream_monitor.decoding import parse_decoder
from stream_monitor.decoding.codec import Codec
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.join.joiner import Joiner
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.monitors.observer import Observer
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.profiles.profile import Profile
from stream_monitor.sources.base import Source
from stream_monitor.state.key_value_store import KeyValueStore

logger = logging.getLogger(__name__)

#: Run length in events while that in time has no rate yet, or where events have no time.
UNKNOWN_RATE = 1_000_000.0


def tune_collector() -> None:
    """Make the cycle collector run rarely: with millions of long-lived tuples it costs as much as the work."""
    gc.set_threshold(100_000, 20, 20)


def make_codec(settings: EventSettings, clock: Clock, label_topics: Any) -> Codec:
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
    watch: WatchSettings,
    join: JoinSettings,
    source: Source,
    codec: Codec,
    sinks: Mapping[str, Sink],
    clock: Clock,
    *,
    checkpoint_interval: float = 5.0,
    early_ttl: float | None = None,
    store: KeyValueStore | None = None,
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
        store,
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
