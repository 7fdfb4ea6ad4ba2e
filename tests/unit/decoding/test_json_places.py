"""Events of other schemas in which fields are not where they are looked for first, or at several places."""

from __future__ import annotations

from typing import Any

import pytest

from stream_monitor.decoding.fields import FieldMap
from stream_monitor.decoding.json_places import FieldPlaces
from stream_monitor.testing import make_records
from tests.decoded import decode_both_ways

EVENT = {"id": "r-1", "prediction": "yes"}
NOON = 1_795_435_200


@pytest.mark.parametrize(
    ("fields", "events"),
    [
        ({"ts": "when"}, [{"when": NOON}, {"ts": NOON + 1}, {"when": None, "ts": NOON + 2}, {}]),
        ({"ts": "a.b"}, [{"a.b": NOON, "a": {"c": 1}}, {"a": {"b": NOON + 1}}, {"a.b": None, "a": {"b": NOON}}]),
        ({"ts": "a.b"}, [{"a": {"b": NOON, "c": 1}, "d": 1}, {"a.b": NOON + 1, "a": {}}, {"a": None}, {"a": 5}]),
        ({"ts": "x.y", "feature:a": "x"}, [{"x.y": NOON, "x": "text"}, {"x": {"y": NOON + 1}}]),
        ({"prediction": "prediction.class"}, [{"prediction": {"class": 1}}, {"prediction": {"x": 1}, "label": "no"}]),
        ({"features": "inputs"}, [{"inputs": {"a": 1}}, {"features": {"a": 2}}, {"inputs": {}, "features": 5}]),
        ({"features": "@rest"}, [{"a": 1, "b": 2}, {"features": {"c": 1}}, {"features": None}, {"features": 5}]),
        ({"features": "@rest", "feature:a": "b"}, [{"b": 1, "c": 2}, {"a": 1, "c": 2}, {"b": None, "a": 2}]),
        ({"feature:a": "x", "feature:c": "y"}, [{"x": 1, "y": "t"}, {"x": None, "y": None}, {}, {"x": "n/a"}]),
        ({"feature:a": "x"}, [{"x": 1}, {"x": None}, {}, {"x": 2}]),
        ({"ts": "groups.t"}, [{"groups.t": NOON, "groups": {"h": 1}}, {"groups": {"t": NOON + 1}}]),
        ({"score": "s", "feature:category": "s"}, [{"s": 1}, {"s": 0.5}]),
        (
            {"feature:a": "x"},
            [{"x": 1, "features": {"b": 2}}, {"x": 1, "features": {"a": 2}}, {"features": {"a": 3}}],
        ),
        ({"feature:a": "a", "features": "inputs"}, [{"a": 1, "inputs": {"b": 2}}, {"a": 1}]),
        ({"score": "s", "group:g": "s"}, [{"s": 1}, {"s": 0.5}, {"s": True}]),
        ({"group:g": "region", "groups": "all"}, [{"region": "eu", "all": {"h": 1}}, {"region": "eu"}]),
        ({"groups": "all", "group:g": "region"}, [{"region": "eu", "all": {"h": 1}}, {"region": 1}, {"all": {}}]),
        ({"group:g": "groups.sex"}, [{"groups": {"sex": "f", "age": 4}}, {"groups": {}}, {"groups": None}]),
        ({"feature:a": "groups", "group:g": "b"}, [{"groups": "text", "b": 1}, {"groups": {"h": 1}, "b": 1}]),
    ],
)
def test_odd_places(fields: dict[str, str], events: list[dict[str, Any]]) -> None:
    records = make_records([{**EVENT, **event} for event in events])
    usual = make_records([{**EVENT, **events[0]}] * 3)
    decode_both_ways([usual, records, usual, records, records], lambda name: name == "category", fields=fields)


def test_fields_in_one_another_are_left_to_the_codec() -> None:
    for fields in (
        {"id": "a", "ts": "a.b"},
        {"features": "a", "id": "a.id"},
        {"groups": "@rest"},
        {"features": "@key"},
    ):
        assert not FieldPlaces(FieldMap(fields), False).can_read
    assert FieldPlaces(FieldMap({"groups": "@rest"}), True).can_read
