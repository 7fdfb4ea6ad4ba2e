"""The reference of one signal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.core.frozen import Frozen
from stream_monitor.drift.detection import MEAN_WINDOW
from stream_monitor.monitors.comparison import Comparison, Reference, share_name
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.moments import mean
from stream_monitor.stats.reference import CategoricalReference, NumericReference

#: Number of first values that become the reference where there is neither a profile nor a warm-up.
REFERENCE_SIZE = 500


class SignalReference:
    """The distribution of a signal in the profile, or of its first values; once known, it stays as it is.

    Args:
        kind: The kind of the signal's values.
        warmup: Number of first values that become the reference without a profile; 0: `REFERENCE_SIZE`.
        given: The profile's distribution; one of another kind is ignored.
        categories: The encoder of the signal's categories, None for numbers and shares.
    """

    def __init__(
        self, kind: ColumnKind, warmup: int, given: Reference | None, categories: CategoryEncoder | None
    ) -> None:
        self._kind, self._categories = kind, categories
        #: Number of first values that become the reference without a profile.
        self.size = warmup or REFERENCE_SIZE
        fits = isinstance(given, NumericReference) == (kind == "number")
        self.distribution = given if fits else None

    def learn(self, history: Floats, count: int) -> None:
        """Learn the distribution if it is unknown and there are enough values.

        Args:
            history: The newest values, shape (n,), all of them while there are at most `size`.
            count: Number of values so far.
        """
        if self.distribution is not None or count < self.size:
            return
        first = history[len(history) - count :][: self.size]
        if self._kind == "number":
            self.distribution = NumericReference.learn(first)
        else:
            self.distribution = CategoricalReference.of_counts(self._counts(first))

    def comparison(self, window: Floats, autocorrelation_time: float) -> Comparison:
        """Return a window with the reference, without that while it is unknown or the window has too few values.

        Args:
            window: The newest values, shape (n,).
            autocorrelation_time: Of the signal, in values.
        """
        distribution = self.distribution if len(window) >= min(self.size, MEAN_WINDOW) else None
        names = self._categories.state() if self._categories else None
        return Comparison(distribution, window, autocorrelation_time, names)

    def usual_level(self, category: str | None) -> float | None:
        """Return the mean in the reference, or the share of a category, of ones in a share; None if unknown."""
        if isinstance(self.distribution, NumericReference):
            return self.distribution.mean
        return self.distribution.share("1" if category is None else category) if self.distribution else None

    def level(self, window: Floats, category: str | None) -> float:
        """Return the mean of the values of a window, or the share of a category; shape of the window (n,)."""
        if category is None or self._categories is None:
            return mean(window)
        code = self._categories.code(category)
        return 0.0 if code is None else float(np.mean(window == code))

    def _counts(self, values: Floats) -> Mapping[str, int]:
        """Return the number of values of each category, in order of appearance."""
        codes, first, counts = np.unique(values, return_index=True, return_counts=True)
        found: Counter[str] = Counter()
        for place in np.argsort(first).tolist():
            found[self._name_of(float(codes[place]))] += int(counts[place])
        return found

    def _name_of(self, code: float) -> str:
        return self._categories.name(int(code)) if self._categories else share_name(code)

    def state(self) -> Frozen | None:
        """Return the distribution as JSON values, None while it is unknown."""
        return self.distribution.packed if self.distribution else None

    def restore(self, state: Frozen | None) -> None:
        """Load what `state` returned; a distribution of the profile stays."""
        if state and self.distribution is None:
            kind = NumericReference if self._kind == "number" else CategoricalReference
            self.distribution = kind.unpacked(state)
