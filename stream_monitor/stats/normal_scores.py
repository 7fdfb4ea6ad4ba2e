"""Normal scores: the standard normal quantile of a number's position in its reference distribution."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Indices, Ints
from stream_monitor.stats.piecewise_linear import PiecewiseLinear
from stream_monitor.stats.reference import NumericReference

#: A value with more than this share of the reference is an atom; equal values are spread over its range of shares.
ATOM = 0.01
#: Knots with a difference up to this are merged.
MIN_GAP = 1e-300
#: Powers of two with a smaller exponent are normal floats, at full precision.
MAX_EXPONENT = 1022
#: The table of normal quantiles has this number of shares in each tail, whose share is ``TAIL``, and in the middle.
IN_TAIL, MIDDLE, TAIL = 400, 2000, 0.01
_LARGEST = float(np.finfo(np.float64).max)
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

    Args:
        reference: The distribution.

    Attributes:
        factor: The power of two by which values are multiplied before they are compared with the knots; None if it
            is not finite.
        line: The score as a function of the value times the factor.
        atoms: The values with a large share of the reference.

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
        self.factor = 2.0**self._exponent if abs(self._exponent) < MAX_EXPONENT else None
        knots = np.ldexp(np.asarray(reference.values), self._exponent)
        # Knots so close together that the slope between them would be infinite are merged.
        apart = np.concatenate(([True], np.diff(knots) > MIN_GAP))
        knots, below, upto = knots[apart], below[apart], upto[apart]
        shares = np.clip((below + upto) / 2.0, edge, 1.0 - edge)
        scores = np.array([_quantile(share) for share in shares.tolist()])
        self._inverse = scores, knots
        self.line = PiecewiseLinear(knots, scores, _quantile(edge), -_quantile(edge))
        self.atoms = Atoms.of(np.clip(below, edge, 1.0 - edge), np.clip(upto, edge, 1.0 - edge), upto - below > ATOM)

    def of(self, values: Floats, positions: Ints) -> Floats:
        """Return the scores of values.

        Args:
            values: Finite values, shape (n,).
            positions: Their positions in the stream, shape (n,).

        Returns:
            The scores in standard deviations, shape (n,).
        """
        with np.errstate(over="ignore", under="ignore"):
            # As exact as ldexp, and much faster; the factor is not finite if all values are subnormal.
            values = finite(values * self.factor if self.factor else np.ldexp(values, self._exponent))
        pieces = self.line.find(values)
        scores = self.line.pieces.at(pieces, values)
        if self.atoms.exist:
            at = np.flatnonzero(self.atoms.mask.take(pieces) & (self.line.pieces.starts.take(pieces) == values))
            scores[at] = self.atoms.spread(pieces[at], uniform(positions[at]))
        return scores

    def value(self, score: float) -> float:
        """Return the number with this score, clipped to the range of the reference.

        >>> from stream_monitor.stats.reference import NumericReference
        >>> NormalScores(NumericReference.learn(np.arange(1.0, 100.0))).value(0.0)
        50.0
        """
        return float(np.ldexp(np.interp(score, *self._inverse), -self._exponent))


class Atoms(NamedTuple):
    """The atoms of a reference, or of several; arrays over the pieces of `NormalScores.line`, shape (pieces,).

    Attributes:
        exist: True if there are any.
        mask: A mask of the pieces that start with an atom.
        below: The share of the reference below the atom.
        size: The share of the atom.
    """

    exist: bool
    mask: Bools
    below: Floats
    size: Floats

    @classmethod
    def of(cls, below: Floats, upto: Floats, are_atoms: Bools) -> Atoms:
        """Return the atoms among knots, given the shares below and up to each of them."""
        mask, below, size = (np.concatenate(([0], each, [0])) for each in (are_atoms, below, upto - below))
        return cls(bool(are_atoms.any()), mask.astype(bool), below, size)

    @classmethod
    def joined(cls, atoms: Sequence[Atoms]) -> Atoms:
        """Return the atoms of several references, whose pieces stand one after the other."""
        exist, *arrays = zip(*atoms, strict=True)
        return cls(any(exist), *(np.concatenate(each) for each in arrays))

    def spread(self, pieces: Indices, shares: Floats) -> Floats:
        """Return the scores of values at atoms, given the shares of the atoms that are below them."""
        return _quantiles(self.below.take(pieces) + self.size.take(pieces) * shares)


def finite(values: Floats) -> Floats:
    """Replace infinite numbers by the largest finite ones, and NaN by any; return the same array."""
    np.fmax(values, -_LARGEST, out=values)
    return np.fmin(values, _LARGEST, out=values)


def uniform(positions: Ints) -> Floats:
    """Hash each position to a number from 0 to 1 by the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    mixed = (positions.astype(np.uint64) + np.uint64(1)) * _GOLDEN
    for shift, factor in zip((30, 27), _MIX, strict=True):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * factor
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _quantiles(shares: Floats) -> Floats:
    """Return the normal quantiles of shares, from the table."""
    table = _normal_table()
    # Between the tails the knots are evenly spaced, but for rounding; a search costs several times as much.
    even = (shares - TAIL) * ((MIDDLE - 1) / (1.0 - 2.0 * TAIL))
    pieces = np.minimum(np.maximum(even, 0.0), MIDDLE - 1.0).astype(np.intp) + IN_TAIL
    pieces += table.pieces.ends.take(pieces) <= shares
    pieces -= table.pieces.starts.take(pieces) > shares
    in_tail = np.flatnonzero((shares <= TAIL) | (shares >= 1.0 - TAIL))
    pieces[in_tail] = table.find(shares[in_tail])
    return table.pieces.at(pieces, shares)


@lru_cache(maxsize=1)
def _normal_table() -> PiecewiseLinear:
    """Return the normal quantiles of shares that are denser towards both ends."""
    tail = np.geomspace(1e-7, TAIL, IN_TAIL)[:-1]
    shares = np.concatenate((tail, np.linspace(TAIL, 1.0 - TAIL, MIDDLE), 1.0 - tail[::-1]))
    return PiecewiseLinear(shares, np.array([_quantile(share) for share in shares.tolist()]))


@lru_cache(maxsize=65_536)
def _quantile(share: float) -> float:
    return NormalDist().inv_cdf(share)
