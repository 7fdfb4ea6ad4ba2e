"""The histogram of label delays against a count of each bucket."""

from __future__ import annotations

import functools
import itertools
import json
import math
import operator

import numpy as np
import pytest

from stream_monitor.performance.label_delay import DELAY_BUCKETS, Histogram


@pytest.mark.parametrize("cut", [0, 1, 500])
def test_a_value_is_in_the_first_bucket_whose_bound_it_does_not_exceed(cut: int) -> None:
    values = [*DELAY_BUCKETS, 0.0, 1e9, *np.random.default_rng(1).exponential(1e5, size=1000).tolist()]
    histogram = Histogram(DELAY_BUCKETS)
    histogram.add_many(values[:cut])
    again = Histogram(DELAY_BUCKETS)
    again.restore(json.loads(json.dumps(histogram.state())))
    again.add_many(values[cut:])
    edges = [-math.inf, *DELAY_BUCKETS, math.inf]
    pairs = itertools.pairwise(edges)
    assert again.counts == [sum(low < value <= high for value in values) for low, high in pairs]
    assert again.total == functools.reduce(operator.add, values)  # sum() of floats compensates from Python 3.12 on
