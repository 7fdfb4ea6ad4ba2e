"""Page-Hinkley against river's own class, which takes one value at a time."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import DetectorConfig
from stream_monitor.detectors.page_hinkley import CHUNK, PageHinkleyConfig
from tests.examples import examples
from tests.streams import configs, cut, cuts, feed, river_indices, streams


@given(config=configs("page_hinkley"), values=streams(), shares=cuts())
@settings(max_examples=examples(200), deadline=None)
def test_indices_are_rivers(config: DetectorConfig, values: Floats, shares: list[float]) -> None:
    found = feed(config.make(), cut(values, shares))
    assert [change.index for change in found] == river_indices(config, values)


@given(
    values=streams(segments=2, longest=600),
    shares=cuts(),
    mode=st.sampled_from(("up", "down", "both")),
    threshold=st.floats(0.0123, 12.34),
    alpha=st.floats(0.5, 1),
    min_instances=st.integers(1, 40),
)
@settings(max_examples=examples(200), deadline=None)
def test_indices_are_rivers_where_there_are_many(
    values: Floats, shares: list[float], mode: str, threshold: float, alpha: float, min_instances: int
) -> None:
    config = PageHinkleyConfig(mode=mode, threshold=threshold, alpha=alpha, min_instances=min_instances)
    found = feed(config.make(), cut(values, shares))
    assert [change.index for change in found] == river_indices(config, values)


@pytest.mark.parametrize("near", [-1, 0, 1])
def test_indices_are_rivers_around_the_end_of_a_chunk(near: int) -> None:
    values = np.random.default_rng(2).normal(size=3 * CHUNK)
    values[CHUNK + near - 20 :] += 3.0
    config = PageHinkleyConfig(threshold=30)
    assert [c.index for c in config.make().update_many(values)] == river_indices(config, values)


def test_many_detections_do_not_make_it_quadratic() -> None:
    values = np.tile([0.0, 10.0], 10_000)
    config = PageHinkleyConfig(min_instances=1, threshold=1, delta=0)
    began = time.process_time()
    assert len(config.make().update_many(values)) > 5_000
    assert time.process_time() - began < 8


def test_means_stand_on_both_sides_of_the_sums_minimum() -> None:
    values = np.repeat([1.0, 5.0], 1000)
    (change,) = PageHinkleyConfig().make().update_many(values)
    assert (change.before, change.after) == (1.0, 5.0)
