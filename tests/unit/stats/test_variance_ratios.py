"""Variance ratios: near the truth for several kinds of dependence, and none where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import lfilter

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.haar_variances import HaarVariances
from stream_monitor.stats.variance_ratios import VarianceRatios, autoregressive_ratio, variance_ratios

WARMUP = 500
Sample = Callable[[np.random.Generator, int], Floats]


def autoregression(rng: np.random.Generator, count: int, phi: float) -> Floats:
    found: Floats = lfilter([math.sqrt(1 - phi * phi)], [1.0, -phi], rng.normal(size=count + 2000))[2000:]
    return found


def with_noise(rng: np.random.Generator, count: int) -> Floats:
    """Return an autoregression of 0.98 plus independent noise of the same variance."""
    return (autoregression(rng, count, 0.98) + rng.normal(size=count)) / math.sqrt(2.0)


def clusters(rng: np.random.Generator, count: int) -> Floats:
    """Return values whose clusters of 50 have half the variance in common."""
    return (rng.normal(size=count) + np.repeat(rng.normal(size=count // 50 + 1), 50)[:count]) / math.sqrt(2.0)


def fractional(rng: np.random.Generator, count: int, memory: float) -> Floats:
    """Return fractional noise, the memory of which falls as a power of the lag."""
    lags = np.arange(1, 4 * count)
    weights = np.concatenate(([1.0], np.cumprod((lags - 1 + memory) / lags)))
    noise, size = rng.normal(size=8 * count), 1 << (12 * count).bit_length()
    made: Floats = np.fft.irfft(np.fft.rfft(noise, size) * np.fft.rfft(weights, size), size)[4 * count : 5 * count]
    return made / made.std()


def found(values: Floats) -> VarianceRatios:
    haar = HaarVariances()
    haar.add(values)
    return variance_ratios(haar.counts.tolist(), haar.sums.tolist(), WARMUP)


@pytest.mark.parametrize(
    ("sample", "level", "expected"),
    [
        (with_noise, 4, 7.6),
        (with_noise, 8, 39.5),
        (clusters, 3, 4.3),
        (clusters, 8, 23.0),
        (lambda rng, n: fractional(rng, n, 0.2), 4, 2.8),
        (lambda rng, n: fractional(rng, n, 0.2), 8, 8.4),
    ],
)
def test_the_ratios_are_limits_near_the_truth(sample: Sample, level: int, expected: float) -> None:
    each = [found(sample(np.random.default_rng(seed), 32_000)).ratios[level] for seed in range(7)]
    assert 0.9 * expected < np.median(each) < 1.75 * expected
    assert [limit > 0.8 * expected for limit in each].count(True) >= 6


@pytest.mark.parametrize("memory", [0.2, 0.4])
def test_most_of_a_long_memory_goes_on_where_it_is_not_measured(memory: float) -> None:
    each = [found(fractional(np.random.default_rng(seed), 8000, memory)).ratios for seed in range(7)]
    growth = np.median([ratios[14] / ratios[9] for ratios in each])
    assert growth > 2.0 ** (5 * memory * 0.7)


def test_independent_values_are_found_to_be_so_from_four_warm_ups_on() -> None:
    samples = [np.random.default_rng(seed).normal(size=4 * WARMUP) for seed in range(40)]
    assert [found(each) for each in samples].count(VarianceRatios(0.0, ())) >= 36
    assert max(found(samples[0][:WARMUP]).ratios) > 2.0


@pytest.mark.parametrize("phi", [0.3, 0.9])
def test_an_autoregression_needs_no_ratios(phi: float) -> None:
    each = [found(autoregression(np.random.default_rng(seed), 16_000, phi)) for seed in range(20)]
    assert np.median([one.lag1 for one in each]) == pytest.approx(phi, abs=0.02)
    assert [one.ratios for one in each].count(()) >= 18


def test_the_ratio_of_an_autoregression_is_that_of_its_means() -> None:
    values = autoregression(np.random.default_rng(1), 400_000, 0.8)
    means = values.reshape(-1, 20).mean(axis=1)
    assert autoregressive_ratio(0.8, 20) == pytest.approx(20 * means.var() / values.var(), rel=0.05)


def test_a_constant_has_no_dependence_that_could_be_estimated() -> None:
    assert found(np.full(1000, 0.5)) == VarianceRatios(0.0, ())
