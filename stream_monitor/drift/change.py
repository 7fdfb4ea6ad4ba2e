"""A change that a detector found, at its position in the signal, with the raw sums that its means are taken from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats

#: Sums of raw values are kept smaller by this power of two: the sum of a million values of 1e308 is finite, too.
SUM_SCALE = -40
#: Fewest values that a mean after a change is taken over.
MIN_AFTER = 5


class Position(NamedTuple):
    """The position of one value of a signal.

    Attributes:
        index: 0-based position of its prediction in the stream.
        ts: Event time of its prediction, in seconds; NaN if unknown.
        newer: Number of values of the signal that came after it, up to the end of the column being fed.
    """

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    ts: float
    newer: int


class SignalChange(NamedTuple):
    """A detector's change, with its position in the signal and the raw sums before it.

    Attributes:
        found: The value that the change was found in.
        alarm: The value that raises it: ``found``, or the last value of the warm-up for a value that was held.
        since: Position in the stream of the first value since the detector's start.
        n: Number of values from there up to ``found``.
        total: Their sum, times ``2^SUM_SCALE``.
        n_after: How many of them are after the change; 0 where the detector does not tell.
        before: Mean of the transformed values before the change.
        after: Mean of the transformed values after the change.
        category: The signal's code of the category whose share changed, None for numbers and shares.
        levels: The means before and after in the signal's unit where a season is taken out, else None.
    """

    found: Position
    alarm: Position
    since: int
    n: int
    total: float
    n_after: int
    before: float
    after: float
    category: int | None = None
    levels: tuple[float, float] | None = None


class RawSums:
    """The number and the sum of a signal's raw values since the detector's start.

    Args:
        since: Position in the stream of the first of them.
    """

    def __init__(self, since: int) -> None:
        self.restart(since)

    def restart(self, since: int) -> None:
        """Count from this prediction on, behind a change."""
        self.n, self.total, self.since = 0, 0.0, since
        #: Number and sum of the values between the newest change, or the first value, and the detector's start.
        self.earlier = (0, 0.0)

    def go_on(self, since: int) -> None:
        """Count from this prediction on, where the detector starts again without a change."""
        self.earlier = (self.earlier[0] + self.n, self.earlier[1] + self.total)
        self.n, self.total, self.since = 0, 0.0, since

    def add(self, values: Floats) -> None:
        """Add the next values, shape (n,), strictly in order."""
        sums = np.empty(len(values) + 1)
        sums[0] = self.total
        # As exact as ldexp, and much faster.
        np.multiply(values, 2.0**SUM_SCALE, out=sums[1:])
        self.n, self.total = self.n + len(values), float(np.add.accumulate(sums, out=sums)[-1])

    def since_change(self) -> tuple[int, float] | None:
        """Return the number and the mean of the values since the newest change, None if there are none."""
        n, total = self.earlier[0] + self.n, self.earlier[1] + self.total
        return (n, math.ldexp(total / n, -SUM_SCALE)) if n else None

    def state(self) -> list[float]:
        """Return the number, the sum and the position since the detector's start, as JSON values."""
        return [self.n, self.total, self.since]

    def restore(self, state: Sequence[Any], earlier: Sequence[Any] = (0, 0.0)) -> None:
        """Load what `state` returned, and `earlier`."""
        self.n, self.total, self.since = state
        self.earlier = (earlier[0], earlier[1])


def change_point_mle(values: Floats, before: float) -> int:
    """Return how many of the newest values are after a change in mean, as the maximum-likelihood estimate.

    The n that maximises ``n (mean - before)^2`` is the maximum-likelihood change point for a shift in mean with a
    known level before it (Page 1954). A detector's own window may still hold values from before the change.

    Args:
        values: The newest values, shape (n,), in order.
        before: The level before the change.

    >>> change_point_mle(np.repeat([0.0, 3.0], [90, 10]), before=0.0)
    10
    """
    if len(values) < MIN_AFTER:
        return len(values)
    counts = np.arange(1.0, len(values) + 1.0)
    # A power of two keeps 1e308 from overflowing, and changes no digit.
    exponent = math.frexp(max(float(np.abs(values).max()), abs(before)))[1]
    means = np.cumsum(np.ldexp(values[::-1], -exponent)) / counts
    gains = counts * (means - math.ldexp(before, -exponent)) ** 2
    return MIN_AFTER + int(gains[MIN_AFTER - 1 :].argmax())
