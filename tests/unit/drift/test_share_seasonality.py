"""The usual share of each category in each part of a period."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.share_seasonality import ShareSeasonality
from stream_monitor.signals.columns import Column

PERIOD = 2400


def _usual(ts: Floats) -> Floats:
    wave = np.sin(2 * np.pi * ts / PERIOD)
    return np.column_stack((0.4 + 0.3 * wave, 0.3 - 0.2 * wave, np.full(len(ts), 0.05)))


def _learned(periods: int, is_given: bool = True) -> ShareSeasonality:
    """Return the season of three categories, one value a second."""
    season = ShareSeasonality([PERIOD], 3, is_given)
    n = np.arange(periods * PERIOD + 1)
    values = (np.random.default_rng(1).random((len(n), 3)) < _usual(n)).astype(float)
    rest = Column(values, n, n.astype(float))
    while len(rest.values):
        room = season.room(rest.ts)
        season.count(rest.until(room))
        rest = rest.cut(room)
    return season


@pytest.mark.parametrize(("periods", "error"), [(1, 0.12), (8, 0.05)])
def test_the_usual_shares_are_learned(periods: int, error: float) -> None:
    season, ts = _learned(periods), np.arange(0.0, PERIOD, 10.0)
    assert season.is_known
    assert float(np.abs(season.shares(ts) - _usual(ts)).max()) < error


def test_a_season_that_is_not_given_needs_two_periods() -> None:
    assert [_learned(periods, is_given=False).is_known for periods in (1, 2)] == [False, True]
    assert [_learned(periods, is_given=False).undecided for periods in (1, 2)] == [[0], []]


@pytest.mark.parametrize("way", ["residuals", "thinned"])
def test_less_the_season_the_share_is_the_same_at_all_times(way: str) -> None:
    season, n = _learned(8), np.arange(100 * PERIOD)
    values = (np.random.default_rng(2).random((len(n), 3)) < _usual(n)).astype(float)
    rest = getattr(season, way)(Column(values, n, n.astype(float)))
    by_hour = rest.reshape(100, 24, 100, 3).mean(axis=(0, 2))
    assert float(np.abs(by_hour - rest.mean(axis=0)).max()) < 0.05
    assert float(np.abs(values.reshape(100, 24, 100, 3).mean(axis=(0, 2)) - values.mean(axis=0)).max()) > 0.25
    assert way == "residuals" or set(np.unique(rest)) == {0.0, 1.0}


def test_of_a_value_without_a_time_nothing_but_the_mean_is_known() -> None:
    season = _learned(2)
    assert season.shares(np.array([np.nan])) == pytest.approx(season.means[None, :])


def test_the_strength_is_that_of_the_category_with_the_largest_one() -> None:
    """A share of 0.4 with a wave of 0.3 has a variance of 0.24, and the wave one of 0.045."""
    assert _learned(8).strengths == {PERIOD: pytest.approx(0.045 / 0.24, abs=0.02)}


def test_of_categories_in_another_order_the_shares_are_kept() -> None:
    season, ts = _learned(3), np.arange(0.0, PERIOD, 10.0)
    before = season.shares(ts)
    season.take_rows([2, None, 0])
    after = season.shares(ts)
    np.testing.assert_array_equal(after[:, [0, 2]], before[:, [2, 0]])
    assert not after[:, 1].any() and season.is_known
    values = np.ones((3, 3))
    n = np.arange(3)
    assert season.residuals(Column(values, n, n.astype(float)))[:, 1].tolist() == [1.0, 1.0, 1.0]
