"""Every bad input that the codec sees, each with its reason; and what is good though it looks odd."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson
import pytest

from stream_monitor.core.errors import Reason
from stream_monitor.core.events import Label, ModelVersion, Prediction, Rejection
from stream_monitor.core.records import FileRecord, TextRow
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


def _decode(value: Any, *, topic: str = "inference", timestamp: int | None = None, **options: Any) -> Any:
    """Dicts become JSON; bytes and rows of tables are taken as they are."""
    body = json.dumps(value).encode() if type(value) in (dict, list, str, int, float, bool) else value
    return Codec(FakeClock(), **options).decode(FileRecord(topic, 0, body, timestamp))


def _reason(value: Any, **options: Any) -> Reason | None:
    event = _decode(value, **options)
    return event.reason if isinstance(event, Rejection) else None


def _with(**fields: Any) -> dict[str, Any]:
    return {**GOOD, **fields}


def _without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names}


def test_the_native_prediction() -> None:
    assert _decode(GOOD) == Prediction(
        "r-17", NOW, ModelVersion("churn", "3"), "yes", GOOD["features"], 0.93, {"sex": "f"}, "no"
    )


def test_the_native_label() -> None:
    assert _decode({"id": "r-17", "ts": NOW + 9, "label": "no"}) == Label("r-17", NOW + 9, "no")


def test_a_label_may_name_its_model_and_version() -> None:
    event = _decode({"id": 1, "label": 0, "model": "churn", "version": 3})
    assert event == Label("1", None, 0, "churn", "3")


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
        (_without("prediction", "label"), "missing_prediction"),
        (_with(prediction=None, label=None), "missing_prediction"),
        (_without("id"), "missing_id"),
        (_with(id=None), "missing_id"),
        (_with(id=""), "missing_id"),
        (_with(id=1.5), "wrong_type"),
        (_with(id=True), "wrong_type"),
        (_with(id=[1]), "wrong_type"),
        (_with(id={"a": 1}), "wrong_type"),
        (_with(prediction=[1]), "wrong_type"),
        (_with(prediction={"a": 1}), "wrong_type"),
        (_with(prediction=math.nan), "wrong_type"),
        (_with(prediction=math.inf), "wrong_type"),
        (_with(prediction=10**400), "wrong_type"),
        (_with(label=[1]), "wrong_type"),
        (_with(label=-math.inf), "wrong_type"),
        (_with(score="high"), "wrong_type"),
        (_with(score=True), "wrong_type"),
        (_with(score=[0.1]), "wrong_type"),
        (_with(score={"yes": "0.9"}), "wrong_type"),
        (_with(features=[1, 2]), "wrong_type"),
        (_with(features="age=41"), "wrong_type"),
        (_with(groups=["f"]), "wrong_type"),
        (_with(model=[1]), "wrong_type"),
        (_with(model={"a": 1}), "wrong_type"),
        (_with(model=True), "wrong_type"),
        (_with(version=True), "wrong_type"),
        (_with(model="m" * 201), "wrong_type"),
        (_with(ts="yesterday"), "bad_timestamp"),
        (_with(ts=""), "bad_timestamp"),
        (_with(ts=True), "bad_timestamp"),
        (_with(ts=math.nan), "bad_timestamp"),
        (_with(ts=[1]), "bad_timestamp"),
        (_with(ts=10**400), "bad_timestamp"),
    ],
)
def test_bad_input_has_its_reason(value: Any, reason: str) -> None:
    event = _decode(value)
    assert isinstance(event, Rejection), event
    assert event.reason == reason
    assert event.detail
    assert "\n" not in event.detail


def test_a_rejection_does_not_repeat_what_was_in_the_record() -> None:
    for value in (_with(id=["hunter2"]), _with(ts="hunter2"), b"hunter2", _with(score="hunter2")):
        assert "hunter2" not in str(_decode(value))


def test_ten_megabytes_are_too_large_and_the_bound_itself_is_not() -> None:
    assert _reason(b" " * 10_000_000) is Reason.TOO_LARGE
    body = json.dumps(_without("label")).encode()
    assert _reason(body, max_record_bytes=len(body)) is None
    assert _reason(body, max_record_bytes=len(body) - 1) is Reason.TOO_LARGE


def test_true_and_1_do_not_share_a_model() -> None:
    """Python's ``True == 1`` must not let one through in the other's place."""
    codec = Codec(FakeClock())
    kinds = [type(codec.decode(FileRecord("t", 0, json.dumps(_with(model=m)).encode()))) for m in (1, True, 1, True)]
    assert kinds == [Prediction, Rejection, Prediction, Rejection]


def test_each_model_is_named_as_it_was_written() -> None:
    codec = Codec(FakeClock())
    names = [
        codec.decode(FileRecord("t", 0, json.dumps(_with(version=v)).encode())).key.version for v in (1, "1", 2.5)
    ]
    assert names == ["1", "1", "2.5"]


# Good though odd


def test_nan_and_infinity_literals_are_missing_features() -> None:
    event = _decode(b'{"id": 1, "prediction": 1, "features": {"a": NaN, "b": Infinity, "c": -Infinity, "d": 1}}')
    assert isinstance(event, Prediction)
    assert [name for name, value in event.features.items() if math.isfinite(value)] == ["d"]


def test_numbers_as_strings_stay_text_in_json_features() -> None:
    assert _decode(_with(features={"age": "41"})).features == {"age": "41"}


def test_ten_thousand_features() -> None:
    features = {f"f{number}": float(number) for number in range(10_000)}
    assert _decode(_with(features=features)).features == features


def test_the_last_of_duplicate_keys_wins() -> None:
    event = _decode(b'{"id": "a", "id": "b", "prediction": 0, "prediction": 1, "features": {"x": 1, "x": 2}}')
    assert (event.id, event.y_pred, event.features) == ("b", 1, {"x": 2})


def test_the_last_of_duplicate_keys_wins_beside_a_literal_too() -> None:
    event = _decode(b'{"id": "a", "id": "b", "prediction": 1, "features": {"x": NaN, "x": 2}}')
    assert (event.id, event.features) == ("b", {"x": 2})


def test_huge_integers() -> None:
    event = _decode(b'{"id": %d, "prediction": 1, "features": {"a": %d}}' % (10**30, 10**400))
    assert event.id == str(10**30)
    assert event.features == {"a": 10**400}


@pytest.mark.parametrize(("given", "kept"), [(5, "5"), ("5", "5"), (" x ", " x "), ("é\u0000", "é\u0000"), (0, "0")])
def test_ids(given: Any, kept: str) -> None:
    assert _decode(_with(id=given)).id == kept


@pytest.mark.parametrize(
    ("score", "prediction", "kept"),
    [
        (0.5, "yes", 0.5),
        (1, "yes", 1.0),
        ({"yes": 0.7, "no": 0.3}, "yes", 0.7),
        ({"yes": 0.7, "no": 0.3}, "no", 0.3),
        ({"a": 0.7, "b": 0.3}, "other", 0.7),
        ({"1": 0.7, "0": 0.3}, 1, 0.7),
        ({}, "yes", None),
        (None, "yes", None),
        (10**400, "yes", math.inf),
    ],
)
def test_scores(score: Any, prediction: Any, kept: float | None) -> None:
    assert _decode(_with(score=score, prediction=prediction)).score == kept


def test_groups_keep_only_plain_values_as_text() -> None:
    assert _decode(_with(groups={"sex": "f", "old": True, "band": 3, "x": [1], "y": None})).groups == {
        "sex": "f",
        "old": "True",
        "band": "3",
    }


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1, "1"), (1.0, "1"), ("1", "1.0"), ("0", 0), ("1e0", 1), ("-2", -2.0), ("+3", 3)]
)
def test_one_class_however_it_is_written(one: Any, other: Any) -> None:
    event = _decode(_with(prediction=one, label=other))
    assert event.y_pred == event.y_true


@pytest.mark.parametrize(
    ("one", "other"), [("yes", "no"), ("1", "2"), ("1_0", 10), ("١", 1), ("nan", "NaN"), ("a", "A")]
)
def test_different_classes_stay_different(one: Any, other: Any) -> None:
    event = _decode(_with(prediction=one, label=other))
    assert event.y_pred != event.y_true


def test_large_ids_as_classes_keep_every_digit() -> None:
    event = _decode(_with(prediction=str(2**60), label=str(2**60 + 1)))
    assert event.y_pred != event.y_true


@pytest.mark.parametrize("value", [2**63 - 1, 2**63, 10**30, -(10**149), 1e149, "1" + "0" * 30, str(2**60), True])
def test_every_target_can_be_stored_as_json(value: Any) -> None:
    """A checkpoint that can't be written would stop the sidecar for good."""
    event = _decode(_with(prediction=value, label=value))
    assert orjson.loads(orjson.dumps([event.y_pred, event.y_true])) == [event.y_pred, event.y_true]
    assert event.y_pred == event.y_true


