"""Ids, models and versions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stream_monitor.core.errors import Reason
from stream_monitor.core.events import ModelVersion, Prediction, Rejection
from stream_monitor.core.records import Record
from stream_monitor.decoding.codec import Codec
from stream_monitor.testing import FakeClock
from tests.unit.decoding.events import changed, decode, reason_of, without


def test_true_and_1_do_not_share_a_model() -> None:
    """Python's ``True == 1`` must not let one through in the other's place."""
    codec = Codec(FakeClock())
    kinds = [type(codec.decode(Record("t", 0, json.dumps(changed(model=m)).encode()))) for m in (1, True, 1, True)]
    assert kinds == [Prediction, Rejection, Prediction, Rejection]


def test_each_model_is_named_as_it_was_written() -> None:
    codec = Codec(FakeClock())
    names = [codec.decode(Record("t", 0, json.dumps(changed(version=v)).encode())).key.version for v in (1, "1", 2.5)]
    assert names == ["1", "1", "2.5"]


@pytest.mark.parametrize(("given", "kept"), [(5, "5"), ("5", "5"), (" x ", " x "), ("é\u0000", "é\u0000"), (0, "0")])
def test_ids(given: Any, kept: str) -> None:
    assert decode(changed(id=given)).id == kept


def test_defaults_of_model_and_version() -> None:
    event = decode(without("model", "version"), model="m", version="9")
    assert event.key == ModelVersion("m", "9")


def test_an_id_has_1000_characters_at_most() -> None:
    assert decode(changed(id="x" * 1000)).id == "x" * 1000
    assert reason_of(changed(id="x" * 1001)) is Reason.WRONG_TYPE
