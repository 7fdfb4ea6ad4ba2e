"""The shrinkage of the means of the parts of a period."""

from __future__ import annotations

import numpy as np

from stream_monitor.stats.cyclic_shrinkage import shrunken


def test_what_chance_explains_is_shrunk() -> None:
    """A share of one half with 100 values in each of 24 parts has means with a standard deviation of 0.05."""
    rng, parts = np.random.default_rng(3), np.full(24, 100.0)
    noise = [shrunken(parts, rng.binomial(100, 0.5, 24) - 50.0, 0.25)[0] for _ in range(50)]
    assert float(np.std(noise)) < 0.02
    step = np.where(np.arange(24) < 8, 20.0, -10.0)
    errors = [
        float(np.abs(shrunken(parts * more, step * more, 0.25)[0] - step / 100.0).max()) for more in (1.0, 10.0)
    ]
    assert errors[1] < 0.02 < errors[0] < 0.1
    assert not shrunken(parts, parts, 0.0)[0].any()
