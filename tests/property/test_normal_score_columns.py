"""Normal scores of many columns at once against those of one column after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.normal_score_columns import NormalScoreColumns
from stream_monitor.stats.normal_scores import NormalScores
from stream_monitor.stats.reference import NumericReference
from tests.examples import examples


def _sample(rng: np.random.Generator, kind: int, size: int) -> Floats:
    match kind:
        case 0:
            return rng.normal(size=size)
        case 1:
            return rng.lognormal(size=size)
        case 2:
            return np.round(3.0 * rng.normal(size=size))
        case 3:
            return rng.standard_t(1, size)
        case 4:
            return np.full(size, rng.normal())
        case _:
            return np.where(rng.random(size) < 0.5, 0.0, rng.random(size))


@given(
    seed=st.integers(0, 2**32 - 1),
    kinds=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    length=st.sampled_from((0, 1, 7, 300, 5000)),
)
@settings(max_examples=examples(200), deadline=None)
def test_columns_are_scored_as_if_alone(seed: int, kinds: list[int], length: int) -> None:
    rng = np.random.default_rng(seed)
    scales = 10.0 ** rng.choice([-310, -200, -6, 0, 0, 6, 200], len(kinds))
    samples = [_sample(rng, kind, 500) * scale for kind, scale in zip(kinds, scales, strict=True)]
    alone = [NormalScores(NumericReference.learn(sample)) for sample in samples]
    values = np.stack([rng.choice(sample, length) for sample in samples], axis=1)
    moved = rng.random(values.shape) < 0.5
    values[moved] = (values + rng.normal(size=values.shape) * scales)[moved]
    positions = rng.integers(0, 2**40, (length, len(kinds))) if rng.random() < 0.5 else np.arange(length)
    scores = NormalScoreColumns(alone).of(values, positions)
    for column, each in enumerate(alone):
        some = positions if positions.ndim == 1 else positions[:, column]
        assert scores[:, column].tobytes() == each.of(values[:, column].copy(), some).tobytes()


def test_a_value_that_is_not_finite_leaves_the_others() -> None:
    scores = NormalScores(NumericReference.learn(np.random.default_rng(1).normal(size=500)))
    values = np.array([[0.5, np.nan], [np.inf, 0.5], [-np.inf, 0.5]])
    found = NormalScoreColumns([scores, scores]).of(values, np.arange(3))
    assert found[0, 0] == found[1, 1] == found[2, 1] == scores.of(np.array([0.5]), np.arange(1))[0]


def test_a_value_that_is_infinite_times_the_factor_has_the_highest_score() -> None:
    rng = np.random.default_rng(1)
    alone = [NormalScores(NumericReference.learn(1e-6 * rng.normal(size=500))) for _ in range(3)]
    values = np.array([[1e308] * 3, [-1e308] * 3])
    found = NormalScoreColumns(alone).of(values, np.arange(2))
    for column, each in enumerate(alone):
        assert found[:, column].tobytes() == each.of(values[:, column].copy(), np.arange(2)).tobytes()
