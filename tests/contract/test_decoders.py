"""Requirements on every decoder of the union."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.records import Record
from stream_monitor.decoding import DECODERS, parse_decoder
from stream_monitor.testing import make_prediction
from tests.decoded import decode_both_ways
from tests.json_records import EVENTS, USUAL

every_decoder = pytest.mark.parametrize("kind", sorted(DECODERS))


def _decode(kind: str, value: bytes) -> dict[str, Any] | RecordError:
    try:
        return DECODERS[kind]().make().decode(value)
    except RecordError as error:
        return error


@every_decoder
@given(st.binary(max_size=100) | st.text(max_size=50).map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_are_a_mapping_or_have_a_reason(kind: str, value: bytes) -> None:
    found = _decode(kind, value)
    if isinstance(found, RecordError):
        assert found.reason in set(Reason) - {Reason.INTERNAL}
        assert found.detail
        assert "\n" not in found.detail
    else:
        assert type(found) is dict
        assert all(type(name) is str for name in found)


@every_decoder
def test_deep_nesting_has_a_reason(kind: str) -> None:
    for value in (b"[" * 100_000, b'{"a":' * 100_000):
        assert isinstance(_decode(kind, value), RecordError)


@every_decoder
@given(st.binary(max_size=100))
def test_the_same_bytes_are_the_same(kind: str, value: bytes) -> None:
    decode = DECODERS[kind]().make().decode
    once, again = _decode(kind, value), _decode(kind, value)
    assert repr(once) == repr(again)
    if not isinstance(once, RecordError):
        assert decode(value) is not decode(value)


SCHEMAS: dict[str, dict[str, Any]] = {
    "native": {},
    "mapped": {"fields": {"id": "trace.id", "feature:m": "region", "group:g": "groups.sex"}},
    "key-and-headers": {"fields": {"id": "@key", "version": "@header.v", "ts": "@timestamp", "feature:o": "@offset"}},
    "features-at-the-top": {"fields": {"features": "@rest"}},
    "label-topic": {"label_topics": ("l",), "label_fields": {"label": "region", "version": "@key"}},
}


def _as_json(event: Any) -> bytes:
    """Return the bytes of an event; a decoder of something else refuses them, batch by batch or one by one."""
    return json.dumps(event).encode()


@st.composite
def _records(draw: st.DrawFn) -> list[Record]:
    events = st.one_of(USUAL, USUAL, EVENTS).map(_as_json)
    values = draw(st.lists(events | st.binary(max_size=20), min_size=1))
    topics, keys, stamps = st.sampled_from("tl"), st.sampled_from((b"k", b"k", None)), st.sampled_from((0, 10**12))
    return [
        Record(draw(topics), at, value, draw(stamps), draw(keys), [("v", b"3")] if at % 5 else ())
        for at, value in enumerate(values)
    ]


@every_decoder
@pytest.mark.parametrize("schema", SCHEMAS)
@given(st.data())
@settings(deadline=None)
def test_a_batch_gives_what_its_single_records_give(kind: str, schema: str, data: st.DataObject) -> None:
    records = data.draw(_records())
    halves = [records[: len(records) // 2], records[len(records) // 2 :], records]
    decode_both_ways(halves, lambda name: name == "b", decoder=DECODERS[kind]().make(), **SCHEMAS[schema])


@every_decoder
@pytest.mark.parametrize("schema", SCHEMAS)
def test_records_of_a_megabyte_among_small_ones(kind: str, schema: str) -> None:
    text = "x" * 1_000_000
    large = (
        {"features": {"a": 1, "b": text}},
        {"features": {"a": text}},
        {"features": {"a": 1}, "trace": {"id": "r", "more": text}},
        {"features": {"a": 1}, "score": dict.fromkeys(map(str, range(60_000)), 0.5)},
    )
    small = [make_prediction(at, features={"a": at, "b": "x"}, label="yes") for at in range(10)]
    events = [event for one in large for event in (*small, {**small[0], **one}, *small)]
    records = [
        Record("tl"[at % 2], at, _as_json(event), 10**12, b"k", [("v", b"3")]) for at, event in enumerate(events)
    ]
    decode_both_ways([records, records], decoder=DECODERS[kind]().make(), **SCHEMAS[schema])


@every_decoder
def test_its_config(kind: str) -> None:
    config = DECODERS[kind]
    assert get_args(config.model_fields["kind"].annotation) == (kind,)
    assert config.model_config.get("frozen") is True
    assert config.model_config.get("extra") == "forbid"
    assert config.__doc__
    assert parse_decoder(kind) == config()


def test_an_unknown_decoder_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'jason': unknown decoder 'jason'; allowed: json"):
        parse_decoder("jason")
