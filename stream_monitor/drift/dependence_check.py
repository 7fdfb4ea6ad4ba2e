"""The estimates of a signal's dependence while a detector runs, kept from one change to the next."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.dependence import Dependence, is_new
from stream_monitor.stats.haar_variances import LEVELS, HaarVariances
from stream_monitor.stats.variance_ratios import VarianceRatios, variance_ratios
from stream_monitor.stats.volatility import Volatility

#: Warm-ups up to the last estimate, if no change is found before.
LAST = 64
#: Shortest warm-up that these multiples are taken of.
MIN_WARMUP = 100
#: The same of values that lie far apart: an upper limit of their dependence, as long as it is unknown, would hide a
#: change for months.
SPARSE_WARMUP = 25
#: Values, in warm-ups, that are remembered; older ones fade.
MEMORY = 128


class DependenceCheck:
    """The known state of the dependence of a signal, and the schedule of new estimates.

    It is estimated after 1, 2, 4 ... 64 warm-ups. A change of the level looks like dependence: so when one is found,
    the values since the last estimate are forgotten, and what was estimated before outlives it. After an estimate
    with a change before it, the next one follows after a warm-up, then again after twice the time.

    Args:
        warmup: Number of values of the warm-up; 0: the dependence is never estimated.
        is_enabled: Whether the detector allows for dependence at all.
        is_sparse: Whether the values lie far apart: then they are taken for independent after fewer of them.
    """

    def __init__(self, warmup: int, is_enabled: bool, is_sparse: bool = False) -> None:
        least = SPARSE_WARMUP if is_sparse else max(warmup, MIN_WARMUP)
        self._warmup, self.is_enabled = least if warmup else 0, is_enabled
        #: Number of values since the start, and at the next estimate; warm-ups between that and the one before.
        self.seen, self._due, self._step = 0, self._warmup, 0
        self._is_interrupted = False
        #: The values since the last estimate, and all before.
        self.newest = HaarVariances()
        self._counts, self._sums = np.zeros((2, LEVELS))
        self._volatility = Volatility()

    @property
    def room(self) -> int:
        """Number of values up to the next estimate; `sys.maxsize` if there is none."""
        return self._due - self.seen if self.is_enabled and self._due > 0 else sys.maxsize

    def start(self, warmup: Floats, lag1: float, *, are_scores: bool = False) -> VarianceRatios:
        """Start the schedule anew, and return the dependence of the values of a warm-up and of those before it.

        Args:
            warmup: The transformed values, shape (n,).
            lag1: Their lag-1 autocorrelation.
            are_scores: Whether they are normal scores; of others, the volatility is not measured.
        """
        self.reset()
        if not self.is_enabled or not self._warmup:
            return VarianceRatios(lag1)
        first = HaarVariances()
        first.add(warmup)
        known = lag1 if not self._counts[0] else None
        counts, sums = self._counts + first.counts, self._sums + first.sums
        found = variance_ratios(counts.tolist(), sums.tolist(), self._warmup, known)
        if are_scores:
            self._volatility.add(warmup, found.lag1)
        return self._volatility.raised(found)

    def reset(self) -> None:
        """Forget the values since the last estimate, and start the schedule anew."""
        self.seen, self._due, self._step = 0, self._warmup, 0
        self.newest, self._is_interrupted = HaarVariances(), False

    def forget(self) -> None:
        """Forget all values, and start the schedule anew: less a season, the values are another series."""
        self.reset()
        self._counts, self._sums = np.zeros((2, LEVELS))
        self._volatility = Volatility()

    def interrupt(self) -> None:
        """Forget the values since the last estimate, after a change."""
        self.newest, self._is_interrupted = HaarVariances(), True

    def update(self, known: Dependence, values: Floats, count: int, *, in_batches: bool) -> Dependence | None:
        """Add values, and estimate the dependence if it is due.

        Args:
            known: The dependence so far.
            values: The transformed values since the last change, shape (m,).
            count: Number of values since the last update, at most `room`.
            in_batches: Whether the detector may be fed batch means.

        Returns:
            The new dependence where it differs from the known one, else None.
        """
        room = self.room
        if room == sys.maxsize:
            return None
        self.seen += count
        if len(values):
            self.newest.add(values)
        return self.estimate(known, in_batches=in_batches) if count == room else None

    def estimate(self, known: Dependence, *, in_batches: bool) -> Dependence | None:
        """Estimate the dependence, which must be due; return it where it differs from the known one, else None."""
        self._keep()
        self._schedule()
        found = self._volatility.raised(self.without_volatility())
        return is_new(known, found, in_batches=in_batches)

    def without_volatility(self) -> VarianceRatios:
        """Return the dependence of the values as of the last estimate, before their volatility is allowed for."""
        return variance_ratios(self._counts.tolist(), self._sums.tolist(), self._warmup)

    def _schedule(self) -> None:
        self._step = 1 if self._is_interrupted else max(2 * self._step, 1)
        self._is_interrupted = False
        self._due = self._due + self._step * self._warmup if self._step < LAST else 0

    def _keep(self) -> None:
        fading = min(MEMORY * self._warmup / 2.0 / max(self._counts[0], 1.0), 1.0)
        self._counts = self._counts * fading + self.newest.counts
        self._sums = self._sums * fading + self.newest.sums
        self.newest = HaarVariances()

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "schedule": [self.seen, self._due, self._step, self._is_interrupted],
            "newest": self.newest.state(),
            "counts": self._counts.tolist(),
            "sums": self._sums.tolist(),
            "volatility": self._volatility.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Load what `state` returned."""
        self.seen, self._due, self._step, self._is_interrupted = state["schedule"]
        self.newest.restore(state["newest"])
        self._counts, self._sums = np.array(state["counts"]), np.array(state["sums"])
        self._volatility.restore(state["volatility"])
