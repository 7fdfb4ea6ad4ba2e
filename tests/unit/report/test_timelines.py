"""Samples of a timeline in which some rows have no value."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.report.timelines import Grid, Samples

NAN = np.nan


@pytest.fixture
def samples() -> Samples:
    samples = Samples(2, 4)
    samples.newest[:] = [[1.0, NAN, NAN, NAN], [5.0, 6.0, NAN, 8.0]]
    return samples


def test_a_sample_is_a_point_though_its_first_value_is_missing(samples: Samples) -> None:
    positions, values = samples.points(Grid(np.arange(5), 10, 40))
    assert positions.tolist() == [9.0, 19.0, 39.0]
    assert np.array_equal(values, [[1.0, NAN, NAN], [5.0, 6.0, 8.0]], equal_nan=True)


def test_merged_bins_keep_the_values_of_one_sample(samples: Samples) -> None:
    samples.merge()
    assert np.array_equal(samples.newest, [[NAN, NAN, NAN, NAN], [6.0, 8.0, NAN, NAN]], equal_nan=True)
