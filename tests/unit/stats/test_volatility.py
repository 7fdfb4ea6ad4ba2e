"""Volatility clustering: found where large values come together, and nowhere else."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.variance_ratios import VarianceRatios
from stream_monitor.stats.volatility import Volatility, magnitudes

INDEPENDENT = VarianceRatios(0.0)


def garch(seed: int, count: int, alpha: float = 0.1, beta: float = 0.88) -> Floats:
    """Return uncorrelated values of unit variance whose variance comes in waves."""
    values, variance = [], 1.0
    for step in np.random.default_rng(seed).normal(size=count + 1000).tolist():
        values.append(math.sqrt(variance) * step)
        variance = 1.0 - alpha - beta + alpha * values[-1] ** 2 + beta * variance
    return np.array(values[1000:])


def measured(*warmups: Floats) -> Volatility:
    volatility = Volatility()
    for each in warmups:
        volatility.begin(0.0)
        volatility.add(each)
        volatility.keep(1e9)
        volatility.interrupt()
    return volatility


def test_the_magnitudes_of_independent_values_are_independent_normal_values() -> None:
    found = magnitudes(np.random.default_rng(1).normal(size=20_000), 0.0)
    assert abs(found.mean()) < 0.03 and abs(found.std() - 1.0) < 0.03
    assert abs(np.corrcoef(found[1:], found[:-1])[0, 1]) < 0.03
    assert np.isfinite(magnitudes(np.array([0.0, 0.0, 40.0, -40.0]), 0.0)).all()


def test_the_scores_of_magnitudes_are_those_of_their_tails() -> None:
    values = np.concatenate((np.random.default_rng(2).normal(size=10_000), np.geomspace(1e-6, 5.2, 200)))
    wanted = -ndtri(2.0 * ndtr(-np.abs(values[1:])))
    assert np.abs(magnitudes(values, 0.0) - wanted).max() < 1e-4


@pytest.mark.parametrize("count", [125, 500])
def test_independent_values_are_left_as_they_are(count: int) -> None:
    made = [measured(np.random.default_rng([seed, count]).normal(size=count)) for seed in range(100)]
    assert [each.raised(INDEPENDENT).ratios for each in made].count(()) >= 93


def test_means_of_few_values_must_stand_out_more_where_the_variance_comes_in_waves() -> None:
    ratios = measured(*(garch(seed, 500) for seed in range(4))).raised(INDEPENDENT).ratios
    assert ratios[:2] == (1.0, 1.0)
    assert max(ratios[2:6]) > 2.0
    assert ratios[20] < 1.2 < ratios[4]


def test_where_means_are_read_nothing_is_added() -> None:
    restless = measured(*(garch(seed, 500) for seed in range(4)))
    assert restless.raised(VarianceRatios(0.9)) == VarianceRatios(0.9)


def test_waves_that_one_warm_up_does_not_show_are_found_in_the_end() -> None:
    volatility, values = Volatility(), garch(3, 16_000)
    volatility.begin(0.0)
    found = []
    for begin in range(0, len(values), 1000):
        volatility.add(values[begin : begin + 400])
        volatility.add(values[begin + 400 : begin + 1000])
        volatility.keep(1e9)
        found.append(volatility.raised(INDEPENDENT).ratio(32))
    assert found[-1] > 1.5
    whole = Volatility()
    whole.begin(0.0)
    whole.add(values)
    whole.keep(1e9)
    assert whole.raised(INDEPENDENT).ratio(32) == pytest.approx(found[-1], rel=0.3)


def test_what_is_no_score_has_no_magnitude() -> None:
    volatility = measured(*(garch(seed, 500) for seed in range(4)))
    volatility.end()
    assert volatility.raised(INDEPENDENT) == INDEPENDENT


def test_it_goes_on_from_a_state() -> None:
    known, again = measured(garch(1, 500), garch(2, 500)), Volatility()
    again.restore(json.loads(json.dumps(known.state())))
    assert again.raised(INDEPENDENT) == known.raised(INDEPENDENT)
    assert Volatility().raised(INDEPENDENT) == INDEPENDENT
