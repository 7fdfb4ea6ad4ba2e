"""The schedule by which the false-alarm budget of a model version is shared out among its signals."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from stream_monitor.monitors.rate import PredictionRate
from stream_monitor.monitors.signal_set import SignalSet


class BudgetSchedule:
    """Shares out the budget of a model version when its features have changed, once in a warm-up at most.

    A new feature takes part in the budget from the next prediction on that begins another warm-up, counted from the
    version's first. None of its detectors runs before that, unless another version has learned for them. So detectors
    that run seldom change their parameters, however often features come, and they do so at predictions that do not
    depend on where the stream is cut.

    Args:
        signals: The signals of the model version.
        rate: The run length that is shared out.
    """

    def __init__(self, signals: SignalSet, rate: PredictionRate) -> None:
        self._signals, self._rate = signals, rate
        self._every = max(signals.settings.warmup, 1)
        #: The features that take part in the budget.
        self._features: tuple[str, ...] = ()
        #: True if they are not those that are followed.
        self._is_due = False

    def change(self) -> None:
        """Note that the features have changed."""
        self._is_due = True

    def share_out(self, features: Iterable[str]) -> None:
        """Give every signal of the model version its part of the budget, among those of these features."""
        self._features, self._is_due = tuple(features), False
        self._signals.share_out(self._rate.run_length, self._features)

    def begin(self, count: int, features: Iterable[str]) -> None:
        """Share out the budget if that is due at the next prediction, after ``count`` others.

        The first features of a version take part at once, unless it started with those of another version.
        """
        if self._is_due and self.is_time(count) and (count or not self._features):
            self.share_out(features)

    def is_time(self, count: int) -> bool:
        """Return whether the budget may be shared out at the next prediction, after ``count`` others."""
        return count % self._every == 0

    def remaining(self, count: int) -> int:
        """Return how many predictions come, after ``count``, before the next that the budget is shared out at."""
        return self._every - count % self._every if self._is_due else sys.maxsize

    def start_like(self, features: Iterable[str]) -> None:
        """Start with the features of another version of the model, until this version's own take part."""
        self.share_out(features)
        self._is_due = True

    def state(self) -> list[str] | None:
        """Return the features that take part; None if they are those that are followed."""
        return list(self._features) if self._is_due else None

    def restore(self, state: Sequence[str] | None, features: Iterable[str]) -> None:
        """Load what `state` returned, and share out the budget; ``features`` are those that are followed."""
        self.share_out(features if state is None else state)
        self._is_due = state is not None
