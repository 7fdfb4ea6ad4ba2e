"""Every bad input with its reason; topics, tables and mappings."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.events import Label, ModelVersion, Prediction, Rejection
from stream_monitor.core.records import ParsedBody, Record, TextRow
from stream_monitor.decoding.codec import Codec
from stream_monitor.testing import FakeClock
from tests.unit.decoding.events import GOOD, NOW, changed, decode, reason_of, without


def test_the_native_prediction() -> None:
    assert decode(GOOD) == Prediction(
        "r-17", NOW, ModelVersion("churn", "3"), "yes", GOOD["features"], 0.93, {"sex": "f"}, "no"
    )


def test_the_native_label() -> None:
    assert decode({"id": "r-17", "ts": NOW + 9, "label": "no"}) == Label("r-17", NOW + 9, "no")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "tombstone"),
        (b"", "not_json"),
        (b"hello", "not_json"),
        (json.dumps(GOOD).encode()[:-9], "not_json"),
        (b"{} {}", "not_json"),
        (b"{'id': 1}", "not_json"),
        (b"\xff\xfe\x00", "not_utf8"),
        (b'{"id": "caf\xe9", "prediction": 1}', "not_utf8"),
        (b'{"id": "\\ud800", "prediction": 1}', "not_utf8"),
        (b'{"id": 1, "prediction": 1, "features": {"a": "\\udc00"}}', "not_utf8"),
        (b"[" * 100_000, "not_json"),
        (b'{"a":' * 100_000, "not_json"),
        (b'{"id": 1, "prediction": 1, "features": {"a": ' + b"[" * 5000 + b"]" * 5000 + b"}}", "not_json"),
        ([1], "not_object"),
        ([GOOD], "not_object"),
        (5, "not_object"),
        ("text", "not_object"),
        (b"null", "not_object"),
        (b"NaN", "not_object"),
        (b"true", "not_object"),
        ({}, "missing_prediction"),
        (without("prediction", "label"), "missing_prediction"),
        (changed(prediction=None, label=None), "missing_prediction"),
        (without("id"), "missing_id"),
        (changed(id=None), "missing_id"),
        (changed(id=""), "missing_id"),
        (changed(id=1.5), "wrong_type"),
        (changed(id=True), "wrong_type"),
        (changed(id=[1]), "wrong_type"),
        (changed(id={"a": 1}), "wrong_type"),
        (changed(prediction=[1]), "wrong_type"),
        (changed(prediction={"a": 1}), "wrong_type"),
        (changed(prediction=math.nan), "wrong_type"),
        (changed(prediction=math.inf), "wrong_type"),
        (changed(prediction=10**400), "wrong_type"),
        (changed(label=[1]), "wrong_type"),
        (changed(label=-math.inf), "wrong_type"),
        (changed(score="high"), "wrong_type"),
        (changed(score=True), "wrong_type"),
        (changed(score=[0.1]), "wrong_type"),
        (changed(score={"yes": "0.9"}), "wrong_type"),
        (changed(features=[1, 2]), "wrong_type"),
        (changed(features="age=41"), "wrong_type"),
        (changed(groups=["f"]), "wrong_type"),
        (changed(model=[1]), "wrong_type"),
        (changed(model={"a": 1}), "wrong_type"),
        (changed(model=True), "wrong_type"),
        (changed(version=True), "wrong_type"),
        (changed(model="m" * 201), "wrong_type"),
        (changed(ts="yesterday"), "bad_timestamp"),
        (changed(ts=""), "bad_timestamp"),
        (changed(ts=True), "bad_timestamp"),
        (changed(ts=math.nan), "bad_timestamp"),
        (changed(ts=[1]), "bad_timestamp"),
        (changed(ts=10**400), "bad_timestamp"),
    ],
)
def test_bad_input_has_its_reason(value: Any, reason: str) -> None:
    event = decode(value)
    assert isinstance(event, Rejection), event
    assert event.reason == reason
    assert event.detail
    assert "\n" not in event.detail


def test_a_rejection_does_not_repeat_what_was_in_the_record() -> None:
    for value in (changed(id=["hunter2"]), changed(ts="hunter2"), b"hunter2", changed(score="hunter2")):
        assert "hunter2" not in str(decode(value))


def test_ten_megabytes_are_too_large_and_the_bound_itself_is_not() -> None:
    assert reason_of(b" " * 10_000_000) is Reason.TOO_LARGE
    body = json.dumps(without("label")).encode()
    assert reason_of(body, max_record_bytes=len(body)) is None
    assert reason_of(body, max_record_bytes=len(body) - 1) is Reason.TOO_LARGE


def test_on_a_label_topic_everything_is_a_label() -> None:
    options = {"topic": "labels", "label_topics": ["labels"]}
    assert isinstance(decode(GOOD, **options), Label)
    assert reason_of(without("label"), **options) is Reason.MISSING_LABEL


def test_label_fields_hold_on_label_topics_only() -> None:
    options: dict[str, Any] = {
        "fields": {"id": "uid"},
        "label_fields": {"label": "truth"},
        "label_topics": ["labels"],
    }
    assert decode({"uid": 1, "truth": "no"}, topic="labels", **options) == Label("1", None, "no")
    assert reason_of({"uid": 1, "truth": "no"}, **options) is Reason.MISSING_PREDICTION


def test_of_a_row_the_unmapped_columns_are_features() -> None:
    row = TextRow(uid="7", y="yes", age="41", country="DE", income=None, member="true", odd="nan", far="1e999")
    event = decode(row, fields={"id": "uid", "prediction": "y"})
    assert event.id == "7"
    assert event.features == {"age": 41, "country": "DE", "income": None, "member": True, "odd": None, "far": "1e999"}


def test_a_foreign_schema() -> None:
    body = {"request": {"id": 5, "inputs": {"a": 1}}, "response": {"class": "yes", "p": 0.9}, "meta": {"sex": "f"}}
    fields = {
        "id": "request.id",
        "features": "request.inputs",
        "prediction": "response.class",
        "score": "response.p",
        "group:sex": "meta.sex",
        "feature:sex": "meta.sex",
    }
    event = decode(body, fields=fields)
    assert event[:1] + event[3:7] == ("5", "yes", {"a": 1, "sex": "f"}, 0.9, {"sex": "f"})


def test_a_mapped_record_with_features_of_a_wrong_type_is_rejected() -> None:
    assert reason_of(changed(features=[1], x=2), fields={"feature:a": "x"}) is Reason.WRONG_TYPE
    assert reason_of(changed(groups="f", x=2), fields={"group:a": "x"}) is Reason.WRONG_TYPE


class Shouting:
    """A decoder of a format of its own."""

    def decode(self, value: bytes) -> dict[str, Any]:
        if not value.isupper():
            raise RecordError(Reason.UNREADABLE, "not in capitals")
        return {"id": value.decode(), "prediction": 1}


@pytest.mark.parametrize(("value", "reason"), [(b"ABC", None), (b"abc", "unreadable"), (b"ABCDEF", "too_large")])
def test_bytes_within_the_limit_go_to_the_decoder(value: bytes, reason: str | None) -> None:
    assert reason_of(value, decoder=Shouting(), max_record_bytes=5) == reason


def test_a_body_that_was_read_for_its_time_is_the_same_event() -> None:
    codec = Codec(FakeClock(), fields={"features": "inputs", "ts": "at"}, label_topics=["labels"])
    for topic in ("inference", "labels"):
        body = json.dumps({**without("ts", "features"), "inputs": {"a": 1}, "at": NOW + 5, "groups": "f"}).encode()
        record = Record(topic, 7, body, key=b"k")
        parsed, ts = codec.read_time(record)
        assert (type(parsed.value), ts) == (ParsedBody, NOW + 5)
        assert (parsed.topic, parsed.offset, parsed.key) == (topic, 7, b"k")
        assert codec.decode(parsed) == codec.decode(record)


@pytest.mark.parametrize(
    ("value", "ts"),
    [
        (b'{"ts": 5, "x": NaN}', 5.0),
        (b'{"ts": "soon"}', None),
        (b"{}", None),
        (b'{"ts": 5', None),
        (b"[5]", None),
        (b'{"ts": 5}' + b" " * 100, None),
        (TextRow(ts="5"), 5.0),
        ({"ts": 5}, 5.0),
        (None, None),
    ],
)
def test_the_time_of_a_record(value: Any, ts: float | None) -> None:
    codec = Codec(FakeClock(), max_record_bytes=50)
    record, found = codec.read_time(Record("t", 0, value))
    assert found == ts
    assert codec.decode(record) == codec.decode(Record("t", 0, value))
