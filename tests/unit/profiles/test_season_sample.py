"""The seasons that a profile knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import ModelVersion
from stream_monitor.core.records import Record
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal_set import make_signal_monitor
from stream_monitor.profiles.profile import Profile
from stream_monitor.profiles.profiler import Profiler
from stream_monitor.profiles.season_sample import SAMPLED, SeasonSample
from stream_monitor.signals.columns import Column

DAY, WEEK = 86_400.0, 604_800.0
#: Values a day.
COUNT = 1000


def _values(days: float, seed: int) -> tuple[Floats, Floats]:
    """Return times and values with a daily wave and another level at weekends."""
    ts = np.arange(int(days * COUNT)) * DAY / COUNT
    wave = np.sin(2 * np.pi * ts / DAY) + (ts % WEEK >= 5 * DAY)
    return ts, wave + np.random.default_rng(seed).normal(size=len(ts))


def _profile(days: float, *, in_order: bool = True) -> Profile:
    ts, values = _values(days, 1)
    start = 1e9 - 1e9 % WEEK
    pairs = zip(ts.tolist(), values.tolist(), strict=True)
    rows: list[dict[str, Any]] = [{"ts": start + at, "x": value} for at, value in pairs]
    profiler = Profiler()
    profiler.add([Record("rows", at, row) for at, row in enumerate(rows if in_order else rows[::-1])])
    return profiler.profile([], "")


@pytest.mark.parametrize(("days", "periods"), [(1.5, []), (3.0, [DAY]), (15.0, [DAY, WEEK])])
def test_the_seasons_of_which_two_periods_are_covered_are_known(days: float, periods: list[float]) -> None:
    assert [season.period for season in _profile(days).features["x"].seasons] == periods


def test_without_an_order_of_time_none_is_known() -> None:
    assert _profile(3.0, in_order=False).features["x"].seasons == []


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    profile = _profile(15.0)
    profile.write(tmp_path / "p.json")
    again = Profile.read(tmp_path / "p.json")
    for period, (sums, weight) in profile.seasons("feature:x").items():
        read, read_weight = again.seasons("feature:x")[period]
        assert weight == read_weight
        assert all(np.array_equal(one, other) for one, other in zip(sums, read, strict=True))


def _found(profile: Profile, shift: float) -> list[int]:
    ts, values = _values(6.0, 2)
    values[1200:] += shift
    settings = MonitorSettings([parse_spec("glr")], seasonality=(DAY, WEEK), profile=profile)
    signal = make_signal_monitor(ModelVersion("m", "1"), "feature:x", "number", settings, 400_000.0)
    parts = (slice(begin, begin + 500) for begin in range(0, len(ts), 500))
    return [
        one.index
        for at in parts
        for one in signal.update(Column(values[at], np.arange(at.start, at.stop), ts[at]))
        if one.kind == "drift"
    ]


def test_with_the_seasons_of_the_profile_nothing_waits_for_a_first_period() -> None:
    """A standard deviation in the second day is found at once; without them only larger changes are told then."""
    profile = _profile(15.0)
    assert _found(profile, 0.0) == []
    first, *_ = _found(profile, 1.0)
    assert 1200 <= first < 1350
    bare = profile.model_copy(
        update={"features": {"x": profile.features["x"].model_copy(update={"seasons": []})}},
    )
    assert not [index for index in _found(bare, 1.0) if index < 1350]


def test_the_sample_is_evenly_spaced_and_does_not_depend_on_batches() -> None:
    count = 3 * SAMPLED
    samples = []
    for size in (count, 700):
        sample = SeasonSample()
        for begin in range(0, count, size):
            rows = list(range(begin, min(begin + size, count)))
            sample.add([float(row) for row in rows], rows)
        samples.append(sample)
    assert samples[0]._values == samples[1]._values == list(range(0, count, 4))
