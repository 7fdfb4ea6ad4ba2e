"""The levels of a season do not depend on batches or restarts."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.detectors import KINDS
from stream_monitor.drift.context import RunnerContext
from stream_monitor.drift.period_sample import SAMPLED
from stream_monitor.drift.runner import DetectorRunner
from stream_monitor.drift.seasonality import Seasonality
from stream_monitor.signals.columns import Column
from tests.examples import examples
from tests.streams import cut, cuts

PERIOD = 2500


def _taken(
    values: np.ndarray, shares: list[float], periods: list[float], is_given: bool, restarts: bool
) -> list[Any]:
    """Return the state and the samples of a season after scores that come one a second."""
    season, said, begin = Seasonality(periods, is_given), [], 0
    for batch in cut(values, shares):
        index = np.arange(begin, begin + len(batch))
        rest, begin = Column(batch, index, index.astype(float)), begin + len(batch)
        while len(rest.values):
            room = season.room(rest.ts)
            sample = season.take_sample()
            said += [] if sample is None else [sample.tolist()]
            season.count(rest.until(room), rest.until(room).values * 10.0)
            rest = rest.cut(room)
        if restarts:
            state = json.loads(json.dumps(season.state()))
            season = Seasonality(periods, is_given)
            season.restore(state)
    return [*said, season.state(), season.levels(np.arange(0.0, PERIOD, 100.0)).tolist()]


@given(
    seed=st.integers(0, 99),
    amplitude=st.sampled_from((0.0, 0.7, 4.0)),
    shares=cuts(),
    periods=st.sampled_from(([PERIOD], [PERIOD, 2 * PERIOD], [PERIOD, 1.3 * PERIOD])),
    is_given=st.booleans(),
    restarts=st.booleans(),
)
@settings(max_examples=examples(40), deadline=None)
def test_it_does_not_depend_on_batches(
    seed: int, amplitude: float, shares: list[float], periods: list[float], is_given: bool, restarts: bool
) -> None:
    n = np.arange(5 * PERIOD)
    values = np.random.default_rng(seed).normal(size=len(n)) + amplitude * np.sin(2 * np.pi * n / PERIOD)
    whole = _taken(values, [], periods, is_given, restarts=False)
    assert _taken(values, shares, periods, is_given, restarts) == whole
    if amplitude == 4.0:
        # Every so manyth value of the first period: bounded, and from all over it.
        places = np.searchsorted(n, np.flatnonzero(np.isin(values * 10.0, whole[0])))
        assert SAMPLED / 2 <= len(whole[0]) <= SAMPLED and len(set(np.diff(places))) == 1
        assert places[-1] > 0.9 * PERIOD


def _detected(
    kind: Any, detector: str, values: np.ndarray, shares: list[float], periods: tuple[float, ...] | None
) -> list[Any]:
    """Return the state and the changes of a runner that is restarted between parts of values ten seconds apart."""
    context, found, begin = RunnerContext(kind, 500, season=periods), [], 0
    runner = DetectorRunner(KINDS[detector](), context, 2000.0)
    for batch in cut(values, shares):
        index = np.arange(begin, begin + len(batch))
        changes = runner.update(Column(batch, index, index * 10.0))
        begin += len(batch)
        found += [(one.found[:2], one.alarm[:2], *one[2:]) for one in changes]
        state = json.loads(json.dumps(runner.state(), default=lambda it: it.value))
        runner = DetectorRunner(KINDS[detector](), context, 2000.0)
        runner.restore(state)
    return [*found, json.loads(json.dumps(runner.state(), default=lambda it: it.value))]


@given(
    seed=st.integers(0, 99),
    amplitude=st.sampled_from((0.0, 0.1, 0.25)),
    shares=cuts(),
    kind=st.sampled_from(("share", "category", "number")),
    detector=st.sampled_from(("glr", "adwin", "ddm", "page_hinkley", "hddm_w")),
    periods=st.sampled_from(((25_000.0,), (25_000.0, 37_500.0), None)),
    change=st.sampled_from((1_500, 5_100, -500)),
)
@settings(max_examples=examples(40), deadline=None)
def test_shares_less_their_season_do_not_depend_on_batches(
    seed: int,
    amplitude: float,
    shares: list[float],
    kind: Any,
    detector: str,
    periods: tuple[float, ...] | None,
    change: int,
) -> None:
    """Neither do the periods that begin anew behind a change."""
    if kind == "number" and "number" not in KINDS[detector].takes:
        return
    n, rng = np.arange(12_500 if periods else 30_000), np.random.default_rng(seed)
    usual = (
        0.3
        + amplitude * np.sin(2 * np.pi * n * 10.0 / (periods[0] if periods else 86_400.0))
        + 0.3 * (n > change % len(n))
    )
    values = (rng.random(len(n)) < usual).astype(float)
    if kind == "category":
        values += 2.0 * (rng.random(len(n)) < 0.2)
    assert _detected(kind, detector, values, shares, periods) == _detected(kind, detector, values, [], periods)


def test_a_period_begins_anew_behind_the_change_itself() -> None:
    """Not behind the batch that the change was found in."""
    n, rng = np.arange(12_500), np.random.default_rng(1)
    values = (rng.random(len(n)) < 0.1 + 0.3 * (n > 1500)).astype(float)
    periods = (25_000.0, 37_500.0)
    assert _detected("share", "glr", values, [0.131], periods) == _detected("share", "glr", values, [], periods)
