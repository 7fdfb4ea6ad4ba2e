"""Confusion matrices of each window against those of a list."""

from __future__ import annotations

import json

import numpy as np
import pytest

from stream_monitor.performance.class_codes import OTHER, UNLIKE
from stream_monitor.performance.confusion import BLOCK, ConfusionMatrices

DECAY = 0.999


@pytest.mark.parametrize("window", [1, 1000, 3 * BLOCK])
def test_matrices_are_those_of_a_list(window: int) -> None:
    rng = np.random.default_rng(1)
    y_true, y_pred = rng.integers(0, OTHER + 1, 4000), rng.integers(0, UNLIKE + 1, 4000)
    matrices = ConfusionMatrices(window, DECAY)
    for begin in range(0, 4000, 37):
        matrices.add(y_true[begin : begin + 37], y_pred[begin : begin + 37])
        matrices.restore(json.loads(json.dumps(matrices.state())))
    weights = {
        "cumulative": np.ones(4000),
        "rolling": (np.arange(4000) >= 4000 - window).astype(float),
        "decayed": DECAY ** np.arange(4000)[::-1],
    }
    for name, matrix in matrices.counts().items():
        expected = np.zeros(matrix.shape)
        np.add.at(expected, (y_true, y_pred), weights[name])
        np.testing.assert_allclose(matrix, expected, rtol=1e-12)


def test_before_the_first_outcome_all_counts_are_0() -> None:
    matrices = ConfusionMatrices(10, DECAY)
    assert not any(matrix.any() for matrix in matrices.counts().values())
    assert not matrices.cumulative.any()
