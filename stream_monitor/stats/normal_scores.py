"""Normal scores: the standard normal quantile of a number's position in its reference distribution."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.reference import NumericReference

#: A value with more than this share of the reference is an atom; equal values are spread over its range of shares.
ATOM = 0.01
#: Knots with a difference up to this are merged.
MIN_GAP = 1e-300
#: Powers of two with a smaller exponent are normal floats, at full precision.
MAX_EXPONENT = 1022
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class NormalScores:
    """The van der Waerden scores of a reference, which make any distribution standard normal for the detectors.

    Between the reference's quantiles the score is linear; a value outside the range gets the score of the nearest
    end, which bounds the effect of single extreme values. In an atom of the reference (many zeros, for example) each
    of the equal values gets a share of its own within the atom, the randomised probability integral transform. The
    share is a hash of the value's position, and so the same in every replay.

    Source: B. L. van der Waerden, "Order tests for the two-sample problem and their power", Indagationes Mathematicae
    14 (1952), pp. 453-458; for atoms A. E. Brockwell, "Universal residuals", Statistics and Probability Letters 77
    (2007), pp. 1473-1478.

    >>> from stream_monitor.stats.reference import NumericReference
    >>> scores = NormalScores(NumericReference.learn(np.arange(1.0, 100.0)))
    >>> scores.of(np.array([50.0, 84.0, 1e9]), np.arange(3)).round(1)
    array([0. , 1. , 2.6])
    """

    def __init__(self, reference: NumericReference) -> None:
        edge = 0.5 / max(reference.count, 1)
        below, upto = np.asarray(reference.below), np.asarray(reference.upto)
        # Scaling by a power of two keeps all digits and avoids overflow of the smallest and largest numbers.
        self._exponent = int(-np.frexp(np.abs(reference.values).max())[1])
        self._factor = 2.0**self._exponent if abs(self._exponent) < MAX_EXPONENT else None
        knots = np.ldexp(np.asarray(reference.values), self._exponent)
        # Knots so close together that the slope between them would be infinite are merged.
        apart = np.concatenate(([True], np.diff(knots) > MIN_GAP))
        self._knots, below, upto = knots[apart], below[apart], upto[apart]
        shares = np.clip((below + upto) / 2.0, edge, 1.0 - edge)
        self._scores = np.array([_quantile(share) for share in shares.tolist()])
        self._lowest = _quantile(edge)
        atoms = np.flatnonzero(upto - below > ATOM)
        self._atoms = self._knots[atoms]
        self._atom_below = np.clip(below[atoms], edge, 1.0 - edge)
        self._atom_size = np.clip(upto[atoms], edge, 1.0 - edge) - self._atom_below

    def of(self, values: Floats, positions: NDArray[np.int64]) -> Floats:
        """Return the scores of values.

        Args:
            values: Finite values, shape (n,).
            positions: Their positions in the stream, shape (n,).

        Returns:
            The scores in standard deviations, shape (n,).
        """
        with np.errstate(over="ignore", under="ignore"):
            # As exact as ldexp, and much faster; the factor is not finite if all values are subnormal.
            values = values * self._factor if self._factor else np.ldexp(values, self._exponent)
        scores: Floats = np.interp(values, self._knots, self._scores, self._lowest, -self._lowest)
        if len(self._atoms):
            self._spread_atoms(values, positions, scores)
        return scores

    def value(self, score: float) -> float:
        """Return the number with this score, clipped to the range of the reference.

        >>> from stream_monitor.stats.reference import NumericReference
        >>> NormalScores(NumericReference.learn(np.arange(1.0, 100.0))).value(0.0)
        50.0
        """
        return float(np.ldexp(np.interp(score, self._scores, self._knots), -self._exponent))

    def _spread_atoms(self, values: Floats, positions: NDArray[np.int64], scores: Floats) -> None:
        nearest = np.minimum(np.searchsorted(self._atoms, values), len(self._atoms) - 1)
        at = np.flatnonzero(self._atoms[nearest] == values)
        if len(at):
            atom = nearest[at]
            shares = self._atom_below[atom] + self._atom_size[atom] * _uniform(positions[at])
            scores[at] = np.interp(shares, *_normal_table())


def _uniform(positions: NDArray[np.int64]) -> Floats:
    """Hash each position to a number from 0 to 1 by the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    mixed = (positions.astype(np.uint64) + np.uint64(1)) * _GOLDEN
    for shift, factor in zip((30, 27), _MIX, strict=True):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * factor
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


@lru_cache(maxsize=1)
def _normal_table() -> tuple[Floats, Floats]:
    """Return a table of shares, denser towards both ends, and their normal quantiles."""
    tail = np.geomspace(1e-7, 0.01, 400)[:-1]
    shares = np.concatenate((tail, np.linspace(0.01, 0.99, 2000), 1.0 - tail[::-1]))
    return shares, np.array([_quantile(share) for share in shares.tolist()])


@lru_cache(maxsize=65_536)
def _quantile(share: float) -> float:
    return NormalDist().inv_cdf(share)
