"""The dependence of a signal's neighbouring values, and its estimate while a detector runs."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.autocorrelation import MAX_AUTOCORRELATION_TIME

#: Up to this autocorrelation time the values are fed one by one, with a lower weight.
SHORT = 2.0
#: Length of a batch in autocorrelation times; the weight accounts for the dependence that is left.
TIMES = 2.0
MAX_BATCH = 10_000
#: An autocorrelation below this many of its standard deviations, ``1 / sqrt(n)``, counts as zero.
SURE = 3.3
#: The dependence is estimated again after these multiples of the warm-up.
CHECKS = (8, 64)
#: Shortest warm-up that these multiples are taken of, and fewest values of an estimate.
MIN_WARMUP = 100
#: Factor by which a new estimate must exceed the known dependence to replace it.
MIN_INCREASE = 1.05


class Dependence(NamedTuple):
    """The dependence of a signal's values, and the batch means that reduce it.

    Attributes:
        autocorrelation_time: The integrated autocorrelation time: this many values carry the information of one
            independent value.
        batch: Number of values whose mean is fed as one value.
        residual: The variance of a long mean of such batch means, relative to that of independent ones.
    """

    autocorrelation_time: float = 1.0
    batch: int = 1
    residual: float = 1.0


def dependence(autocorrelation_time: float, *, in_batches: bool = True) -> Dependence:
    """Return the batch length for an autocorrelation time, under a first-order autoregression.

    Args:
        autocorrelation_time: The integrated autocorrelation time, in values.
        in_batches: Whether long batches may be formed; codes of categories have no mean, and are fed one by one.

    The mean of b values of an AR(1) of parameter r has the variance ``s2 t_b / b`` with
    ``t_b = t - 2 r (1 - r^b) / (b (1 - r)^2)`` and ``t = (1 + r) / (1 - r)``.

    Source: G. E. P. Box, G. M. Jenkins, G. C. Reinsel, "Time Series Analysis", 4th edition 2008, section 2.1.5, for
    the variance of a mean; C. J. Geyer, Statistical Science 7 (1992), p. 477, for the time.

    >>> dependence(19.0).batch
    38
    """
    time = min(max(autocorrelation_time, 1.0), MAX_AUTOCORRELATION_TIME)
    if time <= SHORT or not in_batches:
        return Dependence(time, 1, time)
    batch = min(math.ceil(TIMES * time), MAX_BATCH)
    r = (time - 1.0) / (time + 1.0)
    inside = time - 2.0 * r * (1.0 - r**batch) / (batch * (1.0 - r) ** 2)
    return Dependence(time, batch, time / inside)


class Lag1Estimator:
    """The lag-1 autocorrelation of the values fed to a detector; a warm-up is too short to show a weak one.

    Every sum is taken strictly in order, so it does not depend on how the stream is cut into batches.
    """

    def __init__(self) -> None:
        self.count = 0
        self.last = 0.0
        #: Sums of the values, of their squares, and of the products of neighbours.
        self.sums = np.zeros(3)

    def add(self, values: Floats) -> None:
        """Add the next values, shape (n,) with n > 0."""
        rows = np.empty((3, len(values) + 1))
        rows[:, 0] = self.sums
        rows[0, 1:] = values
        np.multiply(values, values, out=rows[1, 1:])
        rows[2, 1] = values[0] * (self.last if self.count else values[0])
        np.multiply(values[1:], values[:-1], out=rows[2, 2:])
        self.sums = np.add.accumulate(rows, axis=1, out=rows)[:, -1].copy()
        self.count += len(values)
        self.last = float(values[-1])

    @property
    def residual(self) -> float:
        """The variance of a long mean relative to that of independent values; 1 if the estimate is within chance."""
        mean = self.sums[0] / self.count
        variance = self.sums[1] / self.count - mean * mean
        if variance <= 0.0:
            return 1.0
        lag1 = min((self.sums[2] / self.count - mean * mean) / variance, 0.99)
        return float((1.0 + lag1) / (1.0 - lag1)) if lag1 > SURE / math.sqrt(self.count) else 1.0

    def state(self) -> list[float]:
        """Return the state as JSON values."""
        return [self.count, self.last, *self.sums.tolist()]

    def restore(self, state: Sequence[float]) -> None:
        """Load what `state` returned."""
        self.count, self.last = int(state[0]), state[1]
        self.sums = np.array(state[2:])


class DependenceCheck:
    """The schedule of new estimates of the dependence, after 8 and 64 warm-ups.

    Args:
        warmup: Number of values of the warm-up; 0: the dependence is never estimated.
        is_enabled: Whether the detector allows for dependence at all.
        in_batches: Whether it may be fed batch means, see `dependence`.
    """

    def __init__(self, warmup: int, is_enabled: bool, *, in_batches: bool = True) -> None:
        self._warmup, self._is_enabled, self._in_batches = warmup, is_enabled, in_batches
        self.seen = 0
        self.estimator = Lag1Estimator()

    @property
    def room(self) -> int:
        """Number of values up to the next estimate; `sys.maxsize` if there is none."""
        if not self._warmup or not self._is_enabled:
            return sys.maxsize
        places = (factor * max(self._warmup, MIN_WARMUP) for factor in CHECKS)
        return next((place - self.seen for place in places if place > self.seen), sys.maxsize)

    def interrupt(self) -> None:
        """Start the estimate anew after a change: two levels look like dependent neighbours."""
        self.estimator = Lag1Estimator()

    def update(self, known: Dependence, fed: Floats, count: int) -> Dependence | None:
        """Add values, and estimate the dependence if it is due.

        Args:
            known: The dependence so far.
            fed: The values fed to the detector since the last change, shape (m,).
            count: Number of values of the signal that they stand for, at most `room`.

        Returns:
            The new dependence where it is stronger than the known one, else None.
        """
        room = self.room
        if room == sys.maxsize:
            return None
        self.seen += count
        if len(fed):
            self.estimator.add(fed)
        if count < room or self.estimator.count < MIN_WARMUP:
            return None
        residual = known.residual if known.batch > 1 else known.autocorrelation_time
        found = self.estimator.residual
        if found <= MIN_INCREASE * residual:
            return None
        self.estimator = Lag1Estimator()
        return dependence(known.autocorrelation_time * found / residual, in_batches=self._in_batches)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {"seen": self.seen, "estimator": self.estimator.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Load what `state` returned."""
        self.seen = state["seen"]
        self.estimator.restore(state["estimator"])
