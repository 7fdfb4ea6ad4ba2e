"""The knots of a numeric reference."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.stats.reference.numeric import MAX_KNOTS, NumericReference


@pytest.mark.parametrize("count", [5, MAX_KNOTS, MAX_KNOTS + 1, 1999, 2000, 5001])
@pytest.mark.parametrize("shape", ["normal", "lognormal", "rounded"])
def test_the_knots_of_negated_values_are_the_negated_knots(shape: str, count: int) -> None:
    """Rises and falls are treated alike."""
    rng = np.random.default_rng(count)
    values = {
        "normal": lambda: rng.normal(size=count),
        "lognormal": lambda: rng.lognormal(0.0, 2.0, count),
        "rounded": lambda: rng.lognormal(3.0, 2.0, count).round(1),
    }[shape]()
    plain, turned = NumericReference.learn(values), NumericReference.learn(-values)
    np.testing.assert_array_equal(turned.values, -plain.values[::-1])
    np.testing.assert_allclose(turned.below, 1.0 - plain.upto[::-1], atol=1e-12)
    np.testing.assert_allclose(turned.upto, 1.0 - plain.below[::-1], atol=1e-12)
