"""FHDDM against river's own class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import DetectorConfig
from stream_monitor.detectors.fhddm import FhddmConfig
from tests.examples import examples
from tests.streams import configs, cut, cuts, feed, river_indices, shares


@given(config=configs("fhddm"), values=shares(), places=cuts())
@settings(max_examples=examples(80), deadline=None)
def test_indices_are_rivers(config: DetectorConfig, values: Floats, places: list[float]) -> None:
    found = feed(config.make(), cut(values, places))
    assert [change.index for change in found] == river_indices(config, values)


@given(st.lists(st.booleans(), max_size=200), cuts(), st.integers(0, 8), st.sampled_from(("up", "down", "both")))
@settings(max_examples=examples(200), deadline=None)
def test_indices_are_rivers_on_any_zeros_and_ones(
    values: list[bool], places: list[float], short: int, mode: str
) -> None:
    config = FhddmConfig(sliding_window_size=8, confidence_level=0.3, short_window_size=short, mode=mode)
    column = np.array(values, dtype=float)
    assert [c.index for c in feed(config.make(), cut(column, places))] == river_indices(config, column)


def test_each_mode_finds_its_direction() -> None:
    values = np.repeat([0.0, 1.0, 0.0], 500)
    found = {mode: FhddmConfig(mode=mode).make().update_many(values) for mode in ("up", "down", "both")}
    assert [change.index // 500 for change in found["up"]] == [1]
    assert [change.index // 500 for change in found["down"]] == [2]
    assert [change.index // 500 for change in found["both"]] == [1, 2]


def test_the_means_are_those_of_the_window_that_fired_and_of_all_before() -> None:
    values = np.repeat([0.0, 1.0], 500)
    (change,) = FhddmConfig(short_window_size=20).make().update_many(values)
    assert (change.index, change.width) == (511, 20)
    assert (change.before, change.after) == (0.0, 12 / 20)


def test_the_short_window_is_the_shorter() -> None:
    with pytest.raises(ValidationError, match="must be at most sliding_window_size, which is 50"):
        FhddmConfig(sliding_window_size=50, short_window_size=51)
