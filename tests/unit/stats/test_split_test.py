"""The sequential test of the split of traffic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from stream_monitor.stats.split_test import split_p_value


def test_it_is_the_inverse_of_the_bayes_factor() -> None:
    """Under a uniform prior every count of two parts is as likely as any other."""
    likelihood = stats.binom.pmf(40, 50, 0.6)
    assert split_p_value([40, 10], [0.6, 0.4]) == pytest.approx(min(likelihood * 51, 1.0))


def test_a_split_as_declared_is_rarely_taken_for_another_one_however_often_one_looks() -> None:
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(100):
        seen = rng.random(2_000) < 0.1
        counts = [(int(seen[:at].sum()), int(at - seen[:at].sum())) for at in range(20, 2_001, 20)]
        alarms += any(split_p_value(each, [0.1, 0.9]) < 0.05 for each in counts)
    assert alarms <= 10


def test_another_split_is_found() -> None:
    assert split_p_value([1_200, 8_800], [0.1, 0.9]) < 1e-6
    assert split_p_value([0, 0], [0.1, 0.9]) == 1.0
    assert split_p_value([10**9, 0], [0.5, 0.5]) == 0.0
