"""The recommendation keeps its rule, whatever the tallies."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stream_monitor.config.units import RunLength
from stream_monitor.core.events import ModelVersion
from stream_monitor.signals.columns import Column
from stream_monitor.tuning.candidates import Candidate
from stream_monitor.tuning.evidence import is_contradicted, min_run_length
from stream_monitor.tuning.injection import CHANGES, Injection
from stream_monitor.tuning.recommendation import recommend
from stream_monitor.tuning.recording import Recording, Signal
from stream_monitor.tuning.sweep import Sweep
from stream_monitor.tuning.trial import Tally

HORIZON = 1000
_delays = st.one_of(st.floats(1.0, 1000.0), st.just(math.inf))


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    promised = draw(st.sampled_from((None, 10_000.0, 100_000.0, 1_000_000.0)))
    length = promised or 1_000_000.0
    candidate = Candidate("glr", RunLength(length, None), length, 500, "none", promised)
    tally = Tally(candidate, surrogate=Counter(score=draw(st.integers(0, 6))))
    for change in CHANGES[:3]:
        tally.delays[change] = draw(st.lists(_delays, min_size=1, max_size=5))
    if draw(st.booleans()):
        tally.delays[CHANGES[2]] = draw(st.lists(st.floats(1.0, 1000.0), min_size=20, max_size=20))
        tally.delays[CHANGES[2]][0] = draw(_delays)
    return tally


def _sweep(found: list[Tally], events: int) -> Sweep:
    column = Column(np.zeros(events), np.arange(events), np.full(events, np.nan))
    signals = (Signal("score", "number", column), Signal("prediction", "number", column))
    return Sweep(Recording(ModelVersion("m", "1"), events, 0, (), signals, None), found, 1, {}, [])


@given(st.lists(tallies(), min_size=1, max_size=6), st.sampled_from((5_000, 400_000)))
def test_the_fastest_of_those_that_keep_to_the_budget(found: list[Tally], events: int) -> None:
    wanted = 100_000.0
    result = recommend(_sweep(found, events), wanted)
    judged = events - 500
    assert result.events == pytest.approx(judged)
    fitting = [tally for tally in found if _keeps(tally, judged, wanted) and _misses(tally) <= 0.05]
    assert [evaluation.tally for evaluation in result.fitting] == fitting
    assert (result.best is None) == (not fitting)
    if result.best:
        best = result.best.tally
        assert any(best is tally for tally in fitting)
        compared = [change for change in CHANGES[:3] if all(_found(tally, change) >= 0.5 for tally in fitting)]
        # What every candidate that fits must find is among them.
        assert CHANGES[2] in compared
        assert _typical(best, compared) == pytest.approx(min(_typical(tally, compared) for tally in fitting))


@given(st.lists(tallies(), min_size=1, max_size=6))
def test_a_candidate_out_has_its_rules(found: list[Tally]) -> None:
    for evaluation in recommend(_sweep(found, 400_000), 100_000.0).evaluations:
        assert ("missed" in evaluation.rules) == (_misses(evaluation.tally) > 0.05)
        assert bool({"over", "unproven"} & set(evaluation.rules)) == (
            not _keeps(evaluation.tally, 399_500, 100_000.0)
        )


def _keeps(tally: Tally, events: int, wanted: float) -> bool:
    """Return True if the rule holds, by scipy's distributions."""
    alarms, promised = tally.false_alarms, tally.candidate.promised
    if alarms and stats.poisson.sf(alarms - 1, events / wanted) < 0.05:
        return False
    at_least = events / (stats.chi2.ppf(0.95, 2 * (alarms + 1)) / 2)
    return at_least >= wanted or (promised or 0.0) >= wanted


def _misses(tally: Tally) -> float:
    """Return the share of the changes of one standard deviation that were missed."""
    return float(np.mean(np.isinf(tally.delays[Injection("level", 1.0)])))


def _found(tally: Tally, change: Injection) -> float:
    return float(np.mean(np.isfinite(tally.delays[change])))


def _typical(tally: Tally, changes: list[Injection]) -> float:
    return float(stats.gmean([_survival_median(tally.delays[change]) for change in changes]))


def _survival_median(delays: list[float]) -> float:
    """Return the Kaplan-Meier median by scipy, censored at the horizon."""
    times, is_censored = np.minimum(delays, HORIZON), np.isinf(delays)
    survival = stats.ecdf(stats.CensoredData.right_censored(times, is_censored)).sf
    return float(survival.quantiles[np.flatnonzero(survival.probabilities <= 0.5 + 1e-9)[0]])


@given(st.integers(0, 50), st.floats(10.0, 1e7))
def test_the_bound_is_that_of_the_poisson_distribution(alarms: int, events: float) -> None:
    bound = min_run_length(events, alarms)
    assert stats.poisson.cdf(alarms, events / bound) == pytest.approx(0.05)
    assert not is_contradicted(events, alarms, bound)