@pytest.mark.parametrize("value", [1e151, -1e308, 10**151, "1e200"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_numbers_whose_squares_overflow_are_refused(value: Any, task: str) -> None:
    assert _reason(_with(prediction=value), task=task) is Reason.WRONG_TYPE


# Regression


@pytest.mark.parametrize("name", ["prediction", "label"])
@pytest.mark.parametrize(("value", "reason"), [("high", "wrong_type"), ("41", "wrong_type"), (41, None), (0.5, None)])
def test_a_regression_needs_numbers(name: str, value: Any, reason: str | None) -> None:
    assert _reason(_with(**{"prediction": 1, "label": 2, name: value}), task="regression") == reason


def test_in_a_table_all_is_text_and_a_number_is_one() -> None:
    row = TextRow(id="1", prediction="41.5", label="40")
    event = _decode(row, task="regression")
    assert (event.y_pred, event.y_true) == (41.5, 40)
    assert _reason(TextRow(id="1", prediction="high"), task="regression") is Reason.WRONG_TYPE


# Times


@pytest.mark.parametrize("ts", ["1970-01-01T00:00:05Z", 0, 5, "2099-01-01T00:00:00Z", 4_070_908_800, -5])
def test_a_time_that_cannot_be_right_gives_way_to_the_records(ts: Any) -> None:
    codec = Codec(FakeClock())
    event = codec.decode(FileRecord("t", 0, json.dumps(_with(ts=ts)).encode(), int(NOW * 1000)))
    assert isinstance(event, Prediction)
    assert (event.ts, codec.timestamps_replaced) == (NOW, 1)


def test_a_time_a_bit_off_the_records_is_kept() -> None:
    codec = Codec(FakeClock())
    event = codec.decode(FileRecord("t", 0, json.dumps(_with(ts=NOW - 40 * 86_400)).encode(), int(NOW * 1000)))
    assert isinstance(event, Prediction)
    assert (event.ts, codec.timestamps_replaced) == (NOW - 40 * 86_400, 0)


def test_a_file_may_be_old_and_its_times_small() -> None:
    assert _decode(_with(ts=5)).ts == 5


def test_without_a_record_time_the_far_future_is_no_time() -> None:
    codec = Codec(FakeClock())
    event = codec.decode(FileRecord("t", 0, json.dumps(_with(ts="2099-01-01")).encode()))
    assert isinstance(event, Prediction)
    assert (event.ts, codec.timestamps_replaced) == (None, 1)


@pytest.mark.parametrize(("timestamp", "kept"), [(1_795_435_200_000, NOW), (None, None), (-1, None)])
def test_without_a_time_the_records_holds(timestamp: int | None, kept: float | None) -> None:
    assert _decode(_without("ts"), timestamp=timestamp).ts == kept


# Topics, tables and mappings


def test_on_a_label_topic_everything_is_a_label() -> None:
    options = {"topic": "labels", "label_topics": ["labels"]}
    assert isinstance(_decode(GOOD, **options), Label)
    assert _reason(_without("label"), **options) is Reason.MISSING_LABEL


def test_label_fields_hold_on_label_topics_only() -> None:
    options: dict[str, Any] = {
        "fields": {"id": "uid"},
        "label_fields": {"label": "truth"},
        "label_topics": ["labels"],
    }
    assert _decode({"uid": 1, "truth": "no"}, topic="labels", **options) == Label("1", None, "no")
    assert _reason({"uid": 1, "truth": "no"}, **options) is Reason.MISSING_PREDICTION


def test_of_a_row_the_unmapped_columns_are_features() -> None:
    row = TextRow(uid="7", y="yes", age="41", country="DE", income=None, member="true", odd="nan", far="1e999")
    event = _decode(row, fields={"id": "uid", "prediction": "y"})
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
    event = _decode(body, fields=fields)
    assert event[:1] + event[3:7] == ("5", "yes", {"a": 1, "sex": "f"}, 0.9, {"sex": "f"})


def test_a_mapped_record_with_features_of_a_wrong_type_is_rejected() -> None:
    assert _reason(_with(features=[1], x=2), fields={"feature:a": "x"}) is Reason.WRONG_TYPE
    assert _reason(_with(groups="f", x=2), fields={"group:a": "x"}) is Reason.WRONG_TYPE


def test_defaults_of_model_and_version() -> None:
    event = _decode(_without("model", "version"), model="m", version="9")
    assert event.key == ModelVersion("m", "9")


@pytest.mark.parametrize(("prediction", "kept"), [("A", 0.2), ("a", 0.8)])
def test_classes_that_differ_by_case_keep_their_own_score(prediction: str, kept: float) -> None:
    assert _decode(_with(score={"A": 0.2, "a": 0.8}, prediction=prediction)).score == kept
