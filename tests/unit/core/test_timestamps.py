"""Times as people have them, against `datetime`."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.timestamps import format_timestamp, parse_timestamp

MOMENTS = st.datetimes(datetime(1975, 1, 1), datetime(2100, 1, 1))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(MOMENTS, ZONES, st.sampled_from("T "))
def test_iso_8601_with_a_zone(moment: datetime, zone: timezone, separator: str) -> None:
    aware = moment.replace(tzinfo=zone)
    assert parse_timestamp(aware.isoformat(separator)) == aware.timestamp()


@given(MOMENTS, st.sampled_from("T "))
def test_without_a_zone_it_is_utc(moment: datetime, separator: str) -> None:
    expected = moment.replace(tzinfo=UTC).timestamp()
    assert parse_timestamp(moment.isoformat(separator)) == expected
    assert parse_timestamp(moment.isoformat(separator) + "Z") == expected
    assert parse_timestamp(moment) == expected


@given(MOMENTS, st.sampled_from((1, 10**3, 10**6, 10**9)), st.sampled_from((int, float, str)))
def test_epoch_in_s_ms_us_or_ns(moment: datetime, unit: int, kind: Any) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    number = kind(int(moment.timestamp()) * unit)
    assert math.isclose(parse_timestamp(number), moment.timestamp(), rel_tol=1e-12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23", "2026-11-23T00:00:00.000Z"),
        ("2026-11-23T12", "2026-11-23T12:00:00.000Z"),
        ("2026-11-23 12:00", "2026-11-23T12:00:00.000Z"),
        ("2026-11-23T12:00:00.5+01:00", "2026-11-23T11:00:00.500Z"),
        ("2026-11-23T12:00:00,25Z", "2026-11-23T12:00:00.250Z"),
        ("20261123", "2026-11-23T00:00:00.000Z"),
        ("20261123T120000Z", "2026-11-23T12:00:00.000Z"),
        ("1711121301234", "2024-03-22T15:28:21.234Z"),
        ("1795435200.5", "2026-11-23T12:00:00.500Z"),
        (0, "1970-01-01T00:00:00.000Z"),
    ],
)
def test_examples(text: Any, expected: str) -> None:
    assert format_timestamp(parse_timestamp(text)) == expected


@pytest.mark.parametrize(
    "wrong", ["", "yesterday", "23.11.2026", "nan", "inf", "-inf", math.nan, math.inf, None, True, [], {}]
)
def test_what_is_no_time_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError):
        parse_timestamp(wrong)


@given(MOMENTS)
def test_format_is_read_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    text = format_timestamp(moment.timestamp())
    assert text is not None
    assert parse_timestamp(text) == moment.timestamp()


def test_no_time_formats_as_none() -> None:
    assert format_timestamp(None) is format_timestamp(math.nan) is format_timestamp(math.inf) is None
