"""Normal scores: what a standard normal would be where a number is in its reference."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.reference import NumericReference

#: A value that holds more of the reference than this is an atom: equal values are spread out over its shares.
ATOM = 0.01
CLOSEST = 1e-300
#: Powers of two below it are numbers with all their digits.
MAX_EXPONENT = 1022
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class NormalScores:
    """The van der Waerden scores of a reference: detectors then see a standard normal, whatever the unit or the tail.

    Between the reference's quantiles the score is linear; a value outside its range gets the score of its end, so
    that no single one can be wild. Where the reference has an atom (many zeros, say), each of the equal values is
    given a share of its own within it, by a hash of its position, which is random enough and the same at every
    replay: the randomised probability integral transform.

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
        # A power of two brings the smallest and the largest numbers into reach; it changes no digit.
        self._exponent = int(-np.frexp(np.abs(reference.values).max())[1])
        self._factor = 2.0**self._exponent if abs(self._exponent) < MAX_EXPONENT else None
        knots = np.ldexp(np.asarray(reference.values), self._exponent)
        # Knots so near to each other that a slope between them would be infinite are one.
        apart = np.concatenate(([True], np.diff(knots) > CLOSEST))
        self._knots, below, upto = knots[apart], below[apart], upto[apart]
        shares = np.clip((below + upto) / 2.0, edge, 1.0 - edge)
        self._scores = np.array([_quantile(share) for share in shares.tolist()])
        self._lowest = _quantile(edge)
        atoms = np.flatnonzero(upto - below > ATOM)
        self._atoms = self._knots[atoms]
        self._atom_below = np.clip(below[atoms], edge, 1.0 - edge)
        self._atom_size = np.clip(upto[atoms], edge, 1.0 - edge) - self._atom_below

    def of(self, values: Floats, positions: NDArray[np.int64]) -> Floats:
        """The scores of finite values, shape (n,), at these positions of the stream."""
        with np.errstate(over="ignore", under="ignore"):
            # As exact as ldexp, and much faster; it is not a number where all values are all but 0.
            values = values * self._factor if self._factor else np.ldexp(values, self._exponent)
        scores: Floats = np.interp(values, self._knots, self._scores, self._lowest, -self._lowest)
        if len(self._atoms):
            self._spread_atoms(values, positions, scores)
        return scores

    def value(self, score: float) -> float:
        """The number that has this score; the smallest or the largest of the reference where none has.

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
    """A number from 0 to 1 for each position, by the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    mixed = (positions.astype(np.uint64) + np.uint64(1)) * _GOLDEN
    for shift, factor in zip((30, 27), _MIX, strict=True):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * factor
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


@lru_cache(maxsize=1)
def _normal_table() -> tuple[Floats, Floats]:
    """Shares and their normal quantiles, denser towards the ends."""
    tail = np.geomspace(1e-7, 0.01, 400)[:-1]
    shares = np.concatenate((tail, np.linspace(0.01, 0.99, 2000), 1.0 - tail[::-1]))
    return shares, np.array([_quantile(share) for share in shares.tolist()])


@lru_cache(maxsize=65_536)
def _quantile(share: float) -> float:
    return NormalDist().inv_cdf(share)
