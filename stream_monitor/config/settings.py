"""One configuration, composed of each part's own settings; flags, environment and YAML all end here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from stream_monitor.config.units import Duration, Expected, Seasonality, Share, Size
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.events import FeatureType, Task
from stream_monitor.decoding.fields import check_field
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.profiles.profile import Profile
from stream_monitor.sources.files import Format
from stream_monitor.sources.kafka.options import parse_options


def listed(value: Any, separators: str = r"\s+") -> Any:
    """Text with several values in it, as environment variables have it."""
    if isinstance(value, str):
        return [part for part in re.split(separators, value.strip()) if part]
    return value


def listed_by_comma(value: Any) -> Any:
    values = listed(value, r"[\s,]+")
    if not isinstance(values, list | tuple):
        raise ValueError("must be text or a list")
    return [part for text in values for part in listed(str(text), r"[\s,]+")]


def pairs(value: Any) -> Any:
    """``NAME=VALUE`` pairs as a mapping."""
    if isinstance(value, Mapping):
        return value
    found: dict[str, str] = {}
    for text in listed(value):
        name, equals, rest = str(text).partition("=")
        if not equals or not name:
            raise ValueError(f"{name!r} is not NAME=VALUE")
        found[name.strip()] = rest.strip()
    return found


def _check_fields(fields: dict[str, str]) -> dict[str, str]:
    for name, path in fields.items():
        check_field(name, path)
    return fields


def check_specs(specs: list[str]) -> list[str]:
    for spec in specs:
        parse_spec(spec)
    return specs


def _check_profile(path: Path | None) -> Path | None:
    if path is not None:
        try:
            Profile.read(path)
        except ConfigError as error:
            raise ValueError(str(error).removeprefix("--profile: ")) from None
    return path


Listed = Annotated[list[str], BeforeValidator(listed_by_comma)]
FieldPairs = Annotated[dict[str, str], BeforeValidator(pairs), AfterValidator(_check_fields)]
Count = Annotated[int, Field(ge=1)]


def setting(default: Any, description: str, metavar: str = "TEXT", **limits: Any) -> Any:
    """A field whose flag has this help and metavar."""
    return Field(default, description=description, json_schema_extra={"metavar": metavar}, **limits)


class Settings(BaseModel):
    """The base of all settings: nothing unknown, and no value in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class EventSettings(Settings):
    """How records are read."""

    model: str = setting("default", "name of the model, where an event names none", "NAME", min_length=1)
    version: str = setting("default", "version of the model, where an event names none", "NAME", min_length=1)
    task: Task = setting("classification", "what the model does", "classification|regression")
    field: FieldPairs = setting(
        {}, "where a foreign schema has a field, such as id=request.id; repeatable", "NAME=PATH"
    )
    label_field: FieldPairs = setting({}, "the same for label records; repeatable", "NAME=PATH")
    max_record_bytes: Size = setting("1MiB", "a larger record is rejected", "SIZE", validate_default=True, ge=1)


class WatchSettings(Settings):
    """What is watched, and within which bounds."""

    detector: Annotated[list[str], BeforeValidator(listed), AfterValidator(check_specs)] = setting(
        ["glr"],
        "a drift detector and the signals it watches; repeatable (see `stream-monitor detectors`)",
        "[SIGNAL=]KIND[:PARAMETER=VALUE,...]",
    )
    warmup: int = setting(
        500, "values of a signal from which its scale is learned; 0: fed as they are", "COUNT", ge=0
    )
    expected_run_length: Expected = setting(
        "1000000",
        "events, or time, between two false alarms of the whole model, on average",
        "EVENTS|DURATION",
        validate_default=True,
    )
    profile: Annotated[Path | None, AfterValidator(_check_profile)] = setting(
        None, "reference profile of the training data, made by `stream-monitor profile`", "FILE"
    )
    feature_type: Annotated[dict[str, FeatureType], BeforeValidator(pairs)] = setting(
        {},
        "what a feature is; by default the profile tells, or most of its first values; repeatable",
        "NAME=numeric|categorical",
    )
    seasonality: Seasonality = setting(
        "none",
        "period whose usual level in each hour is taken out of numbers; auto: 24h, once two days in a row are alike",
        "none|auto|PERIOD",
        validate_default=True,
    )
    rearm_after: Duration = setting(
        "24h",
        "how long an alarm stays active where the signal does not come back to its reference",
        "DURATION",
        validate_default=True,
        gt=0,
    )
    episode_gap: Count = setting(1000, "predictions without a new change after which an episode is over", "COUNT")
    performance_window: Count = setting(1000, "outcomes in the rolling performance", "COUNT")
    performance_decay: float = setting(
        0.999,
        "what an outcome still weighs when the next one comes, in the decayed performance",
        "SHARE",
        gt=0,
        lt=1,
    )
    max_models: Count = setting(20, "models followed; past it the one seen longest ago is evicted", "COUNT")
    max_versions: Count = setting(5, "versions followed of each model", "COUNT")
    max_features: Count = setting(500, "features followed of each version", "COUNT")

    @field_validator("warmup")
    @classmethod
    def _not_one(cls, value: int) -> int:
        if value == 1:
            raise ValueError("must be 0 or at least 2: one value has no spread")
        return value


