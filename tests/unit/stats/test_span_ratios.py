"""Ratios over spans: short dependence, cycles, and series too short to tell."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.stats.span_ratios import is_dependent, ratio_over, span_ratios

COUNT = 20_000


def _autoregression(phi: float) -> np.ndarray:
    rng, found = np.random.default_rng(1), [0.0]
    for step in rng.normal(size=COUNT - 1).tolist():
        found.append(phi * found[-1] + step)
    return np.array(found)


def test_independent_values_count_for_one_each() -> None:
    for seed in range(20):
        ratios = span_ratios(np.random.default_rng(seed).normal(size=COUNT))
        assert ratio_over(ratios, COUNT, 1000) == 1.0


@pytest.mark.parametrize(("phi", "time"), [(0.5, 3.0), (0.9, 19.0)])
def test_of_an_autoregression_the_ratio_rises_to_its_autocorrelation_time(phi: float, time: float) -> None:
    ratios = span_ratios(_autoregression(phi))
    assert ratios[0] == 1.0 and ratios[1] == pytest.approx(1.0 + phi, rel=0.05)
    assert ratios[8] == pytest.approx(time, rel=0.3)
    assert time < ratio_over(ratios, COUNT, 256) < 2.0 * time


def test_of_a_cycle_the_ratio_falls_where_blocks_cover_whole_periods() -> None:
    cycle = np.sin(np.arange(COUNT) / 1000.0 * 2.0 * np.pi)
    ratios = span_ratios(cycle + np.random.default_rng(2).normal(size=COUNT))
    assert ratios[9] > 50.0 and ratios[12] < 10.0


def test_a_block_longer_than_the_longest_has_its_ratio() -> None:
    ratios = span_ratios(_autoregression(0.9))
    assert ratio_over(ratios, COUNT, 1e9) == ratio_over(ratios, COUNT, COUNT / 4)


@pytest.mark.parametrize("values", [[], [1.0], [3.0] * 100])
def test_a_constant_or_empty_series_shows_no_dependence(values: list[float]) -> None:
    ratios = span_ratios(np.array(values))
    assert set(ratios) == {1.0} and not is_dependent(ratios, len(values))
    assert ratio_over([], 0, 1000) == 1.0
