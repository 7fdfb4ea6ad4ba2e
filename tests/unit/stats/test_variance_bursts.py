"""Bursts of variance, and the rate of false alarms that they bring."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stream_monitor.stats.variance_bursts import VarianceBursts, false_alarm_ratio

COUNT, WINDOW = 6000, 1000


def _bursts(values: np.ndarray) -> VarianceBursts:
    bursts = VarianceBursts()
    for begin in range(0, len(values), WINDOW):
        bursts.add(values[begin : begin + WINDOW])
    return bursts


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["normal", "lognormal", "step", "trend", "season", "rounded", "constant", "extreme"])
def test_values_of_one_variance_have_no_bursts(kind: str, seed: int) -> None:
    rng, at = np.random.default_rng(seed), np.arange(COUNT)
    values = rng.standard_normal(COUNT)
    shifted = {
        "lognormal": np.exp(values),
        "step": values + 3.0 * (at > 2500),
        "trend": values + at / 1000.0,
        "season": values + 3.0 * np.sin(at * 2.0 * math.pi / 500),
        "rounded": np.round(values),
        "constant": np.full(COUNT, 5.0),
        "extreme": values * 3e307,
    }
    assert not _bursts(shifted.get(kind, values)).is_restless


@pytest.mark.parametrize("length", [50, 150])
def test_bursts_are_seen_whatever_scale_and_level(length: int) -> None:
    rng, at = np.random.default_rng(1), np.arange(COUNT)
    values = rng.standard_normal(COUNT) * np.where(at // length % 2, 2.0, 0.5)
    bursts = _bursts(values)
    assert bursts.is_restless
    assert bursts.spread(length // 2) > 0.3 > bursts.spread(40 * length)
    assert _bursts(1e6 * values + 1e9).spread(32.0) == pytest.approx(bursts.spread(32.0), rel=1e-6)


def test_the_rate_is_that_of_windows_of_a_gamma_variance() -> None:
    # With spread 1 the variance v is exponential: E exp(-h / v) = 2 sqrt(h) K1(2 sqrt(h)), and K1(6) = 0.0013439197.
    expected = 2.0 * 3.0 * 0.0013439197 * math.exp(9.0)
    assert false_alarm_ratio([9.0], [1.0], [1.0]) == pytest.approx(expected**0.6, rel=1e-3)


def test_what_the_detector_allows_for_is_no_false_alarm() -> None:
    assert false_alarm_ratio([9.0], [0.5], [1.0]) > 3.0 > 1.0 > false_alarm_ratio([9.0], [0.5], [6.0])


def test_the_state_can_be_restored() -> None:
    bursts = _bursts(np.random.default_rng(1).standard_normal(COUNT) * np.repeat([0.5, 2.0] * 30, 100))
    other = VarianceBursts()
    other.restore(bursts.state())
    assert other.state() == bursts.state()
    assert other.spread(20.0) == bursts.spread(20.0)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    "coefficients", [(0.3, 0.0), (0.9, 0.0), (1.936, -0.9604)], ids=["AR 0.3", "AR 0.9", "cyclic"]
)
def test_values_that_depend_on_their_neighbours_have_no_bursts(coefficients: tuple[float, float], seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal(COUNT).tolist()
    for at in range(2, COUNT):
        values[at] += coefficients[0] * values[at - 1] + coefficients[1] * values[at - 2]
    assert not _bursts(np.array(values)).is_restless
