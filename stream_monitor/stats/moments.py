"""The count, mean, standard deviation and range of numbers that arrive in batches."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from stream_monitor.core.arrays import Floats, ordered_sum


class Moments:
    """The moments of all values added so far, computed without overflow or loss of digits.

    Means and sums of squared deviations of two parts are combined as in T. F. Chan, G. H. Golub, R. J. LeVeque,
    "Algorithms for computing the sample variance", The American Statistician 37 (1983), pp. 242-247, here in units
    of a power of two above the largest value: the square of 1e308 would overflow.

    >>> moments = Moments()
    >>> moments.add(np.array([1e308])); moments.add(np.array([-1e308]))
    >>> moments.count, moments.mean, moments.std, moments.minimum
    (2, 0.0, 1e+308, -1e+308)
    """

    def __init__(self) -> None:
        self.count = 0
        self.minimum, self.maximum = math.inf, -math.inf
        self._exponent = -1074
        self._mean, self._squares = 0.0, 0.0

    def add(self, values: Floats) -> None:
        """Add finite values, shape (n,)."""
        if not len(values):
            return
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))
        self._grow(math.frexp(max(abs(self.minimum), abs(self.maximum)))[1])
        unit = np.ldexp(values, -self._exponent)
        mean = ordered_sum(unit) / len(unit)
        distance, total = mean - self._mean, self.count + len(values)
        self._squares += ordered_sum((unit - mean) ** 2) + distance**2 * self.count * len(values) / total
        self._mean += distance * len(values) / total
        self.count = total

    @property
    def mean(self) -> float:
        """The mean, exact if all values are equal; NaN before the first value."""
        if self.minimum == self.maximum:
            return self.minimum
        return math.ldexp(self._mean, self._exponent) if self.count else math.nan

    @property
    def std(self) -> float:
        """The standard deviation with the count as divisor; NaN before the first value."""
        if self.minimum == self.maximum:
            return 0.0
        return math.ldexp(math.sqrt(self._squares / self.count), self._exponent) if self.count else math.nan

    def _grow(self, exponent: int) -> None:
        """Change to a larger unit, ``2**exponent``, if that is larger than the current one."""
        if exponent > self._exponent:
            by = self._exponent - exponent
            self._mean, self._squares = math.ldexp(self._mean, by), math.ldexp(self._squares, 2 * by)
            self._exponent = exponent


def mean(values: Floats) -> float:
    """Return the mean of values, shape (n,), without overflow; NaN if there are none."""
    if not len(values):
        return math.nan
    with np.errstate(over="ignore", invalid="ignore"):
        simple = ordered_sum(values) / len(values)
    if math.isfinite(simple):
        return simple
    # A power of two less changes no digit; the first value less makes the mean of equal ones exact.
    scaled = np.ldexp(values, -64)
    return math.ldexp(float(scaled[0]) + math.fsum(scaled - scaled[0]) / len(values), 64)


def means(windows: Iterable[Floats]) -> list[float]:
    """Return the `mean` of each window.

    >>> means([np.array([1.0, 2.0]), np.empty(0)])
    [1.5, nan]
    """
    with np.errstate(over="ignore", invalid="ignore"):
        simple = [(ordered_sum(each) / len(each) if len(each) else math.nan, each) for each in windows]
    return [found if math.isfinite(found) else mean(each) for found, each in simple]
