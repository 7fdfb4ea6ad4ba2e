"""The levels of a season: means of its parts, however few values a part has."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.drift.seasonality import HOUR, Seasonality
from stream_monitor.signals.columns import Column

DAY = 24 * HOUR


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_level_of_a_part_is_the_mean_of_its_values(count: int) -> None:
    season = Seasonality(DAY)
    ts = np.arange(0.5 * HOUR / count, 2 * DAY, HOUR / count)
    values = 8.0 * np.sin(2 * np.pi * np.floor(ts / HOUR) / 24)
    rest = Column(values, np.arange(len(ts)), ts)
    while len(rest.values):
        room = season.room(rest.ts)
        season.count(rest.until(room))
        rest = rest.cut(room)
    means = values[: 24 * count : count]
    expected = (np.roll(means, 1) + 2 * means + np.roll(means, -1)) / 4
    assert season.is_known
    assert season.levels((np.arange(24) + 0.5) * HOUR) == pytest.approx(expected - means.mean(), abs=1e-9)
