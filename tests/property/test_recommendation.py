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
from stream_monitor.tuning.injection import CHANGES
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
    return tally


def _sweep(found: list[Tally], events: int) -> Sweep:
    column = Column(np.zeros(events), np.arange(events), np.full(events, np.nan))
    signals = (Signal("score", "number", column), Signal("prediction", "number", column))
    return Sweep(Recording(ModelVersion("m", "1"), events, 0, (), signals, None), found, 1, {}, [])


@given(st.lists(tallies(), min_size=1, max_size=6), st.sampled_from((5_000, 400_000)))
def test_the_fastest_of_those_that_keep_to_the_budget(found: list[Tally], events: int) -> None:
    wanted = 100_000.0
    result = recommend(_sweep(found, events), wanted, HORIZON)
    judged = events - 500
    assert result.events == pytest.approx(judged)
    keeping = [tally for tally in found if _keeps(tally, judged, wanted)]
    assert result.keeps == bool(keeping)
    best = result.best.tally
    if keeping:
        assert any(best is tally for tally in keeping)
        assert _typical(best) == pytest.approx(min(map(_typical, keeping)))
    else:
        assert best.false_alarms == min(tally.false_alarms for tally in found)


def _keeps(tally: Tally, events: int, wanted: float) -> bool:
    """Return True if the rule holds, by scipy's distributions."""
    alarms, promised = tally.false_alarms, tally.candidate.promised
    if alarms and stats.poisson.sf(alarms - 1, events / wanted) < 0.05:
        return False
    at_least = events / (stats.chi2.ppf(0.95, 2 * (alarms + 1)) / 2)
    return at_least >= wanted or (promised or 0.0) >= wanted


def _typical(tally: Tally) -> float:
    return float(stats.gmean([np.median(np.minimum(delays, HORIZON)) for delays in tally.delays.values()]))


@given(st.integers(0, 50), st.floats(10.0, 1e7))
def test_the_bound_is_that_of_the_poisson_distribution(alarms: int, events: float) -> None:
    bound = min_run_length(events, alarms)
    assert stats.poisson.cdf(alarms, events / bound) == pytest.approx(0.05)
    assert not is_contradicted(events, alarms, bound)
