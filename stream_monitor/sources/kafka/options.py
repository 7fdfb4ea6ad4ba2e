"""``--kafka-option KEY=VALUE``: settings of the consumer, with their types checked and their secrets hidden."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from stream_monitor.sources.kafka.kafka_python import ASSIGNORS, CONSUMER_DEFAULTS

#: Settings that can't be given, and what sets them.
OWNED = {
    "bootstrap_servers": "--bootstrap-servers",
    "group_id": "--group-id",
    "group_instance_id": "--group-instance-id",
    "auto_offset_reset": "--start",
    "enable_auto_commit": "nothing: offsets are committed once they are applied",
    "auto_commit_interval_ms": "nothing: offsets are committed once they are applied",
    "key_deserializer": "nothing: records are decoded after the poll",
    "value_deserializer": "nothing: records are decoded after the poll",
    "consumer_timeout_ms": "nothing: the loop polls",
}
SECRETS = frozenset(("sasl_plain_password", "ssl_password"))
_CHOICES = {
    "security_protocol": ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    "sasl_mechanism": ("PLAIN", "GSSAPI", "OAUTHBEARER", "SCRAM-SHA-256", "SCRAM-SHA-512"),
    "isolation_level": ("read_uncommitted", "read_committed"),
}
_POSITIVE = frozenset(("max_poll_records", "max_poll_interval_ms", "session_timeout_ms", "heartbeat_interval_ms"))
_INTEGERS = frozenset(("receive_buffer_bytes", "send_buffer_bytes"))
_OBJECTS = frozenset(
    (
        "ssl_context",
        "default_offset_commit_callback",
        "socket_options",
        "metric_reporters",
        "selector",
        "kafka_client",
        "sasl_oauth_token_provider",
    )
)
ALLOWED = sorted(name for name in CONSUMER_DEFAULTS if name not in OWNED and name not in _OBJECTS)


def parse_options(pairs: Mapping[str, Any]) -> dict[str, Any]:
    """Return consumer settings out of texts; a `ValueError` names the key and what is allowed, never the value.

    >>> parse_options({"max_poll_records": "500", "api_version": "2.3"})
    {'max_poll_records': 500, 'api_version': (2, 3)}
    """
    return {key: _parse(key, value) for key, value in pairs.items()}


def reveal(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with their secrets readable, for the client only."""
    return {k: v.get_secret_value() if isinstance(v, SecretStr) else v for k, v in options.items()}


def _parse(key: str, value: Any) -> Any:
    if key in OWNED:
        raise ValueError(f"{key} can't be set here; it is set by {OWNED[key]}")
    if key not in ALLOWED:
        raise ValueError(f"unknown consumer setting {key!r}; allowed: {', '.join(ALLOWED)}")
    if isinstance(value, SecretStr):
        return value
    text = str(value)
    if text.startswith(("@file:", "@env:")):
        text = _read_reference(key, text)
        value = text if key in SECRETS else _typed(key, text)
        return SecretStr(value) if isinstance(value, str) else value
    if key in SECRETS:
        raise ValueError(f"{key} must not be written out; use {key}=@file:PATH or {key}=@env:NAME")
    return _typed(key, text)


def _read_reference(key: str, reference: str) -> str:
    kind, _, name = reference.partition(":")
    if kind == "@env":
        if name not in os.environ:
            raise ValueError(f"{key}: the environment variable {name} is not set")
        return os.environ[name]
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{key}: can't read {name}: {type(error).__name__}") from None


def _typed(key: str, text: str) -> Any:
    default = CONSUMER_DEFAULTS[key]
    if key == "api_version":
        if not re.fullmatch(r"\d+(\.\d+){1,2}", text):
            raise ValueError(f"{key} must be a version such as 2.3")
        return tuple(int(part) for part in text.split("."))
    if key == "partition_assignment_strategy":
        names = [name.strip() for name in text.split(",")]
        if not all(name in ASSIGNORS for name in names):
            raise ValueError(f"{key} must be one or more of {', '.join(ASSIGNORS)}")
        return [ASSIGNORS[name] for name in names]
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{key} must be true or false")
        return text.lower() == "true"
    if key in _CHOICES and text not in _CHOICES[key]:
        raise ValueError(f"{key} must be one of {', '.join(_CHOICES[key])}")
    if isinstance(default, int) or key in _INTEGERS:
        if not re.fullmatch(r"\d+", text) or (int(text) == 0 and key in _POSITIVE):
            raise ValueError(f"{key} must be a whole number from {int(key in _POSITIVE)}")
        return int(text)
    return text
