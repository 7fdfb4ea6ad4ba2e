"""`Codec.decode` returns a prediction, a label or a rejection for any input, and never raises."""

from __future__ import annotations

import json
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_monitor.core.errors import Reason
from stream_monitor.core.events import Label, Prediction, Rejection
from stream_monitor.core.records import Record, TextRow
from stream_monitor.decoding.codec import Codec
from stream_monitor.decoding.fields import NATIVE_FIELDS
from stream_monitor.testing import FakeClock
from tests.examples import examples

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from((10**30, -(10**400), 2**53, 1_795_435_200, 0, 1e308, -1.0)),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(("", "yes", "1", "1.0", "nan", "1e999", "2026-11-23T12:00:00Z", "²", "१", "\ud800", "\x00")),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("a", "", "yes")), inner, max_size=3),
    max_leaves=6,
)
EVENTS = st.fixed_dictionaries({}, optional=dict.fromkeys(NATIVE_FIELDS, JSON))
CODECS = st.fixed_dictionaries(
    {
        "task": st.sampled_from(("classification", "regression")),
        "fields": st.sampled_from(
            (
                {},
                {"feature:a": "features.a", "group:g": "groups"},
                {"id": "@key", "ts": "@timestamp", "version": "@header.v"},
                {"features": "@rest"},
                {"id": "@offset", "prediction": "score", "groups": "@rest"},
                {"features": "groups.a", "feature:a": "score", "group:b": "model"},
            )
        ),
        "label_topics": st.sampled_from(((), ("t",))),
    }
)
calm = settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _check(event: Any) -> None:
    assert isinstance(event, Prediction | Label | Rejection)
    if isinstance(event, Rejection):
        assert event.reason is not Reason.INTERNAL
        return
    assert type(event.id) is str
    assert event.id
    assert event.ts is None or type(event.ts) is float
    if isinstance(event, Prediction):
        assert isinstance(event.features, dict)
        assert event.score is None or type(event.score) is float
        assert all(type(name) is str for name in event.key)
        assert event.groups is None or all(type(group) is str for group in event.groups.values())


def _record(value: Any, stamp: int | None) -> Record:
    return Record("t", 0, value, stamp, b"\xffkey", [("v", b"\xff1")])


STAMPS = st.sampled_from((None, -1, 0, 1_795_435_200_000))


@given(st.binary(max_size=200), CODECS, STAMPS)
@calm
def test_any_bytes(value: bytes, options: dict[str, Any], stamp: int | None) -> None:
    _check(Codec(FakeClock(), **options).decode(_record(value, stamp)))


@given(JSON | EVENTS, CODECS, STAMPS)
@calm
def test_any_json(value: Any, options: dict[str, Any], stamp: int | None) -> None:
    _check(Codec(FakeClock(), **options).decode(_record(json.dumps(value).encode(), stamp)))


@given(EVENTS, CODECS, st.data())
@calm
def test_any_truncation(value: Any, options: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(value).encode()
    event = Codec(FakeClock(), **options).decode(_record(text[: data.draw(st.integers(0, len(text) - 1))], None))
    assert isinstance(event, Rejection)


@given(EVENTS, CODECS, STAMPS)
@calm
def test_any_row_of_a_table(value: dict[str, Any], options: dict[str, Any], stamp: int | None) -> None:
    """Rows of tables, as Parquet has them: values of JSON types."""
    _check(Codec(FakeClock(), **options).decode(_record(value, stamp)))


@given(st.dictionaries(st.sampled_from((*NATIVE_FIELDS, "x", "")), st.none() | st.text(max_size=6)), CODECS)
@calm
def test_any_row_of_text(row: dict[str, Any], options: dict[str, Any]) -> None:
    _check(Codec(FakeClock(), **options).decode(_record(TextRow(row), None)))


@given(EVENTS, STAMPS)
@calm
def test_both_readers_of_json_say_the_same(value: dict[str, Any], stamp: int | None) -> None:
    """A literal somewhere sends a record through the lenient reader: nothing else about it may change."""
    value.pop("x", None)
    try:
        strict = orjson.dumps(value)
    except (TypeError, ValueError):
        return
    text = strict.decode()
    lenient = (text[:-1] + (", " if len(text) > 2 else "") + '"x": NaN}').encode()
    one, other = (Codec(FakeClock()).decode(_record(body, stamp)) for body in (strict, lenient))
    assert repr(one) == repr(other)
