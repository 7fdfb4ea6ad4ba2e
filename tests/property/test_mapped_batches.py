"""Batches of other schemas, decoded by columns, give the events that the codec gives, record by record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_monitor.core.records import Record
from tests.decoded import decode_both_ways
from tests.examples import examples
from tests.json_records import EVENTS, USUAL, text_of

calm = settings(max_examples=examples(600), deadline=None, suppress_health_check=[HealthCheck.too_slow])

FIELDS = st.sampled_from(
    (
        {"features": "@rest", "id": "request", "prediction": "y"},
        {"features": "@rest", "label": "truth", "feature:a": "in.a", "feature:z": "@key", "group:g": "geo.g"},
        {"features": "@rest", "prediction": "features.y"},
        {"id": "request.id", "ts": "request.ts", "prediction": "response.class", "score": "response.p"},
        {"features": "inputs", "feature:a": "user.a", "feature:b": "user.inner.b"},
        {"feature:a": "a", "feature:c": "x.c"},
        {"feature:a": "a", "features": "inputs"},
        {"features": "features.inputs"},
        {"id": "@key", "version": "@header.v", "ts": "@timestamp", "feature:o": "@offset", "group:h": "@header.v"},
        {"prediction": "prediction.class", "score": "prediction.score", "label": "label.y"},
        {"groups": "g", "group:h": "id", "group:k": "region"},
        {"group:g": "groups.sex"},
        {"group:g": "region", "groups": "g"},
        {"id": "a.b.c", "ts": "a.b"},
        {"feature:a": "prediction", "score": "prediction"},
        {"features": "groups.a", "feature:a": "score", "group:b": "model"},
        {"id": "features.id"},
        {"id": "x.y", "feature:a": "x", "features": "f"},
        {"groups": "@rest"},
        {"features": "@key"},
    )
)
LABEL_FIELDS = st.sampled_from(({}, {}, {"label": "outcome.y"}, {"id": "ref", "label": "y", "version": "@key"}))
OPTIONS = st.fixed_dictionaries(
    {
        "task": st.sampled_from(("classification", "regression")),
        "label_topics": st.sampled_from(((), ("l",))),
        "max_record_bytes": st.sampled_from((1 << 20, 150)),
    }
)


def _put(event: dict[str, Any], path: str, value: Any, is_literal: bool) -> None:
    """Put a value where a path leads, through objects or, once in a while, at a key with its dots."""
    *above, key = [path] if is_literal else path.split(".")
    for each in above:
        inner = event.setdefault(each, {})
        if type(inner) is not dict:
            return
        event = inner
    event[key] = value


def _in_schema(event: dict[str, Any], fields: Mapping[str, str], is_literal: bool) -> dict[str, Any]:
    """Return a native event in the schema that the mapping is for."""
    found = {key: dict(value) if type(value) is dict else value for key, value in event.items()}
    moved: dict[str, Any] = {}
    for name, path in fields.items():
        field, _, part = name.partition(":")
        holder = found.get(f"{field}s") if part else found
        if path == "@rest" and type(found.get("features")) is dict:
            moved |= found.pop("features")
        elif not path.startswith("@") and type(holder) is dict and (part or field) in holder:
            _put(moved, path, holder.pop(part or field), is_literal)
    return {**found, **moved}


@st.composite
def _batches(draw: st.DrawFn, fields: Mapping[str, str], label_fields: Mapping[str, str]) -> list[list[Record]]:
    is_literal = draw(st.integers(0, 4)) == 0
    records = []
    for offset in range(draw(st.integers(1, 30))):
        topic = draw(st.sampled_from(("t", "t", "l")))
        event = draw(st.one_of(USUAL, USUAL, USUAL, EVENTS))
        schema = {**fields, **label_fields} if topic == "l" else fields
        if draw(st.integers(0, 9)):
            event = _in_schema(event, schema, is_literal != (draw(st.integers(0, 19)) == 0))
        value = text_of(draw, event)
        stamp, key = draw(st.sampled_from((0, 1_795_435_200_000))), draw(st.sampled_from((b"k", b"k", b"\xff", None)))
        records.append(Record(topic, offset, value, stamp, key, [("v", b"3")] if offset % 5 else ()))
    size = draw(st.integers(3, 15))
    return [records[at : at + size] for at in range(0, len(records), size)]


@given(st.data(), FIELDS, LABEL_FIELDS, OPTIONS)
@calm
def test_columns_and_records_give_the_same_events(
    data: st.DataObject, fields: dict[str, str], label_fields: dict[str, str], options: dict[str, Any]
) -> None:
    batches = data.draw(_batches(fields, label_fields))
    decode_both_ways(batches, lambda name: name == "b", fields=fields, label_fields=label_fields, **options)
