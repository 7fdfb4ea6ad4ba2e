"""The parts of a period."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.stats.season_parts import HOUR, SeasonParts

DAY = 24 * HOUR


def test_the_times_of_the_parts_are_those_of_the_period_that_begins_at_a_time() -> None:
    """The part that it begins in is at its end where its middle is over."""
    times = SeasonParts(DAY).times(3 * DAY + 5.6 * HOUR, HOUR)
    assert times.shape == (24, 1)
    assert (times[:, 0] / HOUR).tolist() == [hour + 0.5 + (96 if hour <= 5 else 72) for hour in range(24)]


@pytest.mark.parametrize(("period", "width", "count"), [(7 * DAY, HOUR, 1), (30 * DAY, HOUR, 4), (DAY, 900.0, 4)])
def test_a_part_has_as_many_times_as_the_width_asks_for(period: float, width: float, count: int) -> None:
    parts = SeasonParts(period)
    times = parts.times(0.0, width)
    assert times.shape == (parts.bins, count)
    assert (parts.at(times.ravel()) == np.repeat(np.arange(parts.bins), count)).all()
