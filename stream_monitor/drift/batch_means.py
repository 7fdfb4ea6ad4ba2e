"""Means of neighbouring values, long enough to be nearly independent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.signals.columns import Column
from stream_monitor.stats.autocorrelation import MAX_AUTOCORRELATION_TIME

#: Up to this autocorrelation time the values are fed as they are, and only weigh less.
SHORT = 2.0
#: A block is so many autocorrelation times long; what is left of the dependence is in the weight.
TIMES = 2.0
MAX_BATCH = 10_000
#: An autocorrelation below so many of its standard deviations, ``1 / sqrt(n)``, is taken for none.
SURE = 3.3


class Dependence(NamedTuple):
    """How much a signal's values depend on each other, and what is done about it.

    ``time``: the integrated autocorrelation time, in values: so many are worth one independent value. ``block``: so
    many are averaged. ``residual``: by how much the variance of a mean of blocks is above that of independent ones.
    """

    time: float = 1.0
    block: int = 1
    residual: float = 1.0


def dependence(time: float) -> Dependence:
    """The blocks for an autocorrelation time, as if of a first-order autoregression.

    The mean of b values of an AR(1) of parameter r has the variance ``s2 t_b / b`` with
    ``t_b = t - 2 r (1 - r^b) / (b (1 - r)^2)`` and ``t = (1 + r) / (1 - r)``.

    Source: G. E. P. Box, G. M. Jenkins, G. C. Reinsel, "Time Series Analysis", 4th edition 2008, section 2.1.5, for
    the variance of a mean; C. J. Geyer, Statistical Science 7 (1992), p. 477, for the time.

    >>> dependence(19.0).block
    38
    """
    time = min(max(time, 1.0), MAX_AUTOCORRELATION_TIME)
    if time <= SHORT:
        return Dependence(time, 1, time)
    block = min(math.ceil(TIMES * time), MAX_BATCH)
    r = (time - 1.0) / (time + 1.0)
    inside = time - 2.0 * r * (1.0 - r**block) / (block * (1.0 - r) ** 2)
    return Dependence(time, block, time / inside)


class Lag1Estimator:
    """The lag-1 autocorrelation of what a detector is fed, over its first thousands: a warm-up can't tell a weak one.

    Every sum is taken strictly in order, so that it does not depend on how the stream was cut.
    """

    def __init__(self) -> None:
        self.count = 0
        self._last = 0.0
        # Of the values, their squares, and the products of neighbours.
        self._sums = np.zeros(3)

    def add(self, values: Floats) -> None:
        """Take the next values, shape (n,)."""
        rows = np.empty((3, len(values) + 1))
        rows[:, 0] = self._sums
        rows[0, 1:] = values
        np.multiply(values, values, out=rows[1, 1:])
        rows[2, 1] = values[0] * (self._last if self.count else values[0])
        np.multiply(values[1:], values[:-1], out=rows[2, 2:])
        self._sums = np.add.accumulate(rows, axis=1, out=rows)[:, -1].copy()
        self.count += len(values)
        self._last = float(values[-1])

    @property
    def residual(self) -> float:
        """By how much the variance of a long mean is above that of independent values; 1 where chance could do it."""
        mean = self._sums[0] / self.count
        variance = self._sums[1] / self.count - mean * mean
        if variance <= 0.0:
            return 1.0
        lag1 = min((self._sums[2] / self.count - mean * mean) / variance, 0.99)
        return float((1.0 + lag1) / (1.0 - lag1)) if lag1 > SURE / math.sqrt(self.count) else 1.0

    def state(self) -> list[float]:
        return [self.count, self._last, *self._sums.tolist()]

    def restore(self, state: Sequence[float]) -> None:
        self.count, self._last = int(state[0]), state[1]
        self._sums = np.array(state[2:])


class BatchMeans:
    """Turns a column into the means of its blocks, each at the position of its last value."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._held: Floats = np.empty(0)

    def add(self, column: Column) -> tuple[Column, int]:
        """The blocks that are complete now, and at which value of the column the first of them ends."""
        if self._length == 1:
            return column, 0
        values = np.concatenate((self._held, column.values))
        count = len(values) // self._length
        first = self._length - len(self._held) - 1
        # Row by row from left to right: the same sum however the column was cut.
        whole = values[: count * self._length].reshape(count, self._length)
        means = np.cumsum(whole, axis=1)[:, -1] / self._length if count else np.empty(0)
        self._held = values[count * self._length :]
        ends = slice(first, None, self._length)
        return Column(means, column.index[ends], column.ts[ends]), first

    def state(self) -> list[float]:
        held: list[float] = self._held.tolist()
        return held

    def restore(self, state: Sequence[float]) -> None:
        self._held = np.array(state, dtype=np.float64)
