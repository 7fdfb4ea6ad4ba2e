"""JSON as people write it."""

from __future__ import annotations

import json
import math

import pytest

from stream_monitor.core.errors import Reason
from stream_monitor.core.events import Prediction
from stream_monitor.decoding.json import MAX_DEPTH
from tests.unit.decoding.events import decode, reason_of


def test_nan_and_infinity_literals_are_missing_features() -> None:
    event = decode(b'{"id": 1, "prediction": 1, "features": {"a": NaN, "b": Infinity, "c": -Infinity, "d": 1}}')
    assert isinstance(event, Prediction)
    assert [name for name, value in event.features.items() if math.isfinite(value)] == ["d"]


def test_the_last_of_duplicate_keys_wins() -> None:
    event = decode(b'{"id": "a", "id": "b", "prediction": 0, "prediction": 1, "features": {"x": 1, "x": 2}}')
    assert (event.id, event.y_pred, event.features) == ("b", 1, {"x": 2})


def test_the_last_of_duplicate_keys_wins_beside_a_literal_too() -> None:
    event = decode(b'{"id": "a", "id": "b", "prediction": 1, "features": {"x": NaN, "x": 2}}')
    assert (event.id, event.features) == ("b", {"x": 2})


def test_huge_integers() -> None:
    event = decode(b'{"id": %d, "prediction": 1, "features": {"a": %d}}' % (10**30, 10**400))
    assert event.id == str(10**30)
    assert event.features == {"a": 10**400}


def test_the_depth_of_what_only_python_takes_is_bounded_alike_on_every_interpreter() -> None:
    def nested(depth: int) -> bytes:
        lists = depth - 2
        return b'{"id": 1, "prediction": 1, "features": {"a": %s}}' % (b"[" * lists + b"NaN" + b"]" * lists)

    assert isinstance(decode(nested(MAX_DEPTH)), Prediction)
    assert reason_of(nested(MAX_DEPTH + 1)) is Reason.NOT_JSON
    assert reason_of(nested(MAX_DEPTH * 10)) is Reason.NOT_JSON


def test_what_is_too_deep_for_both_parsers_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", lambda _: pytest.fail("parsed again"))
    for deep in (b"[" * 2000 + b"]" * 2000, b'{"id":' * 50_000, b"[" * 2000 + b"NaN]"):
        assert reason_of(deep) is Reason.NOT_JSON
    assert reason_of(b'{"a":' * 2000 + b'"\xff"' + b"}" * 2000) is Reason.NOT_UTF8
