"""JSON as people write it."""

from __future__ import annotations

import math

from stream_monitor.core.events import Prediction
from tests.unit.decoding.events import decode


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
