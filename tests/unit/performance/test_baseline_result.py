"""Verdicts on a model against a baseline, and how often they are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stream_monitor.performance.baseline_result import BaselineResult, judge
from stream_monitor.performance.baseline_tally import ClassTally, NumberTally
from stream_monitor.stats.intervals import Interval

MIN_SKILL = 0.05


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [
        ((0.001, 0.003), "better"),
        ((-0.02, -0.001), "worse"),
        ((-0.02, 0.004), "no_better"),
        ((0.0, 0.004), "no_better"),
        ((-0.02, 0.006), "undecided"),
        ((-np.inf, np.inf), "undecided"),
    ],
)
def test_the_verdict_by_the_bounds(bounds: tuple[float, float], verdict: str) -> None:
    """With errors of 10 %, a skill of 5 % is half a point."""
    assert judge(Interval(*bounds), 0.1, MIN_SKILL) == verdict


def _classified(rng: Any, model: float, baseline: float, count: int) -> BaselineResult:
    """Return the result of a model and a baseline that are right in these shares of the outcomes."""
    tally, truth = ClassTally("majority_class", 100, 0.99), np.zeros(count, np.int64)
    wrong = [(rng.random(count) >= share).astype(np.int64) for share in (model, baseline)]
    tally.add(truth, *wrong)
    return tally.result(MIN_SKILL, None)


def test_verdicts_on_classifiers() -> None:
    rng = np.random.default_rng(1)
    assert _classified(rng, 0.9, 0.7, 1_000).verdict == "better"
    assert _classified(rng, 0.7, 0.9, 1_000).verdict == "worse"
    assert _classified(rng, 0.8, 0.8, 100).verdict == "undecided"


def test_a_model_that_predicts_as_the_baseline_does_is_no_better() -> None:
    tally, truth = ClassTally("majority_class", 100, 0.99), np.arange(5_000) % 4 // 3
    tally.add(truth, np.zeros(5_000, np.int64), np.zeros(5_000, np.int64))
    found = tally.result(MIN_SKILL, None)
    assert (found.verdict, found.difference, found.skill["accuracy"]["cumulative"]) == ("no_better", 0.0, 0.0)


def _regressed(rng: Any, scale: float, count: int) -> BaselineResult:
    """Return the result of errors of the model that are so many times those of the baseline, which are skewed."""
    tally, truth = NumberTally("running_mean", 100, 0.99), np.zeros(count)
    tally.add(truth, scale * rng.lognormal(0.0, 1.0, count), rng.lognormal(0.0, 1.0, count))
    return tally.result(MIN_SKILL)


def test_verdicts_on_regressions() -> None:
    rng = np.random.default_rng(1)
    assert _regressed(rng, 0.5, 2_000).verdict == "better"
    assert _regressed(rng, 2.0, 2_000).verdict == "worse"
    assert _regressed(rng, 1.0, 99).verdict == "undecided"


@pytest.mark.parametrize("make", [_classified, _regressed], ids=["classification", "regression"])
def test_an_equal_model_is_told_to_be_better_or_worse_in_5_percent_at_most(make: Any) -> None:
    """Looked at in 12 places of each of 200 streams."""
    rng, wrong = np.random.default_rng(2), 0
    for _ in range(200):
        if make is _regressed:
            tally: Any = NumberTally("running_mean", 100, 0.99)
        else:
            tally = ClassTally("majority_class", 100, 0.99)
        wrong += _is_ever_wrong(rng, tally)
    assert wrong <= 10


def _is_ever_wrong(rng: Any, tally: Any) -> bool:
    for _ in range(12):
        if isinstance(tally, NumberTally):
            tally.add(np.zeros(250), *rng.lognormal(0.0, 1.0, (2, 250)))
            verdict = tally.result(MIN_SKILL).verdict
        else:
            tally.add(np.zeros(250, np.int64), *(rng.random((2, 250)) < 0.3).astype(np.int64))
            verdict = tally.result(MIN_SKILL, None).verdict
        if verdict in ("better", "worse"):
            return True
    return False
