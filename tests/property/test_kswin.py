"""KSWIN against river's own class, and its critical gaps against SciPy's p-values."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors.kswin import KswinConfig, _critical_gap, _p_value
from tests.examples import examples
from tests.streams import cut, cuts, feed, river_indices, shares, streams

_configs = st.builds(
    KswinConfig,
    alpha=st.sampled_from((1e-6, 1e-4, 0.005, 0.05)),
    window_size=st.sampled_from((60, 100, 150)),
    stat_size=st.sampled_from((10, 25, 30)),
    seed=st.integers(0, 2**70),
)


@given(config=_configs, values=streams(longest=200) | shares(longest=200), places=cuts())
@settings(max_examples=examples(30), deadline=None)
def test_indices_are_rivers(config: KswinConfig, values: Floats, places: list[float]) -> None:
    found = feed(config.make(), cut(values, places))
    assert [change.index for change in found] == river_indices(config, values)


@pytest.mark.parametrize(("window_size", "stat_size"), [(2, 1), (9, 4), (300, 130), (700, 5)])
def test_indices_are_rivers_for_windows_of_any_size(window_size: int, stat_size: int) -> None:
    config = KswinConfig(alpha=0.05, window_size=window_size, stat_size=stat_size)
    values = np.random.default_rng(4).normal(size=1200).round(1) + np.repeat([0.0, 1.0], 600)
    assert [change.index for change in config.make().update_many(values)] == river_indices(config, values)


@given(size=st.integers(1, 200), share=st.floats(0, 1))
@settings(max_examples=examples(200), deadline=None)
def test_p_values_are_scipys(size: int, share: float) -> None:
    gap = max(1, round(size * share))
    ours = np.arange(size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rounding errors near 1
        theirs = stats.ks_2samp(ours, ours + gap).pvalue
    assert theirs > 0.999 or np.isclose(_p_value(size, gap), theirs, rtol=1e-9, atol=0)


@pytest.mark.parametrize("alpha", [1e-300, 1e-6, 0.005, 0.05, 0.5])
@pytest.mark.parametrize("size", [1, 2, 7, 10, 30, 100, 1000])
def test_the_critical_gap_is_the_smallest_that_river_takes_for_a_drift(size: int, alpha: float) -> None:
    critical = _critical_gap(size, alpha)
    gaps = [gap for gap in (critical - 1, critical) if 0 < gap <= size]
    drifts = [_p_value(size, gap) <= alpha and gap / size > 0.1 for gap in gaps]
    assert drifts == [gap >= critical for gap in gaps]


def test_a_large_sample_is_no_trouble() -> None:
    assert _critical_gap(5_000, 0.005) == 501  # a tenth of the sample is more than significant
    assert _critical_gap(5_000, 1e-300) > 1000


def test_a_restored_detector_draws_what_it_would_have_drawn() -> None:
    values = np.random.default_rng(8).normal(size=900)
    config = KswinConfig(seed=5, alpha=0.02)
    one, other = config.make(), config.make()
    one.update_many(values[:333])
    other.restore(json.loads(json.dumps(one.state())))
    assert other.update_many(values[333:]) == one.update_many(values[333:])
    assert other.state() == one.state()


def test_the_sample_is_at_most_half_of_the_window() -> None:
    with pytest.raises(ValidationError, match=r"stat_size\n.*must be at most half of window_size, which is 50"):
        KswinConfig(window_size=50)
