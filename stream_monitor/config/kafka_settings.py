"""The settings of the connection to Kafka."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import ValidationInfo, field_validator

from stream_monitor.config.base import Settings, setting
from stream_monitor.config.units import Duration, Latency
from stream_monitor.config.value_types import Addresses, KafkaOptions, List


class KafkaSettings(Settings):
    """Settings of the Kafka consumer."""

    bootstrap_servers: Addresses = setting(..., "broker to connect to first; repeatable", "HOST:PORT", min_length=1)
    topic: List = setting(..., "topic of predictions; repeatable", "TOPIC", min_length=1)
    label_topic: List = setting([], "topic that has labels only; repeatable", "TOPIC")
    group_id: str = setting(..., "consumer group, the same for all replicas", "ID", min_length=1)
    start: Literal["earliest", "latest"] = setting(
        "earliest", "offset at which to begin while the group has committed none", "earliest|latest"
    )
    kafka_option: KafkaOptions = setting(
        {},
        "setting of kafka-python's consumer; secrets as @file:PATH or @env:NAME; repeatable",
        "KEY=VALUE",
    )
    max_latency: Latency = setting(
        "250ms",
        "time for which a live record may wait for others, so that few batches take them all; 0ms: not at all",
        "DURATION",
        validate_default=True,
    )
    restore_window: Duration = setting(
        "24h",
        "time for which a partition assigned without its state is read again to restore what waits; 0s: not at all",
        "DURATION",
        validate_default=True,
    )
    group_instance_id: str | None = setting(
        None,
        "name of this replica in its group (static membership): after a restart it gets its partitions back",
        "ID",
    )
    allow_unaligned_labels: bool = setting(
        False, "allow topics of labels and of predictions with different numbers of partitions", ""
    )

    dead_letter_topic: str | None = setting(
        None,
        "topic that records go to which are rejected or break the contract, as they came, with the reason in "
        "headers; it must be there",
        "TOPIC",
    )

    @field_validator("group_instance_id", "dead_letter_topic")
    @classmethod
    def _legal_name(cls, name: str | None) -> str | None:
        if name is not None and (not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name) or name in (".", "..")):
            raise ValueError("must be a name of letters, digits, '.', '_' and '-', 249 at most")
        return name

    @field_validator("dead_letter_topic")
    @classmethod
    def _is_not_read(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None and name in [*info.data.get("topic", []), *info.data.get("label_topic", [])]:
            raise ValueError(f"must be a topic that is not read; {name} is")
        return name
