"""A column of times against the times one by one."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core import timestamp_column
from stream_monitor.core.timestamp_column import parse_timestamps
from stream_monitor.core.timestamps import parse_timestamp

MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
ZONES = st.sampled_from(("", "Z", "+01:00", "-0930", "+00:00:01.5"))
SPOILED = (
    "2026-02-30T00:00:00",
    "2026-11-23T24:00:00",
    "2026-11-23T12:60:00",
    "２026-11-23T12:00:00",
    "soon",
    "",
    "5",
)
NUMBERS = st.one_of(
    st.floats(),
    st.integers(-(10**20), 10**20),
    st.sampled_from((1e11, 1e14, 1e17, 5e19, -6e10, -6.1e10, 10**400, -0.0)),
)


@st.composite
def _layout(draw: st.DrawFn) -> list[str]:
    """Draw times of one layout, some of them with another or spoiled."""
    separator, zone, digits = draw(st.sampled_from("T ")), draw(ZONES), draw(st.integers(0, 11))
    mark = draw(st.sampled_from(".,"))
    texts = []
    for moment in draw(st.lists(MOMENTS, min_size=1, max_size=8)):
        fraction = f"{mark}{moment.microsecond:06}123456"[: digits + 1] if digits else ""
        texts.append(f"{moment.replace(microsecond=0).isoformat(separator)}{fraction}{zone}")
        if draw(st.integers(0, 9)) == 0:
            texts.append(draw(st.sampled_from((moment.isoformat(), texts[-1][:-1], texts[-1] + "0", *SPOILED))))
        if draw(st.integers(0, 9)) == 0:
            at = draw(st.integers(0, len(texts[-1])))
            texts.append(texts[-1][:at] + draw(st.sampled_from("0159:-x１")) + texts[-1][at + 1 :])
    return draw(st.permutations(texts)) if draw(st.booleans()) else texts


def _one(value: Any) -> float | None:
    """Return a time as `parse_timestamp` reads it, NaN for None; None where it is none."""
    try:
        return math.nan if value is None else parse_timestamp(value)
    except (ValueError, OverflowError):
        return None


@given(st.one_of(_layout(), st.lists(NUMBERS), st.lists(st.one_of(NUMBERS, st.none(), st.sampled_from(SPOILED)))))
def test_a_column_is_its_times_one_by_one(values: list[Any]) -> None:
    found, wrong = parse_timestamps(values)
    expected = [_one(value) for value in values]
    assert repr(found.tolist()) == repr([math.nan if ts is None else ts for ts in expected])
    assert wrong == [at for at, ts in enumerate(expected) if ts is None]


def test_texts_whose_lengths_only_add_up_are_told_apart() -> None:
    """A digit at the end of one may not count to the next."""
    texts = ["2026-11-23T12:00:00.12", "2026-11-23T12:00:00.1", "2026-11-23T12:00:00.123"]
    assert parse_timestamps(texts)[0].tolist() == [parse_timestamp(text) for text in texts]


def test_a_zone_with_seconds() -> None:
    zone = timezone(timedelta(hours=1, seconds=1))
    texts = [datetime(2026, 11, 23, 12, at, tzinfo=zone).isoformat() for at in range(3)]
    assert parse_timestamps(texts)[0].tolist() == [parse_timestamp(text) for text in texts]


def test_a_whole_second_without_a_fraction_leaves_the_others_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """``datetime.isoformat`` writes no fraction for it, and it may be the first of a column."""
    read: list[str] = []

    def noted(text: str) -> float:
        read.append(text)
        return parse_timestamp(text)

    monkeypatch.setattr(timestamp_column, "parse_timestamp", noted)
    texts = [datetime.fromtimestamp(at / 4, UTC).isoformat() for at in range(9)]
    assert parse_timestamps(texts)[0].tolist() == [at / 4 for at in range(9)]
    assert read == texts[::4]
