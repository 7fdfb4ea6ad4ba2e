"""The integral of the quantile function of a reference of numbers, for the Wasserstein distance."""

from __future__ import annotations

import numpy as np

from stream_monitor.core.arrays import Floats, Ints


class QuantileIntegral:
    """The integral ``P(u)`` of a quantile function over the shares from 0 to u.

    The quantile function is constant over the mass of a knot itself and linear between two knots, so ``P`` is a
    parabola in each part.

    Args:
        knots: The knots, rising, shape (m,).
        below: The share of values smaller than each knot, shape (m,).
        upto: The share of values that are at most each knot, shape (m,).

    Attributes:
        pieces: The integral up to the beginning of each linear piece of the distribution function, and the knot at
            which it begins, shape (2, m + 1); see `NumericReference.pieces`.

    >>> integral = QuantileIntegral(np.array([0.0, 2.0]), np.array([0.0, 0.5]), np.array([0.5, 1.0]))
    >>> integral.at_ranks(4)
    array([0. , 0. , 0. , 0.5, 1. ])
    """

    def __init__(self, knots: Floats, below: Floats, upto: Floats) -> None:
        #: The ends of the parts, the quantiles at them, and the integrals up to them, shape (2 m + 2,) each.
        self._shares = np.concatenate(([0.0], np.column_stack((below, upto)).ravel(), [1.0]))
        self._quantiles = np.concatenate((knots[:1], np.repeat(knots, 2), knots[-1:]))
        steps = np.diff(self._shares) * (self._quantiles[1:] + self._quantiles[:-1]) / 2.0
        self._integrals = np.concatenate(([0.0], np.cumsum(steps)))
        starts = np.concatenate(([0.0], self._integrals[2:-1:2]))
        self.pieces = np.stack((starts, np.concatenate((knots[:1], knots))))
        self._at_ranks = np.empty(0)

    def at_ranks(self, count: int) -> Floats:
        """Return ``P(i / count)`` for i from 0 to count, shape (count + 1,); it is kept for the next call."""
        found = self._at_ranks
        if len(found) != count + 1:
            self._at_ranks = found = self._at(np.arange(count + 1) / count)
        return found

    def _at(self, shares: Floats) -> Floats:
        part: Ints = np.searchsorted(self._shares, shares, side="right") - 1
        part = np.minimum(part, len(self._shares) - 2)
        way, width = shares - self._shares[part], self._shares[part + 1] - self._shares[part]
        rise = np.where(width > 0.0, way / np.where(width > 0.0, width, 1.0), 0.0)
        quantile = self._quantiles[part] + rise * (self._quantiles[part + 1] - self._quantiles[part]) / 2.0
        found: Floats = self._integrals[part] + way * quantile
        return found


def crossing_areas(x: Floats, share: Floats, ends: tuple[Floats, Floats], integrals: Floats) -> Floats:
    """Return the areas between constants and quantile functions that cross them.

    Args:
        x: The constants, shape (n,).
        share: The share at which each quantile function crosses its constant, shape (n,).
        ends: The shares between which the areas lie, shape (n,) each.
        integrals: The integrals of the quantile functions up to the first end, the crossing and the last end, shape
            (3, n).
    """
    before, crossed, after = integrals
    lower = x * (share - ends[0]) - (crossed - before)
    upper = (after - crossed) - x * (ends[1] - share)
    areas: Floats = np.abs(lower + upper)
    return areas
