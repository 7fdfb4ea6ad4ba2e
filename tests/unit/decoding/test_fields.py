"""The mapping of foreign schemas."""

from __future__ import annotations

from typing import Any

import pytest

from stream_monitor.core.records import Record
from stream_monitor.decoding.fields import FIELD_PREFIXES, NATIVE_FIELDS, FieldMap, check_field

RECORD = Record(
    "inference",
    7,
    None,
    timestamp=1_795_435_200_000,
    key=b"r-17",
    headers=[("model-version", b"3"), ("empty", None), ("model-version", b"4")],  # type: ignore[list-item]
)


def _apply(fields: dict[str, str], body: dict[str, Any], record: Record = RECORD) -> dict[str, Any]:
    return FieldMap(fields).apply(body, record)


@pytest.mark.parametrize(
    ("fields", "body", "expected"),
    [
        ({"id": "uid"}, {"uid": 1}, {"id": 1}),
        ({"id": "request.id"}, {"request": {"id": 1}}, {"id": 1}),
        ({"id": "a.b.c"}, {"a": {"b": {"c": 1}}}, {"id": 1}),
        ({"id": "request.id"}, {"request.id": 2, "request": {"id": 1}}, {"id": 2}),
        ({"id": "a.b.c"}, {"a": {"b.c": 3}}, {"id": 3}),
        ({"id": "@key"}, {}, {"id": "r-17"}),
        ({"ts": "@timestamp"}, {}, {"ts": 1_795_435_200_000}),
        ({"id": "@offset"}, {}, {"id": 7}),
        ({"version": "@header.model-version"}, {}, {"version": "3"}),
        ({"feature:age": "customer.age"}, {"customer": {"age": 41}}, {"features": {"age": 41}}),
        ({"feature:age": "a"}, {"a": 1, "features": {"b": 2}}, {"features": {"b": 2, "age": 1}}),
        ({"group:sex": "s"}, {"s": "f"}, {"groups": {"sex": "f"}}),
        ({"features": "inputs"}, {"inputs": {"a": 1}}, {"features": {"a": 1}}),
        ({"features": "@rest"}, {"id": 1, "a": 2, "label": 3}, {"features": {"a": 2}}),
        ({"features": "@rest", "id": "uid"}, {"uid": 1, "a": 2}, {"id": 1, "features": {"a": 2}}),
        ({"features": "@rest"}, {"features": {"x": 1}, "a": 2}, {"features": {"x": 1}}),
    ],
)
def test_what_is_found_where(fields: dict[str, str], body: dict[str, Any], expected: dict[str, Any]) -> None:
    mapped = _apply(fields, body)
    assert {name: mapped.get(name) for name in expected} == expected


@pytest.mark.parametrize("path", ["nowhere", "a.nowhere", "a.b.c", "text.x", "@header.other", "@header.empty"])
def test_what_is_not_found_keeps_its_native_place(path: str) -> None:
    assert _apply({"id": path}, {"id": "own", "a": {"b": 1}, "text": "t"})["id"] == "own"


@pytest.mark.parametrize("timestamp", [None, -1])
def test_no_time_of_the_record(timestamp: int | None) -> None:
    assert "ts" not in _apply({"ts": "@timestamp"}, {}, RECORD._replace(timestamp=timestamp))


def test_the_body_is_left_as_it_was() -> None:
    body = {"uid": 1, "features": {"b": 2}}
    _apply({"id": "uid", "feature:a": "uid"}, body)
    assert body == {"uid": 1, "features": {"b": 2}}


@pytest.mark.parametrize("features", ["text", 5, [1]])
def test_features_that_are_no_object_do_not_raise(features: Any) -> None:
    """They stay as they are: the codec says what is wrong with them."""
    assert _apply({"feature:a": "x"}, {"x": 1, "features": features})["features"] == features


@pytest.mark.parametrize("name", [*NATIVE_FIELDS, "feature:age", "group:sex"])
@pytest.mark.parametrize("path", ["a", "a.b", "@key", "@timestamp", "@offset", "@rest", "@header.x"])
def test_good_fields(name: str, path: str) -> None:
    check_field(name, path)


@pytest.mark.parametrize("name", ["", "ID", "feature", "identity", "groups:sex"])
def test_a_wrong_name_is_told_what_is_allowed(name: str) -> None:
    with pytest.raises(
        ValueError, match="id, ts, model, version, features, prediction, score, groups, label, feature:NAME"
    ):
        check_field(name, "a")


@pytest.mark.parametrize("path", ["", "@", "@keys", "@header", "@Key"])
def test_a_wrong_source_is_told_what_is_allowed(path: str) -> None:
    with pytest.raises(ValueError, match=r"a path, @key, @timestamp, @offset, @header\.NAME, @rest"):
        check_field("id", path)


def test_prefixes_lead_to_native_fields() -> None:
    assert set(FIELD_PREFIXES.values()) <= set(NATIVE_FIELDS)


def test_one_field_is_read_where_it_is_mapped_or_native() -> None:
    fields, record = FieldMap({"ts": "meta.at"}), Record("t", 0, None)
    assert fields.read("ts", {"ts": 1, "meta": {"at": 2}}, record) == 2
    assert fields.read("ts", {"ts": 1}, record) == 1
    assert fields.read("ts", {}, record) is None
    assert fields.read("id", {"id": 3}, record) == 3
