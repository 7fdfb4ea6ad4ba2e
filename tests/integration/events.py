"""Inference events and labels for the tests that send them through Kafka."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from tests.brokers import Broker, Record, produce

START = 1_700_000_000.0
"""Event time of the first prediction; each next one is a second later."""


def prediction(at: int, prefix: str = "r", **fields: Any) -> dict[str, Any]:
    """Return the prediction with this number: "yes" for even ones."""
    event = {"id": f"{prefix}{at}", "ts": START + at, "features": {"age": 20 + at % 50}, "prediction": guess(at)}
    return event | fields


def label(at: int, prefix: str = "r", **fields: Any) -> dict[str, Any]:
    """Return the label of that prediction, ten seconds after it: wrong for every fourth."""
    return {"id": f"{prefix}{at}", "ts": START + at + 10, "label": truth(at)} | fields


def guess(at: int) -> str:
    return "yes" if at % 2 == 0 else "no"


def truth(at: int) -> str:
    return guess(at) if at % 4 else "other"


def correct(numbers: Iterable[int]) -> int:
    """Return the number of right predictions among these."""
    return sum(guess(at) == truth(at) for at in numbers)


def as_record(value: Any, key: bytes | None = None, ts_ms: int | None = None, partition: int | None = None) -> Record:
    """Return an event as JSON, or bytes and None as they are; a tombstone needs a key."""
    if value is None:
        key = key or b"gone"
    raw = value if value is None or isinstance(value, bytes) else orjson.dumps(value)
    return key, raw, [], ts_ms, partition


def send(broker: Broker, topic: str, values: Sequence[Any], **options: Any) -> int:
    """Write events to partition 0 of a topic, each with the record time that its number has."""
    records = [as_record(value, ts_ms=int((START + at) * 1000), partition=0) for at, value in enumerate(values)]
    return produce(broker, topic, records, **options)
