"""HDDM-W against river's own class."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import DetectorConfig
from stream_monitor.detectors.hddm_w import HddmWConfig
from tests.examples import examples
from tests.streams import configs, cut, cuts, feed, river_indices, shares


@given(config=configs("hddm_w"), values=shares(), places=cuts())
@settings(max_examples=examples(80), deadline=None)
def test_indices_are_rivers(config: DetectorConfig, values: Floats, places: list[float]) -> None:
    found = feed(config.make(), cut(values, places))
    assert [change.index for change in found] == river_indices(config, values)


@given(st.lists(st.booleans(), max_size=300), cuts(), st.booleans())
@settings(max_examples=examples(200), deadline=None)
def test_indices_are_rivers_on_any_zeros_and_ones(values: list[bool], places: list[float], two_sided: bool) -> None:
    config = HddmWConfig(drift_confidence=0.5, two_sided_test=two_sided)
    column = np.array(values, dtype=float)
    assert [c.index for c in feed(config.make(), cut(column, places))] == river_indices(config, column)


def test_falls_are_found_when_asked_for() -> None:
    values = np.repeat([1.0, 0.0], 500)
    assert HddmWConfig().make().update_many(values) == []
    (change,) = HddmWConfig(two_sided_test=True).make().update_many(values)
    assert 500 <= change.index < 550
    assert change.before > 0.9 > 0.1 > change.after


def test_long_constant_and_repeated_stretches_end_their_cut_points_as_rivers_do() -> None:
    """The levels of the cut points converge there, so that the last bits decide."""
    rng = np.random.default_rng(3)
    parts = [np.zeros(3000), (rng.random(500) < 0.3).astype(float), np.tile([0.0, 1.0, 1.0], 1000), np.ones(2000)]
    values = np.concatenate([*parts, np.zeros(60), *parts[::-1], (rng.random(3000) < 0.5).astype(float)])
    for lambda_val in (0.003, 0.05, 0.3):
        config = HddmWConfig(lambda_val=lambda_val, drift_confidence=0.05, two_sided_test=True)
        found = [change.index for change in feed(config.make(), np.split(values, range(0, len(values), 701)))]
        assert found == river_indices(config, values)
        assert len(found) > 3
