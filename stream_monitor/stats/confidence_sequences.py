"""Confidence sequences: bounds of a mean that hold at all times at once, and may be looked at after each value.

The values are differences D from -1 to 1. For a mean of at most m, the capital of a bet, the product of 1 + b (D -
m) / (1 + m), is a nonnegative supermartingale for each fraction b from 0 to 1 (Waudby-Smith and Ramdas 2024), and so
is the average of the capitals of several fractions: it ever reaches 1 / alpha with a probability of at most alpha
(Ville's inequality). Its logarithm has a lower bound in the sums of the values and of their squares, which makes
this an empirical Bernstein bound: log(1 + b y) >= b y - (-log(1 - b) - b) y^2 for y >= -1 (Fan, Grama and Liu 2015,
lemma 4.1). A fraction alone that reaches 1 / alpha divided by its weight suffices; the m at which it does is the
root of a quadratic equation. The mean need not be the same for all values: a bound that excludes m says that it was
not beyond m at all times.

Sources: S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence
sequences", Annals of Statistics 49 (2021), pp. 1055-1080; I. Waudby-Smith, A. Ramdas, "Estimating means of bounded
random variables by betting", Journal of the Royal Statistical Society B 86 (2024), pp. 1-27; X. Fan, I. Grama, Q.
Liu, "Exponential inequalities for martingales with applications", Electronic Journal of Probability 20 (2015), no.
1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats

#: Fractions of the capital: one of about the mean divided by the mean square wins most. The smallest suits a mean of
#: 0.0001 where one value in four differs.
_FRACTIONS: Floats = 0.5 ** np.arange(1.0, 13.0)
#: Large means are expected a little more often than small ones.
_WEIGHTS: Floats = 1.0 / np.arange(2.0, 14.0)
_WEIGHTS /= _WEIGHTS.sum()
_PENALTIES: Floats = -np.log1p(-_FRACTIONS) - _FRACTIONS


class Bounds(NamedTuple):
    """The bounds of a mean after each of n values, shape (n,) each."""

    lower: Floats
    upper: Floats


def mean_bounds(counts: Floats, sums: Floats, squares: Floats, alpha: float = 0.05) -> Bounds:
    """Return the bounds of the mean of values from -1 to 1.

    The probability that the mean is ever outside of them, at whichever of all times, is at most ``alpha``.

    Args:
        counts: Numbers of values, shape (n,).
        sums, squares: Their sums and the sums of their squares, shape (n,).
        alpha: The probability of an error; half of it at each side.

    >>> lower, upper = mean_bounds(np.array([1_000.0]), np.array([100.0]), np.array([200.0]))
    >>> lower.round(3).tolist(), upper.round(3).tolist()
    ([0.049], [0.153])
    """
    return Bounds(
        _lower(counts, sums, squares, alpha / 2.0),
        -_lower(counts, -sums, squares, alpha / 2.0),
    )


def boundary(squares: Floats, alpha: float = 0.05) -> Floats:
    """Return the sum of values from -1 to 1 from which on a mean of 0 or less is excluded, shape (n,).

    A sum reaches it exactly where the lower bound of `mean_bounds` is 0 or more; its negative the upper bound.

    Args:
        squares: The sums of the squares of the values, shape (n,).
        alpha: The probability of an error at both sides, as for `mean_bounds`.

    >>> boundary(np.array([200.0])).round(1).tolist()
    [52.4]
    """
    needed = -np.log(alpha / 2.0 * _WEIGHTS)[:, None]
    lines: Floats = (_PENALTIES[:, None] * squares + needed) / _FRACTIONS[:, None]
    least: Floats = lines.min(axis=0)
    return least


def _lower(counts: Floats, sums: Floats, squares: Floats, alpha: float) -> Floats:
    """Return the largest mean that is excluded together with all below it; -1 where none is."""
    fraction, penalty = _FRACTIONS[:, None], _PENALTIES[:, None]
    needed = -np.log(alpha * _WEIGHTS)[:, None]
    # With y = (D - m) / (1 + m), and both sides multiplied by (1 + m)^2: constant + linear m - square m^2 >= 0.
    square = (fraction + penalty) * counts + needed
    linear = fraction * (sums - counts) + 2.0 * (penalty * sums - needed)
    constant = fraction * sums - penalty * squares - needed
    discriminant = linear * linear + 4.0 * square * constant
    roots = (linear + np.sqrt(np.maximum(discriminant, 0.0))) / (2.0 * square)
    excluded = np.where(discriminant >= 0.0, roots, -1.0)
    lower: Floats = np.maximum(excluded.max(axis=0), -1.0)
    return lower