class JoinSettings(Settings):
    """How labels meet predictions."""

    label_ttl: Duration = setting(
        "30d", "how long a prediction waits for its label, in event time", "DURATION", validate_default=True
    )
    label_maturity: Duration = setting(
        "0s",
        "age of a prediction at which its outcome is applied, in order of prediction time; before it, it is held",
        "DURATION",
        validate_default=True,
    )
    label_updates: Literal["first", "last"] = setting(
        "first",
        "which label holds when a second one differs; the last one as long as the outcome is held",
        "first|last",
    )
    max_waiting: Count = setting(1_000_000, "predictions that wait at most; past it the oldest is expired", "COUNT")
    max_labelled: Count = setting(
        1_000_000, "labelled ids that are remembered, to know repetitions and revisions", "COUNT"
    )


class KafkaSettings(Settings):
    """Where records come from."""

    bootstrap_servers: Listed = setting(..., "brokers to ask first; repeatable", "HOST:PORT", min_length=1)
    topic: Listed = setting(..., "topic of the inference events; repeatable", "TOPIC", min_length=1)
    label_topic: Listed = setting([], "topic of labels, if they have their own; repeatable", "TOPIC")
    group_id: str = setting(..., "consumer group; replicas share it", "ID", min_length=1)
    start: Literal["earliest", "latest"] = setting(
        "earliest", "where to begin while the group has no position yet", "earliest|latest"
    )
    kafka_option: Annotated[dict[str, Any], BeforeValidator(pairs), AfterValidator(parse_options)] = setting(
        {},
        "any setting of kafka-python's consumer; secrets as @file:PATH or @env:NAME; repeatable",
        "KEY=VALUE",
    )
    restore_window: Duration = setting(
        "24h",
        "how far back a partition is read again that comes without its state, to find what waits; 0s: not at all",
        "DURATION",
        validate_default=True,
    )
    group_instance_id: str | None = setting(
        None,
        "name of this replica in its group: one that comes back under its name finds its partitions again",
        "ID",
    )
    allow_unaligned_labels: bool = setting(
        False, "go on where topics of labels and of predictions have other numbers of partitions", ""
    )

    @field_validator("bootstrap_servers")
    @classmethod
    def _host_and_port(cls, servers: list[str]) -> list[str]:
        for server in servers:
            parse_address(server)
        return servers

    @field_validator("group_instance_id")
    @classmethod
    def _legal_name(cls, name: str | None) -> str | None:
        if name is not None and (not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name) or name in (".", "..")):
            raise ValueError("must be a name of letters, digits, '.', '_' and '-', 249 at most")
        return name


class StateSettings(Settings):
    """What is kept over restarts."""

    state_dir: Path | None = setting(
        None, "directory that keeps the state over restarts; without it, detectors and counters start anew", "DIR"
    )

    @field_validator("state_dir", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            raise ValueError("must be a directory")
        return value

    checkpoint_interval: Duration = setting(
        "5s", "time between two checkpoints: state saved, position committed", "DURATION", validate_default=True, gt=0
    )
    on_bad_state: Literal["refuse", "reset"] = setting(
        "refuse",
        "what to do with a state that is corrupt or of another version: refuse it, or set it aside and begin anew",
        "refuse|reset",
    )


class ServeSettings(Settings):
    """What is served and said."""

    listen: str = setting("0.0.0.0:9464", "address of /metrics, /healthz, /readyz and the landing page", "HOST:PORT")
    max_reject_share: Share = setting(
        "5%",
        "share of rejects in the last 1,000 records above which /readyz is red",
        "SHARE",
        validate_default=True,
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting("info", "least severe log lines", "LEVEL")
    log_format: Literal["text", "json"] = setting("text", "form of the log lines", "text|json")

    @field_validator("listen")
    @classmethod
    def _address(cls, listen: str) -> str:
        parse_address(listen)
        return listen


class RunConfig(ServeSettings, StateSettings, JoinSettings, WatchSettings, EventSettings, KafkaSettings):
    """Everything that ``stream-monitor run`` can be told."""


class ReplayConfig(JoinSettings, WatchSettings, EventSettings):
    """Everything that ``stream-monitor replay`` can be told about the pipeline."""

    labels: Path | None = setting(None, "file of labels, joined to the predictions by id", "FILE")
    format: Format | None = setting(None, "format of the files; by default told by their names", "jsonl|csv|parquet")
    max_waiting: Count = setting(100_000_000, "predictions that wait at most; past it the oldest is expired", "COUNT")


def parse_address(text: str) -> tuple[str, int]:
    """Host and port.

    >>> parse_address("0.0.0.0:9464"), parse_address("[::1]:0")
    (('0.0.0.0', 9464), ('::1', 0))
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"{text!r} is not HOST:PORT with a port from 0 to 65535")
    return host.removeprefix("[").removesuffix("]"), int(port)
