"""The usual level of each part of a period."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.drift.seasonality import Seasonality
from stream_monitor.signals.columns import Column
from stream_monitor.stats.season_parts import HOUR
from stream_monitor.stats.season_table import SeasonTable

PERIOD, DAY = 2400, 24 * HOUR


def _learn(season: Seasonality, begin: int, end: int, level: float = 0.0) -> None:
    """Learn from scores of a wave, one a second, each with this level added."""
    n = np.arange(begin, end)
    noise = np.random.default_rng(begin).normal(size=len(n))
    rest = Column(noise + 2.0 * np.sin(2 * np.pi * n / PERIOD) + level, n, n.astype(float))
    while len(rest.values):
        room = season.room(rest.ts)
        season.count(rest.until(room))
        rest = rest.cut(room)


def _error(season: Seasonality) -> float:
    """Return the largest difference from the wave."""
    ts = np.arange(0.0, PERIOD, 10.0)
    return float(np.abs(season.levels(ts) - 2.0 * np.sin(2 * np.pi * ts / PERIOD)).max())


def test_the_levels_are_known_after_a_whole_period() -> None:
    season = Seasonality([PERIOD])
    _learn(season, 0, PERIOD)
    assert not season.is_known
    _learn(season, PERIOD, PERIOD + 1)
    assert season.is_known and _error(season) < 0.5


def test_a_first_period_that_is_interrupted_starts_again() -> None:
    """Half of it is on another level, and would distort half of the season."""
    season = Seasonality([PERIOD])
    _learn(season, 0, PERIOD // 2)
    season.interrupt()
    _learn(season, PERIOD // 2, PERIOD + 1, level=5.0)
    assert not season.is_known
    _learn(season, PERIOD + 1, 3 * PERIOD // 2 + 1, level=5.0)
    assert season.is_known and _error(season) < 0.6


def test_a_later_period_that_is_interrupted_changes_no_level() -> None:
    season = Seasonality([PERIOD])
    _learn(season, 0, 3 * PERIOD // 2)
    ts = np.arange(0.0, PERIOD, 10.0)
    known = season.levels(ts)
    season.interrupt()
    _learn(season, 3 * PERIOD // 2, 2 * PERIOD + 1, level=5.0)
    np.testing.assert_array_equal(season.levels(ts), known)
    # The next one is whole again.
    _learn(season, 2 * PERIOD + 1, 3 * PERIOD + 1)
    assert (season.levels(ts) != known).any() and _error(season) < 0.5


def test_scores_that_are_extreme_in_the_first_period_are_learned_again_once() -> None:
    season, given = Seasonality([PERIOD]), []
    for begin in range(0, 3 * PERIOD + 1, 100):
        n = np.arange(begin, min(begin + 100, 3 * PERIOD + 1))
        rest = Column(np.where(n // 7 % 2 == 0, 4.0, -4.0), n, n.astype(float))
        while len(rest.values):
            room = season.room(rest.ts)
            if (sample := season.take_sample()) is not None:
                given.append((int(rest.index[0]), set(sample.tolist())))
                assert not season.is_known
            season.count(rest.until(room), rest.until(room).values * 10.0)
            rest = rest.cut(room)
    assert given == [(PERIOD, {-40.0, 40.0})]
    assert season.is_known


def test_levels_differ_where_they_differ_by_more_than_chance() -> None:
    """The chi-square of noise is beyond four of its standard deviations once in thousands of times."""
    differ = {0.0: 0, 0.3: 0}
    for wave in differ:
        for seed in range(40):
            hours = np.arange(2400) % 24
            table = SeasonTable(DAY)
            values = np.random.default_rng(seed).normal(size=2400) + wave * np.sin(2 * np.pi * hours / 24)
            table.current.add(hours * HOUR, values[:, None])
            differ[wave] += table.close(0.0).differs(is_share=False)
    assert differ == {0.0: 0, 0.3: 40}


@pytest.mark.parametrize("count", [2, 5])
def test_the_level_of_a_part_is_the_mean_of_its_values(count: int) -> None:
    season = Seasonality([DAY])
    ts = np.arange(0.5 * HOUR / count, 2 * DAY, HOUR / count)
    values = 8.0 * np.sin(2 * np.pi * np.floor(ts / HOUR) / 24)
    rest = Column(values, np.arange(len(ts)), ts)
    while len(rest.values):
        room = season.room(rest.ts)
        season.count(rest.until(room))
        rest = rest.cut(room)
    means = values[: 24 * count : count]
    assert season.is_known
    assert season.levels((np.arange(24) + 0.5) * HOUR) == pytest.approx(means - means.mean(), abs=1e-9)


def test_the_strength_is_the_share_of_the_variance_that_the_season_explains() -> None:
    """A wave with an amplitude of 2 has a variance of 2, and the noise one of 1."""
    season = Seasonality([PERIOD])
    assert season.strengths == {}
    _learn(season, 0, 3 * PERIOD + 1)
    assert season.strengths == {PERIOD: pytest.approx(2 / 3, abs=0.03)}


def test_the_week_is_learned_from_what_the_newest_table_of_the_day_leaves() -> None:
    """The first day begins in the middle of a Friday: its table has half of the step of the weekend in it."""
    ts = np.arange(4.5 * DAY, 11.6 * DAY, 60.0)
    values = np.sin(2 * np.pi * ts / DAY) + (ts % (7 * DAY) >= 5 * DAY)
    season, rest = Seasonality([DAY, 7 * DAY]), Column(values, np.arange(len(ts)), ts)
    while len(rest.values):
        room = season.room(rest.ts)
        season.count(rest.until(room))
        rest = rest.cut(room)
    assert len(season.known) == 2
    error = season.levels(ts) + season.known[0].means[0] - values
    assert float(np.abs(error - np.median(error)).max()) < 0.1


@pytest.mark.parametrize("periods", [[DAY, 7 * DAY], [DAY, 2.5 * DAY], [HOUR, DAY]])
def test_the_season_of_a_shorter_period_is_none_of_a_longer_one(periods: list[float]) -> None:
    ts = np.arange(0.0, 2 * periods[1] + 60.0, 60.0)
    rng = np.random.default_rng(1)
    values = 2.0 * np.sin(2 * np.pi * ts / periods[0]) + 0.1 * rng.normal(size=len(ts))
    season, rest = Seasonality(periods), Column(values, np.arange(len(ts)), ts)
    while len(rest.values):
        room = season.room(rest.ts)
        season.count(rest.until(room))
        rest = rest.cut(room)
    assert season.strengths[periods[0]] > 0.95 and season.strengths[periods[1]] < 0.05
