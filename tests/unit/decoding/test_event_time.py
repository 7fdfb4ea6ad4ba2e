"""Times of events, and of records where those can not be right."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stream_monitor.core.events import Prediction
from stream_monitor.core.records import Record
from stream_monitor.decoding.codec import Codec
from stream_monitor.testing import FakeClock
from tests.unit.decoding.events import NOW, changed, decode, without


@pytest.mark.parametrize("ts", ["1970-01-01T00:00:05Z", 0, 5, "2099-01-01T00:00:00Z", 4_070_908_800, -5])
def test_a_time_that_cannot_be_right_gives_way_to_the_records(ts: Any) -> None:
    codec = Codec(FakeClock())
    event = codec.decode(Record("t", 0, json.dumps(changed(ts=ts)).encode(), int(NOW * 1000)))
    assert isinstance(event, Prediction)
    assert (event.ts, codec.timestamps_replaced) == (NOW, 1)


def test_a_time_a_bit_off_the_records_is_kept() -> None:
    codec = Codec(FakeClock())
    event = codec.decode(Record("t", 0, json.dumps(changed(ts=NOW - 40 * 86_400)).encode(), int(NOW * 1000)))
    assert isinstance(event, Prediction)
    assert (event.ts, codec.timestamps_replaced) == (NOW - 40 * 86_400, 0)


def test_a_file_may_be_old_and_its_times_small() -> None:
    assert decode(changed(ts=5)).ts == 5


def test_without_a_record_time_the_far_future_is_no_time() -> None:
    codec = Codec(FakeClock())
    event = codec.decode(Record("t", 0, json.dumps(changed(ts="2099-01-01")).encode()))
    assert isinstance(event, Prediction)
    assert (event.ts, codec.timestamps_replaced) == (None, 1)


@pytest.mark.parametrize(("timestamp", "kept"), [(1_795_435_200_000, NOW), (None, None), (-1, None)])
def test_without_a_time_the_records_holds(timestamp: int | None, kept: float | None) -> None:
    assert decode(without("ts"), timestamp=timestamp).ts == kept


@pytest.mark.parametrize(("ts", "form"), [("yesterday", "text of 9 characters"), (True, "a bool"), ([1], "a list")])
def test_the_reason_of_a_rejected_time_has_its_form_and_what_is_allowed(ts: Any, form: str) -> None:
    assert decode(changed(ts=ts)).detail == f"ts is {form}; allowed: ISO 8601 or epoch s, ms, us, ns"
