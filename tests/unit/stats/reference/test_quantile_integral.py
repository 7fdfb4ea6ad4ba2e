"""The integral of a quantile function, against a fine sum of quantiles."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.stats.reference import NumericReference
from stream_monitor.stats.reference.quantile_integral import QuantileIntegral, crossing_areas

FINE = 100_000


def _reference(seed: int) -> NumericReference:
    """Return the reference of atoms and a continuous part."""
    rng = np.random.default_rng(seed)
    return NumericReference.learn(np.where(rng.random(2000) < 0.5, rng.normal(size=2000), rng.integers(-2, 3, 2000)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [1, 4, 1000])
def test_it_is_the_sum_of_the_quantiles(seed: int, count: int) -> None:
    reference = _reference(seed)
    quantiles = reference.standardise(reference.quantile((np.arange(FINE) + 0.5) / FINE))
    sums = np.concatenate(([0.0], np.cumsum(quantiles) / FINE))
    assert np.allclose(reference.quantile_integral.at_ranks(count), sums[:: FINE // count], atol=1e-5)


def test_it_begins_each_piece_where_a_knot_ends() -> None:
    integral = QuantileIntegral(np.array([1.0, 3.0]), np.array([0.0, 0.75]), np.array([0.25, 1.0]))
    starts, knots = integral.pieces
    assert starts.tolist() == [0.0, 0.25, 2.0]
    assert knots.tolist() == [1.0, 1.0, 3.0]


def test_ranks_are_kept_for_the_next_window_of_the_same_size() -> None:
    integral = _reference(1).quantile_integral
    first = integral.at_ranks(7)
    assert integral.at_ranks(7) is first
    assert len(integral.at_ranks(8)) == 9
    assert integral.at_ranks(7).tolist() == first.tolist()


def test_an_area_on_both_sides_of_a_constant() -> None:
    """The quantile function rises from 0 to 2; the constant is 1 and then 0."""
    x, share = np.array([1.0, 0.0]), np.array([0.5, 0.0])
    integrals = np.array([[0.0, 0.0], [0.25, 0.0], [1.0, 1.0]])
    areas = crossing_areas(x, share, (np.zeros(2), np.ones(2)), integrals)
    assert areas.tolist() == [0.5, 1.0]
