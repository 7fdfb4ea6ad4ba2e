"""Label coverage where labels are counted without their predictions."""

from __future__ import annotations

import math

import numpy as np

from stream_monitor.performance.coverage import Coverage


def test_the_share_is_at_most_one() -> None:
    """A restored partition has labels whose predictions another replica has counted."""
    coverage = Coverage(maturity=0.0)
    coverage.predicted(np.array([0.0, 1.0], np.float64))
    coverage.labelled(np.array([0.0, 1.0, 2.0], np.float64))
    assert (coverage.mature, coverage.mature_labelled, coverage.share) == (2, 3, 1.0)


def test_there_is_no_share_before_a_prediction_is_mature() -> None:
    coverage = Coverage(maturity=10.0)
    coverage.predicted(np.array([0.0], np.float64))
    assert math.isnan(coverage.share)
