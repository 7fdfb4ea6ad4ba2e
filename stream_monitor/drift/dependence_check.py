"""The estimates of a signal's dependence while a detector runs, kept from one change to the next."""

from __future__ import annotations

import sys
from typing import Any

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.dependence import Dependence, is_new
from stream_monitor.stats.fading_variances import FadingVariances
from stream_monitor.stats.variance_ratios import MANY, VarianceRatios, variance_ratios
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

    It is estimated after 1, 2, 4 ... 64 warm-ups. A change of the level looks like dependence. So where the values
    after it are on a scale of their own, on which their mean is what it was before the change, the series goes on
    with those, and the schedule starts anew. Otherwise the values since the last estimate are forgotten, and what was
    estimated before outlives the change; after the next estimate, another one follows after a warm-up, then again
    after twice the time. As long as there are few values, those of each part between two estimates stand for
    themselves, since a change that is not found yet would count for much.

    Args:
        warmup: Number of values of the warm-up; 0: the dependence is never estimated.
        is_enabled: Whether the detector allows for dependence at all.
        is_sparse: Whether the values lie far apart: then they are taken for independent after fewer of them.
        is_seasonal: Whether a season is taken out of the values once it is known. Until then distant values are alike
            because of it: each part of the values between two estimates stands for itself.
    """

    def __init__(self, warmup: int, is_enabled: bool, is_sparse: bool = False, is_seasonal: bool = False) -> None:
        least = SPARSE_WARMUP if is_sparse else max(warmup, MIN_WARMUP)
        self._warmup, self.is_enabled, self._is_seasonal = least if warmup else 0, is_enabled, is_seasonal
        #: Number of values since the start, and at the next estimate; warm-ups between that and the one before.
        self.seen, self._due, self._step = 0, self._warmup, 0
        self._is_interrupted = False
        #: The direction of the last change after which everything was learned again.
        self._is_up: bool | None = None
        self.scores, self.volatility = FadingVariances(), Volatility()

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
        known = lag1 if not self.scores.counts[0] else None
        found = variance_ratios(*self.scores.read(warmup), self._warmup, known)
        if not are_scores:
            self.volatility.end()
            return found
        self.volatility.begin(found.lag1)
        return self.volatility.raised(found, warmup)

    def reset(self) -> None:
        """Start the schedule anew."""
        self.seen, self._due, self._step = 0, self._warmup, 0
        self._is_interrupted = False

    def forget(self) -> None:
        """Forget all values, and start the schedule anew: less a season, the values are another series."""
        self.reset()
        self.scores = FadingVariances()
        self.volatility.forget()

    def interrupt(self) -> None:
        """Forget the values since the last estimate, after a change."""
        self.scores.interrupt()
        self.volatility.interrupt()
        self._is_interrupted = True

    def end(self, values: Floats, *, is_up: bool) -> None:
        """Add the last values before a change after which everything is learned again.

        On the new scale the mean is as before the change. After a change back, the series goes on with the new
        scores. After one in the direction of the last one, which may be a part of a drift, a new series begins, and
        the values since the last estimate are forgotten.
        """
        last, self._is_up = self._is_up, is_up
        if self._is_seasonal or last is None or last == is_up:
            self.interrupt()
            return
        if self.room < sys.maxsize:
            self.scores.series.add(values)
            self.volatility.add(values)
        self._keep()

    def _keep(self) -> None:
        """Keep the values since the last estimate; of as many as are remembered, the older ones fade."""
        most = MEMORY * self._warmup / 2.0
        self.scores.keep(most)
        self.volatility.keep(most)

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
            self.scores.series.add(values)
            self.volatility.add(values)
        return self.estimate(known, in_batches=in_batches) if count == room else None

    def estimate(self, known: Dependence, *, in_batches: bool) -> Dependence | None:
        """Estimate the dependence, which must be due; return it where it differs from the known one, else None."""
        self._keep()
        if self._is_seasonal or 2.0 * self.scores.counts[0] < MANY * self._warmup:
            self.scores.interrupt()
        self._schedule()
        found = self.volatility.raised(self.without_volatility())
        return is_new(known, found, in_batches=in_batches)

    def without_volatility(self) -> VarianceRatios:
        """Return the dependence of the values as of the last estimate, before their volatility is allowed for."""
        return variance_ratios(*self.scores.read(), self._warmup)

    def _schedule(self) -> None:
        self._step = 1 if self._is_interrupted else max(2 * self._step, 1)
        self._is_interrupted = False
        self._due = self._due + self._step * self._warmup if self._step < LAST else 0

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "schedule": [self.seen, self._due, self._step, self._is_interrupted, self._is_up],
            "scores": self.scores.state(),
            "volatility": self.volatility.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Load what `state` returned."""
        self.seen, self._due, self._step, self._is_interrupted, self._is_up = state["schedule"]
        self.scores.restore(state["scores"])
        self.volatility.restore(state["volatility"])
