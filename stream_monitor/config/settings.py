"""One configuration, composed of each part's own settings: flags, environment and YAML are read into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import field_validator

from stream_monitor.actions import SINKS
from stream_monitor.config.base import Settings, setting
from stream_monitor.config.baseline_settings import BaselineSettings
from stream_monitor.config.deployment_settings import DeploymentSettings
from stream_monitor.config.group_settings import GroupSettings
from stream_monitor.config.kafka_settings import KafkaSettings
from stream_monitor.config.notice_settings import NoticeSettings
from stream_monitor.config.retrain_settings import RetrainSettings
from stream_monitor.config.units import Duration, Expected, Seasonality, Share, Size
from stream_monitor.config.value_types import (
    Address,
    ContractPath,
    Count,
    DecoderText,
    DetectorTexts,
    FeatureTypes,
    FieldPaths,
    ProfilePath,
    SinkTexts,
)
from stream_monitor.config.version_settings import VersionSettings
from stream_monitor.core.events import Task
from stream_monitor.core.spec_grammar import usages
from stream_monitor.decoding import DECODERS
from stream_monitor.sources.formats import Format


class EventSettings(Settings):
    """Settings of decoding: from a record to an event."""

    model: str = setting("default", "model of events that name none", "NAME", min_length=1)
    version: str = setting("default", "version of events that name none", "NAME", min_length=1)
    task: Task = setting("classification", "kind of model", "classification|regression")
    decoder: DecoderText = setting(
        "json", f"format of the records' bytes: {', '.join(DECODERS)}", "KIND[:PARAMETER=VALUE,...]"
    )
    field: FieldPaths = setting(
        {}, "path of a field in another schema, such as id=request.id; repeatable", "NAME=PATH"
    )
    label_field: FieldPaths = setting({}, "the same for records of labels; repeatable", "NAME=PATH")
    max_record_bytes: Size = setting(
        "1MiB", "size above which a record is rejected", "SIZE", validate_default=True, ge=1
    )


class WatchSettings(Settings):
    """Settings of monitoring: detectors, performance and their bounds."""

    detector: DetectorTexts = setting(
        ["glr"],
        "drift detector and the signals that it watches; repeatable (see `stream-monitor detectors`)",
        "[SIGNAL=]KIND[:PARAMETER=VALUE,...]",
    )
    warmup: int = setting(
        500, "values of a signal from which its scale is learned; 0: values are not standardized", "COUNT", ge=0
    )
    expected_run_length: Expected = setting(
        "1000000",
        "average number of events, or time, between two false alarms of the whole model",
        "EVENTS|DURATION",
        validate_default=True,
    )
    profile: ProfilePath = setting(
        None, "reference profile of the training data, made by `stream-monitor profile`", "FILE"
    )
    contract: ContractPath = setting(
        None,
        "input contract, made by `stream-monitor contract` and edited: its violations are counted, and their rate is "
        "the signal invalid; a value of a wrong type is missing",
        "FILE",
    )
    feature_type: FeatureTypes = setting(
        {},
        "type of a feature; by default that of the contract or profile, or of most of its first values; repeatable",
        "NAME=numeric|categorical",
    )
    seasonality: Seasonality = setting(
        "none",
        "periods of cycles that are taken out of every signal, such as 24h,7d; auto: 24h and 7d, each once two in a "
        "row are alike",
        "none|auto|PERIOD[,PERIOD]",
        validate_default=True,
    )
    rearm_after: Duration = setting(
        "24h",
        "time after which an alarm ends although the signal has not returned to its reference",
        "DURATION",
        validate_default=True,
        gt=0,
    )
    min_effect: float = setting(
        0.1,
        "smallest effect size of a change that raises an alarm, in standard deviations, of shares as Cohen's h (of "
        "the error also a tenth of it as a difference of shares); smaller changes are listed apart; 0: none is small",
        "EFFECT",
        ge=0,
    )
    episode_gap: Count = setting(
        1000,
        "number of predictions after the first alarm of an episode in which changes of other signals join it, and "
        "after a signal's newest alarm in which a further one prolongs its change",
        "COUNT",
    )
    performance_window: Count = setting(1000, "number of outcomes in the rolling performance", "COUNT")
    performance_decay: float = setting(
        0.999,
        "weight of an outcome relative to the next one, in the decayed performance",
        "SHARE",
        gt=0,
        lt=1,
    )
    positive_class: str | None = setting(
        None,
        "class whose probability, or rank, a numeric score tells; without it only maps of classes have "
        "ROC AUC, average precision, log loss, Brier score and calibration error",
        "CLASS",
        min_length=1,
    )
    max_models: Count = setting(
        20, "maximum number of models; above it the least recently seen one is evicted", "COUNT"
    )
    max_versions: Count = setting(5, "maximum number of versions of each model", "COUNT")
    max_features: Count = setting(500, "maximum number of features of each version", "COUNT")

    @field_validator("warmup")
    @classmethod
    def _not_one(cls, value: int) -> int:
        if value == 1:
            raise ValueError("must be 0 or at least 2: one value has no spread")
        return value


class JoinSettings(Settings):
    """Settings of the join of labels to predictions."""

    label_ttl: Duration = setting(
        "30d", "time for which a prediction waits for its label, in event time", "DURATION", validate_default=True
    )
    label_maturity: Duration = setting(
        "0s",
        "age of a prediction at which its outcome leaves the maturity buffer, in order of prediction time",
        "DURATION",
        validate_default=True,
    )
    label_updates: Literal["first", "last"] = setting(
        "first",
        "label that counts when a second one differs; last: only while the outcome is in the maturity buffer",
        "first|last",
    )
    max_waiting: Count = setting(
        1_000_000, "maximum number of waiting predictions; above it the oldest one expires", "COUNT"
    )
    max_labelled: Count = setting(
        1_000_000, "maximum number of labelled ids that are kept to recognize duplicate and revised labels", "COUNT"
    )


class SampleSettings(Settings):
    """Settings of the evaluation sets: labelled predictions that are kept to test other models on."""

    evaluation_dir: Path | None = setting(
        None, "directory of evaluation sets, of one replica alone; without it none are written", "DIR"
    )

    @field_validator("evaluation_dir", mode="before")
    @classmethod
    def _named_directory(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            raise ValueError("must be a directory")
        return value

    evaluation_share: Share = setting(
        "1%",
        "share of predictions that are chosen for evaluation sets, by the hash of their ids",
        "SHARE",
        validate_default=True,
        gt=0,
    )
    evaluation_window: Duration = setting(
        "24h", "prediction time that one evaluation set covers", "DURATION", validate_default=True, ge=60
    )
    evaluation_wait: Duration | None = setting(
        None,
        "time after the end of its window for which an evaluation set waits for labels; by default --label-ttl",
        "DURATION",
    )
    evaluation_min_per_class: int = setting(
        0,
        "rows of each class in an evaluation set, for which up to ten times the share of predictions is kept",
        "COUNT",
        ge=0,
        le=5000,
    )


class StateSettings(Settings):
    """Settings of the state that survives restarts."""

    state_dir: Path | None = setting(
        None, "directory of the state; without it, detectors and counters start anew at each restart", "DIR"
    )

    @field_validator("state_dir", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            raise ValueError("must be a directory")
        return value

    checkpoint_interval: Duration = setting(
        "5s",
        "time between two checkpoints: the state is saved and the offsets are committed",
        "DURATION",
        validate_default=True,
        gt=0,
    )
    max_memory: Size = setting(
        "96MiB",
        "memory for predictions that wait and labelled ids, about; with --state-dir more of them are kept on disk",
        "SIZE",
        validate_default=True,
        ge=1,
    )
    on_bad_state: Literal["refuse", "reset"] = setting(
        "refuse",
        "action on a state that is corrupt or of another version: refuse to start, or set it aside and start anew",
        "refuse|reset",
    )


class ServeSettings(Settings):
    """Settings of the HTTP server, of the alerts and of the log."""

    listen: Address = setting(
        "0.0.0.0:9464", "address of /metrics, /healthz, /readyz and the landing page", "HOST:PORT"
    )
    max_reject_share: Share = setting(
        "5%",
        "share of rejected records among the last 1,000 above which /readyz fails",
        "SHARE",
        validate_default=True,
    )
    alert: SinkTexts = setting(
        ["log"], f"where notices are shown; repeatable ({usages(SINKS)})", "KIND[:PARAMETER=VALUE,...]"
    )
    audit_log: Path | None = setting(
        None, "file of the audit log, to which lines are appended (see `stream-monitor audit`)", "FILE"
    )

    @field_validator("audit_log", mode="before")
    @classmethod
    def _named_file(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            raise ValueError("must be a file")
        return value

    log_level: Literal["debug", "info", "warning", "error"] = setting("info", "lowest level of log lines", "LEVEL")
    log_format: Literal["text", "json"] = setting("text", "format of log lines", "text|json")


class PipelineSettings(
    RetrainSettings,
    SampleSettings,
    JoinSettings,
    BaselineSettings,
    VersionSettings,
    GroupSettings,
    WatchSettings,
    EventSettings,
):
    """Settings of the pipeline, from decoding to monitors."""


class RunConfig(NoticeSettings, DeploymentSettings, ServeSettings, StateSettings, PipelineSettings, KafkaSettings):
    """Settings of ``stream-monitor run``."""


class ReplayConfig(PipelineSettings):
    """Settings of ``stream-monitor replay``."""

    labels: Path | None = setting(None, "file of labels, joined to the predictions by id", "FILE")
    format: Format | None = setting(None, "format of the files; by default by their names", "jsonl|csv|parquet")
    max_waiting: Count = setting(
        100_000_000, "maximum number of waiting predictions; above it the oldest one expires", "COUNT"
    )
