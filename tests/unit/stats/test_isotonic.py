"""Isotonic regression: scikit-learn's, on the same bins."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from stream_monitor.stats.isotonic import interpolated, monotone_blocks, rising_blocks


@pytest.mark.parametrize("seed", range(40))
def test_the_shares_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    trials = rng.integers(0, 6, 40)
    trials[rng.integers(40)] += 1
    successes = rng.binomial(trials, np.linspace(0.2, 0.9, 40) if seed % 2 else 0.5)
    found = interpolated(rising_blocks(successes.tolist(), trials.tolist()), 40)
    bins = np.flatnonzero(trials)
    peer = IsotonicRegression(out_of_bounds="clip")
    peer.fit(bins, successes[bins] / trials[bins], sample_weight=trials[bins])
    assert np.abs(peer.predict(np.arange(40)) - found).max() <= 1e-12


@pytest.mark.parametrize("seed", range(10))
def test_shares_that_fall_are_the_mirror_image(seed: int) -> None:
    rng = np.random.default_rng(seed)
    trials = rng.integers(1, 50, 30)
    successes = rng.binomial(trials, np.linspace(0.9, 0.1, 30))
    falling = interpolated(monotone_blocks(successes.tolist(), trials.tolist()), 30)
    mirrored = interpolated(rising_blocks(successes[::-1].tolist(), trials[::-1].tolist()), 30)
    assert falling == mirrored[::-1]
    assert falling[0] > falling[-1]


def test_the_sum_of_successes_is_kept() -> None:
    blocks = monotone_blocks([1, 5, 2, 0, 9], [10, 10, 10, 0, 10])
    assert sum(block.successes for block in blocks) == 17
    assert sum(block.share * block.trials for block in blocks) == pytest.approx(17)
