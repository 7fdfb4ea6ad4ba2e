"""Classes and numbers, however they are written."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from stream_monitor.core.errors import Reason
from stream_monitor.core.events import Rejection
from stream_monitor.core.records import Record, TextRow
from stream_monitor.decoding.codec import Codec
from stream_monitor.testing import FakeClock
from tests.unit.decoding.events import changed, decode, reason_of


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1, "1"), (1.0, "1"), ("1", "1.0"), ("0", 0), ("1e0", 1), ("-2", -2.0), ("+3", 3)]
)
def test_one_class_however_it_is_written(one: Any, other: Any) -> None:
    event = decode(changed(prediction=one, label=other))
    assert event.y_pred == event.y_true


@pytest.mark.parametrize(
    ("one", "other"), [("yes", "no"), ("1", "2"), ("1_0", 10), ("١", 1), ("nan", "NaN"), ("a", "A")]
)
def test_different_classes_stay_different(one: Any, other: Any) -> None:
    event = decode(changed(prediction=one, label=other))
    assert event.y_pred != event.y_true


def test_large_ids_as_classes_keep_every_digit() -> None:
    event = decode(changed(prediction=str(2**60), label=str(2**60 + 1)))
    assert event.y_pred != event.y_true


@pytest.mark.parametrize("value", [2**63 - 1, 2**63, 10**30, -(10**149), 1e149, "1" + "0" * 30, str(2**60), True])
def test_every_target_can_be_stored_as_json(value: Any) -> None:
    """A checkpoint that can't be written would stop the sidecar for good."""
    event = decode(changed(prediction=value, label=value))
    assert orjson.loads(orjson.dumps([event.y_pred, event.y_true])) == [event.y_pred, event.y_true]
    assert event.y_pred == event.y_true


@pytest.mark.parametrize("value", [1e151, -1e308, 10**151, "1e200"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_numbers_whose_squares_overflow_are_refused(value: Any, task: str) -> None:
    assert reason_of(changed(prediction=value), task=task) is Reason.WRONG_TYPE


def test_a_refused_text_is_refused_each_time() -> None:
    codec = Codec(FakeClock())
    record = Record("t", 0, orjson.dumps(changed(prediction="1e200")))
    assert [type(codec.decode(record)) for _ in range(2)] == [Rejection, Rejection]


@pytest.mark.parametrize("name", ["prediction", "label"])
@pytest.mark.parametrize(("value", "reason"), [("high", "wrong_type"), ("41", "wrong_type"), (41, None), (0.5, None)])
def test_a_regression_needs_numbers(name: str, value: Any, reason: str | None) -> None:
    assert reason_of(changed(**{"prediction": 1, "label": 2, name: value}), task="regression") == reason


def test_in_a_table_all_is_text_and_a_number_is_one() -> None:
    row = TextRow(id="1", prediction="41.5", label="40")
    event = decode(row, task="regression")
    assert (event.y_pred, event.y_true) == (41.5, 40)
    assert reason_of(TextRow(id="1", prediction="high"), task="regression") is Reason.WRONG_TYPE
