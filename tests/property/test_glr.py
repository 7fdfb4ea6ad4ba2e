"""`glr` against a naive rewrite, and against its promised run length."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import Change, DetectorContext
from stream_monitor.detectors.glr import GlrConfig
from stream_monitor.detectors.run_length import GLR
from tests.examples import examples
from tests.streams import cut, cuts, feed

LEVELS = 9


def _windows(n: int, clock: int) -> list[int]:
    """Return the lengths of windows tested after n values."""
    lengths = [clock * blocks for blocks in range(1, 8)] if n % clock == 0 else []
    for level in range(LEVELS):
        if n % (clock << level) == 0:
            lengths += [(clock << level) * blocks for blocks in (8, 10, 12, 14)]
    return [length for length in lengths if n - length >= 32]


def _ratio(values: Floats, length: int, kind: str) -> float:
    before, after = values[:-length], values[-length:]
    if kind == "number":
        everything = ((values - values.mean()) ** 2).sum()
        within = ((before - before.mean()) ** 2).sum() + ((after - after.mean()) ** 2).sum()
        return (
            0.0
            if everything <= 1e-9 * (values**2).sum()
            else len(values) / 2 * math.log(everything / max(within, 1e-300))
        )

    def likelihood(part: Floats) -> float:
        share = part.mean()
        return sum(len(part) * p * math.log(p) for p in (share, 1 - share) if p > 0)

    return likelihood(before) + likelihood(after) - likelihood(values)


def _naive(values: Floats, threshold: float, clock: int, kind: str) -> list[tuple[int, int]]:
    """Return index and width of each change."""
    found, start = [], 0
    for end in range(1, len(values) + 1):
        seen = values[start:end]
        best: tuple[float, int] | None = None
        for length in _windows(len(seen), clock):
            over = _ratio(seen, length, kind) - (threshold + 1.5 * math.log(max(512 / length, 1.0)))
            after = seen[-length:]
            rises = after.mean() > seen.mean()
            enough = kind == "number" or (after.sum() if rises else length - after.sum()) >= 4
            if over > 0 and enough and (best is None or over > best[0]):
                best = (over, length)
        if best:
            found.append((end - 1, best[1]))
            start = end
    return found


def _stream(seed: int, kind: str) -> Floats:
    rng = np.random.default_rng(seed)
    levels = np.repeat(rng.random(3), 80)
    if kind == "share":
        return (rng.random(240) < levels).astype(float)
    return rng.normal(3 * levels, 1.0) * 10.0 ** rng.integers(-6, 6)


@pytest.mark.parametrize("kind", ["number", "share"])
@given(seed=st.integers(0, 2**32 - 1), threshold=st.floats(0.5, 6), clock=st.integers(1, 9), shares=cuts())
@settings(max_examples=examples(8), deadline=None)
def test_it_finds_what_the_formula_finds(
    kind: str, seed: int, threshold: float, clock: int, shares: list[float]
) -> None:
    values = _stream(seed, kind)
    config = GlrConfig(threshold=threshold, clock=clock, min_effect=0.0)
    found = feed(config.make(DetectorContext(kind)), cut(values, shares))  # type: ignore[arg-type]
    assert [(change.index, change.width) for change in found] == _naive(values, threshold, clock, kind)


def test_of_categories_it_names_the_one_that_changed() -> None:
    rng = np.random.default_rng(3)
    values = np.concatenate(
        (rng.choice(4, 3000, p=[0.4, 0.3, 0.2, 0.1]), rng.choice(4, 2000, p=[0.4, 0.2, 0.2, 0.2]))
    )
    detector = GlrConfig().make(DetectorContext("category", run_length=100_000, categories=4))
    change = detector.update_many(values.astype(float))[0]
    assert change.category == 3
    assert 3000 < change.index < 3400
    assert (round(change.before, 1), round(change.after, 1)) == (0.1, 0.2)


@pytest.mark.parametrize("row", [1, 3])
def test_it_runs_as_long_as_the_table_says(row: int) -> None:
    log_run_length, threshold = GLR[row]
    detector = GlrConfig(threshold=threshold, min_effect=0.0).make()
    values = np.random.default_rng(11).normal(size=600_000)
    alarms = len(detector.update_many(values))
    assert abs(math.log(len(values) / alarms) - log_run_length) < 4 / math.sqrt(alarms)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_shares_run_no_shorter(share: float) -> None:
    detector = GlrConfig().make(DetectorContext("share", run_length=10_000))
    values = (np.random.default_rng(5).random(500_000) < share).astype(float)
    assert len(detector.update_many(values)) < 75


def test_a_larger_weight_is_more_evidence() -> None:
    values = (np.random.default_rng(1).random(4000) < np.repeat([0.1, 0.2], 2000)).astype(float)

    def first(weight: float) -> Change:
        return GlrConfig(threshold=6.0).make(DetectorContext("share", weight=weight)).update_many(values)[0]

    assert first(2.0).index < first(1.0).index < first(0.5).index


def test_a_small_change_is_none_of_its_business() -> None:
    values = np.random.default_rng(1).normal(np.repeat([0.0, 0.3], 20_000))
    assert GlrConfig(min_effect=1.0).make().update_many(values) == []
    assert GlrConfig(min_effect=0.1).make().update_many(values)
