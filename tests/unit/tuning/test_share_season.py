"""The season of shares and categories stays in surrogates, and a drift does not."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.signals.columns import Column
from stream_monitor.tuning.surrogate import Surrogates

DAY = 86_400.0
COUNT, PER_DAY = 24_000, 2_400


def _column(values: Floats, is_timed: bool = True) -> Column:
    ts = np.arange(COUNT) * DAY / PER_DAY if is_timed else np.full(COUNT, np.nan)
    return Column(values, np.arange(COUNT), ts)


def _cycle() -> Floats:
    cycle: Floats = np.sin(2 * np.pi * np.arange(COUNT) / PER_DAY)
    return cycle


def _by_hour(is_one: Floats) -> Floats:
    """Return the share in each hour of the day, shape (24,)."""
    shares: Floats = is_one.reshape(-1, 24, PER_DAY // 24).mean(axis=(0, 2))
    return shares


@pytest.mark.parametrize(("usual", "amplitude"), [(0.3, 0.25), (0.03, 0.025), (0.95, 0.05)])
def test_the_shares_of_each_hour_stay(usual: float, amplitude: float) -> None:
    rng = np.random.default_rng(1)
    values = (rng.random(COUNT) < usual + amplitude * _cycle()).astype(float)
    drawn = Surrogates(_column(values), "share", DAY).draw(rng).values
    # Both shares have the deviation of 1,000 values.
    error = np.sqrt(2 * usual * (1 - usual) / 1000)
    assert np.abs(_by_hour(drawn) - _by_hour(values)).max() < 4.5 * error
    assert not np.array_equal(drawn, values)


def test_runs_of_several_categories_stay_in_their_hours() -> None:
    """Each has its own season, and comes in runs of 1 to 9 values."""
    rng = np.random.default_rng(2)
    shares = np.stack([0.5 + 0.3 * _cycle(), 0.3 - 0.2 * _cycle(), 0.2 - 0.1 * _cycle()])
    begins = np.cumsum(rng.integers(1, 10, COUNT))
    starts = np.concatenate(([0], begins[begins < COUNT]))
    codes = np.array([rng.choice(3, p=shares[:, start]) for start in starts], dtype=float)
    values = np.repeat(codes, np.diff(np.append(starts, COUNT)))
    made = Surrogates(_column(values), "category", DAY)
    drawn = made.draw(rng).values
    assert made.block > 20
    hours = shares.reshape(3, -1, 24, PER_DAY // 24).mean(axis=(1, 3))
    for code in range(3):
        assert np.corrcoef(_by_hour(drawn == code), hours[code])[0, 1] > 0.9
    # About as many values are like the one before.
    assert np.mean(np.diff(drawn) == 0) == pytest.approx(np.mean(np.diff(values) == 0), abs=0.05)


def test_a_drift_beside_a_season_goes() -> None:
    rng = np.random.default_rng(3)
    later = np.repeat([0.0, 0.3], COUNT // 2)
    values = (rng.random(COUNT) < 0.3 + 0.2 * _cycle() + later).astype(float)
    drawn = Surrogates(_column(values), "share", DAY).draw(rng).values
    halves = drawn.reshape(2, -1).mean(axis=1)
    assert abs(halves[1] - halves[0]) < 0.03
    assert drawn.mean() == pytest.approx(values.mean(), abs=0.02)
    assert np.corrcoef(_by_hour(drawn), _by_hour(values))[0, 1] > 0.95


@pytest.mark.parametrize("kind", ["share", "category"])
@pytest.mark.parametrize("is_timed", [True, False])
def test_without_a_season_it_is_a_permutation(kind: ColumnKind, is_timed: bool) -> None:
    rng = np.random.default_rng(4)
    values = np.repeat(rng.integers(0, 2 if kind == "share" else 5, COUNT // 8), 8).astype(float)
    drawn = Surrogates(_column(values, is_timed), kind, DAY).draw(rng).values
    assert np.array_equal(np.sort(drawn), np.sort(values))
