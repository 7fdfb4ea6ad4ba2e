"""DDM against river's own class."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import DetectorConfig
from stream_monitor.detectors.ddm import DdmConfig
from tests.examples import examples
from tests.streams import configs, cut, cuts, feed, river_indices, shares


@given(config=configs("ddm"), values=shares(), places=cuts())
@settings(max_examples=examples(80), deadline=None)
def test_indices_are_rivers(config: DetectorConfig, values: Floats, places: list[float]) -> None:
    found = feed(config.make(), cut(values, places))
    assert [change.index for change in found] == river_indices(config, values)


@given(st.lists(st.booleans(), max_size=300), cuts())
@settings(max_examples=examples(200), deadline=None)
def test_indices_are_rivers_on_any_zeros_and_ones(values: list[bool], places: list[float]) -> None:
    config = DdmConfig(warm_start=0, warning_threshold=0.5, drift_threshold=1.0)
    column = np.array(values, dtype=float)
    assert [c.index for c in feed(config.make(), cut(column, places))] == river_indices(config, column)


def test_the_means_are_those_before_and_in_the_warning_zone() -> None:
    values = np.concatenate([np.tile([0.0, 0.0, 0.0, 0.0, 1.0], 100), np.ones(100)])
    (change,) = DdmConfig().make().update_many(values)[:1]
    start = change.index + 1 - change.width
    assert 500 < start <= change.index
    assert (change.before, change.after) == (values[:start].mean(), 1.0)


def test_a_fall_is_none() -> None:
    values = np.concatenate([np.tile([0.0, 1.0], 500), np.zeros(1000)])
    assert DdmConfig().make().update_many(values) == []
