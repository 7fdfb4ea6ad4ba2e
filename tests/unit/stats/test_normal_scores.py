"""Normal scores."""

from __future__ import annotations

import numpy as np
from scipy import stats

from stream_monitor.stats.normal_scores import NormalScores
from stream_monitor.stats.reference import NumericReference


def test_normal_scores_are_those_of_scipy() -> None:
    values = np.random.default_rng(2).lognormal(size=5000)
    scores = NormalScores(NumericReference.learn(values)).of(values, np.arange(5000))
    expected = stats.norm.ppf((stats.rankdata(values) - 0.5) / 5000)
    assert np.abs(scores - expected).max() < 0.15
    assert np.abs(scores - expected)[np.abs(expected) < 2].max() < 0.03


def test_an_atom_is_spread_out_evenly() -> None:
    values = np.where(np.random.default_rng(3).random(20_000) < 0.7, 0.0, 5.0 + np.arange(20_000.0))
    scores = NormalScores(NumericReference.learn(values)).of(values, np.arange(20_000))
    assert stats.kstest(scores, "norm").pvalue > 1e-4
