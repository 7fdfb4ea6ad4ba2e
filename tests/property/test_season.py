"""The levels of a season do not depend on batches or restarts."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.drift.period_sample import SAMPLED
from stream_monitor.drift.seasonality import Seasonality
from stream_monitor.signals.columns import Column
from tests.examples import examples
from tests.streams import cut, cuts

PERIOD = 2500


def _taken(values: np.ndarray, shares: list[float], is_given: bool, restarts: bool) -> list[Any]:
    """Return the state and the samples of a season after scores that come one a second."""
    season, said, begin = Seasonality(PERIOD, is_given), [], 0
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
            season = Seasonality(PERIOD, is_given)
            season.restore(state)
    return [*said, season.state(), season.levels(np.arange(0.0, PERIOD, 100.0)).tolist()]


@given(
    seed=st.integers(0, 99),
    amplitude=st.sampled_from((0.0, 0.7, 4.0)),
    shares=cuts(),
    is_given=st.booleans(),
    restarts=st.booleans(),
)
@settings(max_examples=examples(40), deadline=None)
def test_it_does_not_depend_on_batches(
    seed: int, amplitude: float, shares: list[float], is_given: bool, restarts: bool
) -> None:
    n = np.arange(5 * PERIOD)
    values = np.random.default_rng(seed).normal(size=len(n)) + amplitude * np.sin(2 * np.pi * n / PERIOD)
    whole = _taken(values, [], is_given, restarts=False)
    assert _taken(values, shares, is_given, restarts) == whole
    if amplitude == 4.0:
        # Every so manyth value of the first period: bounded, and from all over it.
        places = np.searchsorted(n, np.flatnonzero(np.isin(values * 10.0, whole[0])))
        assert SAMPLED / 2 <= len(whole[0]) <= SAMPLED and len(set(np.diff(places))) == 1
        assert places[-1] > 0.9 * PERIOD
