"""SEED against a plain rewrite: a list of blocks, all borders compared one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors.seed import Seed, SeedConfig
from tests.examples import examples
from tests.streams import configs, cut, cuts, feed, shares, streams


class _Naive:
    """The blocks hold their values."""

    def __init__(self, config: SeedConfig) -> None:
        self.config = config
        self.blocks: list[list[float]] = [[]]
        self.full = 0

    def update(self, value: float) -> tuple[float, float, int] | None:
        self.blocks[-1].append(value)
        if len(self.blocks[-1]) < self.config.block_size:
            return None
        change = self.check()
        self.full += 1
        if change:
            self.blocks, self.full = [], 0
        elif self.full % self.config.compression_term == 0:
            self.compress()
        self.blocks.append([])
        return change

    def check(self) -> tuple[float, float, int] | None:
        values = [value for block in self.blocks for value in block]
        variance = float(np.var(values))
        logarithm = math.log(2 * math.log(len(values)) / self.config.delta)
        for border in range(len(self.blocks) - 1, 0, -1):
            newer = sum(len(block) for block in self.blocks[border:])
            before, after = np.mean(values[:-newer]), np.mean(values[-newer:])
            parts = 1 / newer + 1 / (len(values) - newer)
            bound = math.sqrt(2 * parts * variance * logarithm) + 2 / 3 * logarithm * parts
            if abs(before - after) > bound:
                return float(before), float(after), newer
        return None

    def compress(self) -> None:
        kept = [self.blocks[-1]]
        for turn, block in enumerate(reversed(self.blocks[:-1]), start=1):
            if abs(np.mean(block) - np.mean(kept[-1])) < turn * (self.config.epsilon_prime * self.config.alpha):
                kept[-1] = block + kept[-1]
            else:
                kept.append(block)
        self.blocks = kept[::-1]


_short = st.builds(
    SeedConfig,
    delta=st.sampled_from((0.001, 0.05, 0.5)),
    block_size=st.integers(2, 16),
    epsilon_prime=st.sampled_from((0.0, 0.01, 0.05)),
    alpha=st.sampled_from((0.2, 0.8)),
    compression_term=st.sampled_from((1, 2, 5, 20)),
)


@given(config=_short | configs("seed"), values=streams(longest=250) | shares(longest=250), places=cuts())
@settings(max_examples=examples(80), deadline=None)
def test_changes_are_those_of_the_rewrite(config: SeedConfig, values: Floats, places: list[float]) -> None:
    _compare(config, values, places)


@pytest.mark.parametrize("seed", range(8))
def test_small_shifts_are_found_where_the_rewrite_finds_them(seed: int) -> None:
    """Shifts of each size, so that some are next to the bound."""
    rng = np.random.default_rng(seed)
    levels = np.repeat(np.cumsum(rng.normal(scale=0.7, size=12)), 60)
    config = SeedConfig(delta=[0.001, 0.05, 0.5][seed % 3], block_size=[4, 16][seed % 2], compression_term=5)
    _compare(config, levels + rng.normal(size=len(levels)), [0.3, 0.6])


def _compare(config: SeedConfig, values: Floats, places: list[float]) -> None:
    detector, naive = Seed(config), _Naive(config)
    found = feed(detector, cut(values, places))
    theirs = [(index, naive.update(value)) for index, value in enumerate(values.tolist())]
    wanted = [(index, *change) for index, change in theirs if change]
    assert [change.index for change in found] == [index for index, *_ in wanted]
    np.testing.assert_allclose([c[1:4] for c in found], [w[1:] for w in wanted], rtol=1e-9, atol=1e-9)
    assert detector.state()["counts"] == [len(block) for block in naive.blocks[:-1]]
    assert detector.state()["rest"] == naive.blocks[-1]


def test_checking_few_at_a_time_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).normal(size=20_000) + np.repeat([0.0, 0.2, 0.4, 0.2], 5000)
    whole = SeedConfig().make().update_many(values)
    monkeypatch.setattr("stream_monitor.detectors.seed.PAIRS", 1)
    assert SeedConfig().make().update_many(values) == whole
    assert len(whole) >= 2


def test_a_long_stationary_stream_is_kept_in_few_blocks() -> None:
    detector = Seed(SeedConfig(delta=0.002))
    assert detector.update_many(np.random.default_rng(1).normal(size=200_000) * 0.5) == []
    assert len(detector.state()["counts"]) < 300
