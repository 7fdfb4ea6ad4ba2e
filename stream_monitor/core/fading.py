"""Fading sums: running sums in which older values count less and less."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats

#: Maximum number of values before the scale starts anew, and the largest scale: sums of values of 1e200 are finite.
MAX_LENGTH, MAX_SCALE = 65_536, 2.0**256


class Fading(NamedTuple):
    """The powers of a factor, with which ``s[t] = factor s[t-1] + x[t]`` is computed as a plain running sum.

    ``s[t] / factor^t`` is the running sum of ``x[t] / factor^t``. Before the scale ``1 / factor^t`` gets too large,
    after every ``length`` values since the first, it starts anew from 1. So the sums depend on the number of values
    before, but not on the batches in which they come. Products and sums are each rounded, strictly in order: the last
    bit is the same on every processor. (A recurrence in compiled code is not, as some processors round a product and
    the sum that follows it at once.)

    Attributes:
        length: The number of values for which one scale is used.
        powers: The powers of the factor from 0 to ``length``, shape (length + 1,).
        inverses: Their inverses, shape (length + 1,).

    >>> fading = fading_by(0.5)
    >>> sums, scaled = fading.sums(np.array([[1.0, 1.0]]), np.array([2.0]), 0)
    >>> sums.tolist(), fading.values(scaled, 2).tolist()
    ([[2.0, 2.0]], [2.0])
    """

    length: int
    powers: Floats
    inverses: Floats

    def sums(self, steps: Floats, scaled: Floats, n: int) -> tuple[Floats, Floats]:
        """Return the sums after each step, and the scaled sums after the last.

        Args:
            steps: The next values of each row, shape (rows, count).
            scaled: The scaled sums before them, shape (rows,).
            n: The number of values before them.
        """
        sums = np.empty(steps.shape)
        begin, end = 0, steps.shape[1]
        while begin < end:
            first = n % self.length + 1
            count = min(end - begin, self.length - first + 1)
            places = slice(first, first + count)
            parts = steps[:, begin : begin + count] * self.inverses[places]
            totals = np.cumsum(np.concatenate((scaled[:, None], parts), axis=1), axis=1)[:, 1:]
            np.multiply(totals, self.powers[places], out=sums[:, begin : begin + count])
            begin, n = begin + count, n + count
            scaled = (totals if n % self.length else sums[:, begin - count : begin])[:, -1].copy()
        return sums, scaled

    def values(self, scaled: Floats, n: int) -> Floats:
        """Return the sums after n values, given the scaled ones."""
        return scaled * float(self.powers[n % self.length])


@lru_cache(maxsize=16)
def fading_by(factor: float) -> Fading:
    """Return the powers of a factor above 0 and up to 1; one below 1e-77 forgets as completely as 1e-77."""
    factor = max(factor, 1.0 / MAX_SCALE)
    length, power = 1, factor
    while length < MAX_LENGTH and power * power * MAX_SCALE >= 1.0:
        length, power = 2 * length, power * power
    powers = np.multiply.accumulate(np.concatenate(([1.0], np.full(length, factor))))
    return Fading(length, powers, 1.0 / powers)
