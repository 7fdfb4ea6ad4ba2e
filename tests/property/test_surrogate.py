"""Surrogates keep the values and lose the drift; injected changes have their size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stream_monitor.core.arrays import Floats
from stream_monitor.tuning.injection import Injection, Injector
from stream_monitor.tuning.recording import Signal
from stream_monitor.tuning.surrogate import Surrogates, middle_scores, normal_scores, shuffled_blocks
from tests.examples import examples
from tests.streams import column_of, shares, streams


@given(streams(), st.integers(0, 99), st.sampled_from((0.0, 3600.0)))
@settings(max_examples=examples(60), deadline=None)
def test_a_surrogate_has_the_same_values(values: Floats, seed: int, period: float) -> None:
    column = column_of(values)
    drawn = Surrogates(column, "number", period).draw(np.random.default_rng(seed))
    assert np.array_equal(np.sort(drawn.values), np.sort(values))
    assert np.array_equal(drawn.index, column.index)


@given(st.integers(0, 500), st.floats(1.0, 50.0), st.integers(0, 99))
@settings(max_examples=examples(60), deadline=None)
def test_blocks_are_shuffled_whole(count: int, block: float, seed: int) -> None:
    order = shuffled_blocks(count, block, np.random.default_rng(seed))
    assert sorted(order.tolist()) == list(range(count))
    breaks = int((np.diff(order) != 1).sum())
    # The number of blocks is binomial.
    assert breaks <= stats.binom.ppf(1 - 1e-9, max(count, 1), 1.0 / block)


@pytest.mark.parametrize("phi", [0.0, 0.8])
def test_a_surrogate_of_a_shift_has_none(phi: float) -> None:
    """A step of two deviations, independent or not: the halves of the surrogates differ as chance has it."""
    rng = np.random.default_rng(5)
    noise = np.zeros(10_000)
    for at, step in enumerate(rng.normal(size=10_000)):
        noise[at] = phi * noise[at - 1] + step
    values = noise / noise.std() + np.repeat([0.0, 2.0], 5000)
    made = Surrogates(column_of(values), "number")
    gaps = [_gap(made.draw(rng).values) for _ in range(30)]
    # The deviation of a difference of means, of blocks that are independent.
    expected = 2.0 * values.std() * np.sqrt(made.block / len(values))
    assert made.block < 100
    assert abs(np.mean(gaps)) < 4.0 * expected / np.sqrt(30)
    assert np.std(gaps) < 2.0 * expected
    assert _gap(values) > 1.9


def _gap(values: Floats) -> float:
    return float(values[5000:].mean() - values[:5000].mean())


def test_a_season_is_kept_and_a_drift_beside_it_is_not() -> None:
    rng = np.random.default_rng(4)
    minutes = np.arange(14_400)
    season = 1.5 * np.sin(2 * np.pi * minutes / 1440)
    values = rng.normal(size=14_400) + season + np.where(minutes < 7200, 0.0, 1.0)
    drawn = Surrogates(column_of(values), "number", 86_400.0).draw(rng).values
    assert np.corrcoef(drawn, season)[0, 1] > 0.6
    assert abs(drawn[7200:].mean() - drawn[:7200].mean()) < 0.1


@pytest.mark.parametrize("marginal", ["normal", "lognormal", "student", "poisson", "zeros"])
@pytest.mark.parametrize("size", [0.5, 1.0])
def test_a_shift_has_its_size_in_normal_scores(marginal: str, size: float) -> None:
    """An oracle without ranks: the quantiles of the changed values in the old distribution."""
    rng = np.random.default_rng(6)
    values = {
        "normal": lambda: rng.normal(7, 3, 40_000),
        "lognormal": lambda: rng.lognormal(0, 1.5, 40_000),
        "student": lambda: rng.standard_t(2, 40_000),
        "poisson": lambda: rng.poisson(3.0, 40_000).astype(float),
        "zeros": lambda: np.where(rng.random(40_000) < 0.5, 0.0, rng.lognormal(size=40_000)),
    }[marginal]()
    injector = Injector(Signal("feature:x", "number", column_of(values)), values, rng)
    for number, sign in enumerate((1.0, -1.0)):
        changed = injector.values(Injection("level", size), 0, 40_000, number)
        for share in (0.2, 0.5, 0.8):
            old = np.quantile(values, stats.norm.cdf(stats.norm.ppf(share) + sign * size))
            # The share of the changed values up to where the shifted quantile is, as the old distribution has atoms.
            assert np.mean(changed < old) - 0.01 <= share <= np.mean(changed <= old) + 0.01


def test_a_shift_of_normal_values_is_one_of_their_mean_and_a_spread_one_of_their_deviation() -> None:
    rng = np.random.default_rng(8)
    values = rng.normal(10.0, 4.0, 50_000)
    injector = Injector(Signal("feature:x", "number", column_of(values)), values, rng)
    for size in (0.25, 0.5, 1.0):
        moved = injector.values(Injection("level", size), 10_000, 30_000, 0)
        assert moved.mean() - values[10_000:30_000].mean() == pytest.approx(4.0 * size, abs=0.1)
    spread = Injector(Signal("spread:x", "number", column_of(values)), values, rng)
    wide = spread.values(Injection("spread", 1.5), 0, 50_000, 0)
    assert wide.std() / values.std() == pytest.approx(1.5, abs=0.03)
    assert wide.mean() == pytest.approx(10.0, abs=0.1)


@given(shares(), st.sampled_from((0.05, 0.2)), st.integers(0, 99))
@settings(max_examples=examples(60), deadline=None)
def test_a_share_moves_by_its_size(values: Floats, size: float, seed: int) -> None:
    values = np.concatenate((values, [0.0, 1.0]))
    # Not the seed alone: the stream may have been drawn with it.
    rng = np.random.default_rng([seed, 1])
    injector = Injector(Signal("missing:x", "share", column_of(values)), values, rng)
    changed = injector.values(Injection("share", size), 0, len(values), 0)
    assert set(np.unique(changed)) <= {0.0, 1.0}
    moved = changed.mean() - values.mean()
    room = values.mean() + size <= 1.0
    assert (moved >= 0.0) == room or moved == 0.0
    # Each value is turned by itself, so that the share is binomial.
    assert abs(abs(moved) - size) <= 6.0 * np.sqrt(0.25 / len(values))


@pytest.mark.parametrize("number", range(5))
def test_a_category_gains_its_size(number: int) -> None:
    rng = np.random.default_rng(9)
    codes = rng.choice(4, 50_000, p=[0.85, 0.1, 0.04, 0.01]).astype(float)
    signal = Signal("feature:x", "category", column_of(codes), ("a", "b", "c", "d"))
    changed = Injector(signal, codes, rng).values(Injection("category", 0.2), 0, 50_000, number)
    gained = np.bincount(changed.astype(int), minlength=4) / 50_000 - np.bincount(codes.astype(int)) / 50_000
    # Of the four, the first has no room for it.
    assert int(gained.argmax()) == (1, 2, 3)[number % 3]
    assert gained.max() == pytest.approx(0.2, abs=0.01)


@given(streams(longest=300), st.integers(0, 99))
@settings(max_examples=examples(40), deadline=None)
def test_scores_follow_the_order(values: Floats, seed: int) -> None:
    for scores in (normal_scores(values, np.random.default_rng(seed)), middle_scores(values)):
        order = np.argsort(values, kind="stable")
        steps = np.diff(values[order])
        assert np.all(np.diff(scores[order])[steps > 0] > 0)
        assert abs(float(scores.sum())) < 1e-6 * max(len(values), 1) or len(np.unique(values)) < len(values)
