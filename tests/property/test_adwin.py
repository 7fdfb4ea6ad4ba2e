"""ADWIN against river's own class."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import DetectorConfig
from stream_monitor.detectors.adwin import AdwinConfig
from tests.examples import examples
from tests.streams import configs, cut, cuts, feed, river_indices, streams


@given(config=configs("adwin"), values=streams(), shares=cuts())
@settings(max_examples=examples(200), deadline=None)
def test_indices_are_rivers(config: DetectorConfig, values: Floats, shares: list[float]) -> None:
    found = feed(config.make(), cut(values, shares))
    assert [change.index for change in found] == river_indices(config, values)


@given(st.lists(st.floats(-1e3, 1e3), max_size=300), cuts())
@settings(max_examples=examples(200), deadline=None)
def test_indices_are_rivers_on_any_numbers(values: list[float], shares: list[float]) -> None:
    config = AdwinConfig(delta=0.5, clock=1, min_window_length=1, grace_period=0)
    column = np.array(values)
    assert [c.index for c in feed(config.make(), cut(column, shares))] == river_indices(config, column)


def test_means_are_those_of_the_dropped_and_the_kept_part() -> None:
    values = np.repeat([1.0, 5.0], 1000)
    (change,) = AdwinConfig().make().update_many(values)
    assert change.before == 1.0
    assert 1.0 < change.after <= 5.0
