"""The sums of the values in each part of the current period."""

from __future__ import annotations

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.period_sums import PeriodSums
from stream_monitor.stats.season_parts import HOUR, SeasonParts


def _sums(ts: Floats, values: Floats) -> PeriodSums:
    sums = PeriodSums(SeasonParts(24 * HOUR), 1)
    sums.add(ts, values[:, None])
    return sums


def test_what_is_taken_out_of_the_sums_is_taken_out_of_each_value() -> None:
    rng = np.random.default_rng(1)
    ts, values = rng.random(500) * 24 * HOUR, rng.normal(size=500)
    levels, deviations, mean = rng.normal(size=24), 0.5 + rng.random(24), 0.7
    hours = (ts // HOUR).astype(int)
    sums = _sums(ts, values)
    sums.take_out(np.array([mean]), levels[None, :], deviations)
    expected = _sums(ts, mean + (values - mean - levels[hours]) / deviations[hours]).period()
    for one, other in zip(sums.period(), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_values_without_a_time_are_left_out() -> None:
    assert _sums(np.array([np.nan, 0.0]), np.array([1.0, 2.0])).count == 1.0
