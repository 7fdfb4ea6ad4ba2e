"""A good event, and how a codec reads what differs from it."""

from __future__ import annotations

import json
from typing import Any

from stream_monitor.core.errors import Reason
from stream_monitor.core.events import Rejection
from stream_monitor.core.records import Record
from stream_monitor.decoding.codec import Codec
from stream_monitor.testing import FakeClock

NOW = FakeClock().now()
GOOD: dict[str, Any] = {
    "id": "r-17",
    "ts": "2026-11-23T12:00:00Z",
    "model": "churn",
    "version": "3",
    "features": {"age": 41, "country": "DE", "income": None},
    "prediction": "yes",
    "score": 0.93,
    "groups": {"sex": "f"},
    "label": "no",
}


def decode(value: Any, *, topic: str = "inference", timestamp: int | None = None, **options: Any) -> Any:
    """Dicts become JSON; bytes and rows of tables are taken as they are."""
    body = json.dumps(value).encode() if type(value) in (dict, list, str, int, float, bool) else value
    return Codec(FakeClock(), **options).decode(Record(topic, 0, body, timestamp))


def reason_of(value: Any, **options: Any) -> Reason | None:
    event = decode(value, **options)
    return event.reason if isinstance(event, Rejection) else None


def changed(**fields: Any) -> dict[str, Any]:
    return {**GOOD, **fields}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names}
