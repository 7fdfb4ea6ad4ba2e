"""Page-Hinkley's budget: two sides have a false alarm each."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stream_monitor.detectors import DetectorContext
from stream_monitor.detectors.page_hinkley import PageHinkleyConfig
from stream_monitor.detectors.run_length import page_hinkley_threshold


@pytest.mark.parametrize("run_length", [1e3, 1e5, 1e7])
def test_two_sides_share_the_run_length(run_length: float) -> None:
    """Each has twice the run length of both: the theory for one side."""
    both = page_hinkley_threshold(run_length, 0.005, 2)
    assert both == pytest.approx(page_hinkley_threshold(2 * run_length, 0.005, 1))
    assert both > page_hinkley_threshold(run_length, 0.005, 1)


def test_the_detector_spends_its_budget_on_the_sides_that_it_looks_at() -> None:
    """A step up that one side needs not be stricter for is found earlier by it."""
    values = np.repeat([0.0, 0.5], [3000, 4000])
    index = {}
    for mode in ("up", "both"):
        config = PageHinkleyConfig(mode=mode)  # type: ignore[arg-type]
        for run_length in (1e4, 2e4):
            (found, *_) = config.make(DetectorContext(run_length=run_length)).update_many(values)
            index[mode, run_length] = found.index
    assert index["both", 1e4] == index["up", 2e4] > index["up", 1e4] > 3000
    (own, *_) = PageHinkleyConfig().make(DetectorContext(run_length=math.inf)).update_many(values)
    assert own.index < index["up", 1e4]
