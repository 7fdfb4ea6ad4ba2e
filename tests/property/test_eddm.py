"""EDDM against river's own class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import DetectorConfig
from stream_monitor.detectors.eddm import EddmConfig
from tests.examples import examples
from tests.streams import configs, cut, cuts, feed, river_indices, shares


@given(config=configs("eddm"), values=shares(), places=cuts())
@settings(max_examples=examples(80), deadline=None)
def test_indices_are_rivers(config: DetectorConfig, values: Floats, places: list[float]) -> None:
    found = feed(config.make(), cut(values, places))
    assert [change.index for change in found] == river_indices(config, values)


@given(st.lists(st.booleans(), max_size=300), cuts())
@settings(max_examples=examples(200), deadline=None)
def test_indices_are_rivers_on_any_zeros_and_ones(values: list[bool], places: list[float]) -> None:
    config = EddmConfig(warm_start=2, beta=0.9)
    column = np.array(values, dtype=float)
    assert [c.index for c in feed(config.make(), cut(column, places))] == river_indices(config, column)


def test_beta_is_at_most_alpha() -> None:
    with pytest.raises(ValidationError, match=r"beta\n.*must be at most alpha, which is 0.8"):
        EddmConfig(alpha=0.8)


def test_the_means_are_shares_of_ones() -> None:
    values = (np.random.default_rng(0).random(1000) < np.repeat([0.1, 0.9], 500)).astype(float)
    (change,) = EddmConfig(beta=0.5).make().update_many(values)
    start = change.index + 1 - change.width
    assert np.isclose(change.before, values[:start].mean())
    assert np.isclose(change.after, values[start : change.index + 1].mean())
