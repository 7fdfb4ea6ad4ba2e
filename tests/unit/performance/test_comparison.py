"""Two versions side by side: split traffic, shadow, verdicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Bools, Floats
from stream_monitor.performance.alternating_outcomes import MAX_OPEN, AlternatingOutcomes
from stream_monitor.performance.comparison import Comparison, ScoredOutcomes
from stream_monitor.performance.paired_outcomes import MAX_UNPAIRED, PairedOutcomes


def _blocks(is_challenger: Bools, scores: Floats) -> list[tuple[float, int]]:
    """Return the definition of the differences: the first outcome of the other version ends a block."""
    found, block, side = [], [], False
    for row, (which, score) in enumerate(zip(is_challenger.tolist(), scores.tolist(), strict=True)):
        if block and which != side:
            newest = block[-MAX_OPEN:]
            better = sum((score > each) - (score < each) for each in newest) / len(newest)
            found.append((better if which else -better, row))
            block = []
        else:
            side = which
            block.append(score)
    return found


@given(
    st.integers(0, 10**6), st.sampled_from([0.02, 0.5, 0.95]), st.lists(st.integers(1, 40), min_size=1, max_size=8)
)
def test_differences_are_those_of_the_blocks_wherever_the_stream_is_cut(
    seed: int, share: float, sizes: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    is_challenger, scores = rng.random(sum(sizes)) < share, rng.integers(0, 3, sum(sizes)).astype(float)
    outcomes, found, begin = AlternatingOutcomes(), [], 0
    for size in sizes:
        rows = slice(begin, begin + size)
        values, at = outcomes.add(is_challenger[rows], scores[rows])
        found += zip(values.tolist(), (at + begin).tolist(), strict=True)
        saved = orjson.loads(orjson.dumps(outcomes.state()))
        outcomes = AlternatingOutcomes()
        outcomes.restore(saved)
        begin += size
    assert found == _blocks(is_challenger, scores)


def test_a_block_has_the_newest_outcomes_only() -> None:
    outcomes = AlternatingOutcomes()
    outcomes.add(np.zeros(5_000, bool), np.ones(5_000))
    assert outcomes.add(np.zeros(MAX_OPEN, bool), np.zeros(MAX_OPEN)).values.tolist() == []
    assert outcomes.add(np.ones(1, bool), np.ones(1)).values.tolist() == [1.0]


def test_ids_that_never_pair_are_bounded() -> None:
    outcomes = PairedOutcomes()
    ids = [str(at) for at in range(MAX_UNPAIRED + 1)]
    outcomes.add(ids, np.zeros(len(ids), bool), np.zeros(len(ids)))
    assert len(outcomes.state()) == MAX_UNPAIRED
    assert outcomes.add(["0"], np.ones(1, bool), np.ones(1)).values.tolist() == []
    assert outcomes.add(["2"], np.ones(1, bool), np.ones(1)).values.tolist() == [1.0]


def _split(seed: int, count: int, right: float, champion: float = 0.85) -> ScoredOutcomes:
    rng = np.random.default_rng(seed)
    is_challenger = rng.random(count) < 0.5
    scores = rng.random(count) < np.where(is_challenger, right, champion)
    return ScoredOutcomes([str(at) for at in range(count)], is_challenger, scores.astype(float))


def _shadow(seed: int, count: int, better: float, worse: float) -> ScoredOutcomes:
    """Return outcomes of ``count`` ids, of each first the champion's."""
    rng = np.random.default_rng(seed)
    u = rng.random(count)
    champion = (u >= better).astype(float)
    challenger = np.where((u < better) | (u >= better + worse), 1.0, 0.0)
    ids = [str(at // 2) for at in range(2 * count)]
    return ScoredOutcomes(ids, np.arange(2 * count) % 2 == 1, np.column_stack((champion, challenger)).ravel())


@pytest.mark.parametrize(("right", "verdict"), [(0.75, "worse"), (0.95, "better"), (0.85, "undecided")])
def test_versions_that_share_the_traffic(right: float, verdict: str) -> None:
    comparison = Comparison()
    comparison.update(_split(1, 8_000, right))
    result = comparison.result()
    assert (result.design, result.verdict) == ("split", verdict)
    assert result.bounds.lower < right - 0.85 < result.bounds.upper
    assert (result.decided_after is None) == (verdict == "undecided")


def test_a_shadow_is_found_by_the_ids() -> None:
    comparison = Comparison()
    comparison.update(_shadow(1, 3_000, 0.08, 0.02))
    result = comparison.result()
    assert (result.design, result.verdict) == ("shadow", "better")
    assert result.decided_after is not None
    assert result.decided_after < 2_000
    assert result.bounds.lower < 0.06 < result.bounds.upper


def test_a_design_that_is_given_holds_from_the_start() -> None:
    assert Comparison("shadow").result().design == "shadow"
    assert Comparison().result().design is None


def test_a_version_that_changes_gets_the_opposite_verdict() -> None:
    comparison = Comparison("split")
    comparison.update(_split(1, 3_000, 0.95))
    assert comparison.result().verdict == "better"
    comparison.update(_split(2, 12_000, 0.7))
    assert comparison.result().verdict == "worse"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.booleans(), st.lists(st.integers(1, 400), min_size=1, max_size=10))
def test_the_result_does_not_depend_on_cuts_and_restarts(seed: int, shadow: bool, sizes: list[int]) -> None:
    outcomes = _shadow(seed, 600, 0.3, 0.1) if shadow else _split(seed, 1_200, 0.4)
    whole, cut, begin = Comparison(), Comparison(), 0
    whole.update(outcomes)
    for size in [*sizes, 1_200]:
        part = outcomes.take(slice(begin, begin + size))
        if len(part.scores):
            cut.update(part)
        saved: dict[str, Any] = orjson.loads(orjson.dumps(cut.state()))
        cut = Comparison()
        cut.restore(saved)
        begin += size
    assert cut.result() == whole.result()
    assert cut.state() == whole.state()
