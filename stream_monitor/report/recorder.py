"""The recorder: timelines of a replay, for its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.events import ModelVersion
from stream_monitor.monitors.observer import ObservedSignal
from stream_monitor.performance.realized import Performance
from stream_monitor.report.timelines import CategoryTimeline, Ints, NumberTimeline, Samples, add_up, merged
from stream_monitor.signals.columns import Column

#: Bins over the whole stream; when all are used, pairs of them are merged.
BINS = 600
#: Signals with a timeline; later ones have none.
MAX_SIGNALS = 2000
#: Distances with a timeline.
MAX_DISTANCES = 8000
#: Bounds of the batch size: a hundredth of the records before, more with many signals.
MIN_BATCH, MAX_BATCH = 100, 2000
#: Predictions between two readings of a signal's distances: this many and one for each signal, or a hundredth
#: of all before.
DISTANCE_STEP = 250
#: Names of signals without a timeline that are remembered, to count them.
MAX_NAMES = 100_000

SignalKey = tuple[ModelVersion, str]


class Recorder:
    """Timelines of signals, performance and distances over the predictions of a stream; an `Observer` of its fleet.

    All have the same bins of ``width`` predictions, counted over the whole stream. Their number is fixed, so memory
    does not grow with the stream.
    """

    def __init__(self, bins: int = BINS) -> None:
        self._bins = bins
        self.width = 1
        #: Position of the newest prediction recorded, plus 1.
        self.end = 0
        #: In each bin, the number of predictions with a time, and the sum of their times since ``origin``.
        self.times = np.zeros((2, bins))
        self.origin = 0.0
        self.first_ts: float | None = None
        self.last_ts: float | None = None
        self.untimed = 0
        self._numbers: dict[SignalKey, NumberTimeline] = {}
        self._categories: dict[SignalKey, CategoryTimeline] = {}
        #: The function from codes to category names, by signal.
        self.names: dict[SignalKey, Callable[[int], str]] = {}
        #: By version and measure: rolling, lower and upper bound of its interval, cumulative, outcomes in the window.
        self.performance: dict[tuple[ModelVersion, str], Samples] = {}
        #: By version, signal and name of the distance: its value and its threshold.
        self.distances: dict[tuple[ModelVersion, str, str], Samples] = {}
        self._next_distances: dict[SignalKey, int] = {}
        self.left_out: set[SignalKey | tuple[ModelVersion, str, str]] = set()

    @property
    def batch_size(self) -> int:
        """Records to read at once: performance and distances are recorded after each batch."""
        smallest = MIN_BATCH + self._count // 4
        return min(max(self.end // 100, smallest), MAX_BATCH)

    @property
    def signals(self) -> dict[SignalKey, NumberTimeline | CategoryTimeline]:
        """All timelines; of a feature with one of numbers and one of text, that with more values."""
        found: dict[SignalKey, NumberTimeline | CategoryTimeline] = dict(self._numbers)
        for key, timeline in self._categories.items():
            if key not in found or found[key].counts.sum() <= timeline.counts.sum():
                found[key] = timeline
        return found

    @property
    def _count(self) -> int:
        return len(self._numbers) + len(self._categories)

    def on_signal(self, signal: ObservedSignal, column: Column) -> None:
        """Record values of a signal, and its distances where they are due."""
        key, name, at = signal.key, signal.name, int(column.index[-1])
        names = signal.categories.name if signal.kind == "category" and signal.categories else None
        self.take(key, name, column, names)
        if self.wants_distances(key, name, at):
            self.take_distances(key, name, signal.comparison().distances(), at)

    def take(self, key: ModelVersion, name: str, column: Column, names: Callable[[int], str] | None = None) -> None:
        """Record values of a signal.

        Args:
            key: The model version.
            name: The signal.
            column: The values; codes of categories.
            names: The function from codes to category names, None for numbers.
        """
        if not len(column.values):
            return
        bins = self._bins_of(column.index)
        if name == "prediction":
            self._take_times(bins, column)
        timelines: dict[SignalKey, Any] = self._numbers if names is None else self._categories
        if (key, name) not in timelines:
            if self._count >= MAX_SIGNALS:
                self._leave_out((key, name))
                return
            timelines[key, name] = (NumberTimeline if names is None else CategoryTimeline)(self._bins)
        if names is not None:
            self.names[key, name] = names
        timelines[key, name].add(bins, column.values)

    def on_performance(self, key: ModelVersion, performance: Performance, at: int) -> None:
        """Record the performance up to the outcome of the prediction at position ``at``."""
        bin_ = int(self._bins_of(np.array([at]))[0])
        intervals, counts = performance.intervals(), performance.counts()
        for measure, windows in performance.measures().items():
            samples = self.performance.setdefault((key, measure), Samples(5, self._bins))
            bounds = intervals.get("rolling") if measure == "accuracy" else None
            lower, upper = bounds or (np.nan, np.nan)
            values = {"rolling": np.nan, "cumulative": np.nan, **windows}
            samples.newest[:, bin_] = values["rolling"], lower, upper, values["cumulative"], counts["rolling"]

    def wants_distances(self, key: ModelVersion, name: str, at: int) -> bool:
        """Check that a signal's distances are due at position ``at``; they are by far the most expensive values."""
        is_recorded = (key, name) in self._numbers or (key, name) in self._categories
        if not is_recorded or at < self._next_distances.get((key, name), 0):
            return False
        self._next_distances[key, name] = at + max(at // 100, DISTANCE_STEP + self._count)
        return True

    def take_distances(self, key: ModelVersion, name: str, distances: Mapping[str, Sequence[float]], at: int) -> None:
        """Record a signal's distances to its reference, with their thresholds, at position ``at``."""
        bin_ = int(self._bins_of(np.array([at]))[0])
        for distance, (value, threshold) in distances.items():
            samples = self.distances.get((key, name, distance))
            if samples is None:
                if len(self.distances) >= MAX_DISTANCES:
                    self._leave_out((key, name, distance))
                    continue
                samples = self.distances[key, name, distance] = Samples(2, self._bins)
            samples.newest[:, bin_] = value, threshold

    def _bins_of(self, index: Ints) -> Ints:
        newest = int(index.max())
        self.end = max(self.end, newest + 1)
        while newest >= self.width * self._bins:
            self._merge()
        return index // self.width

    def _merge(self) -> None:
        self.width *= 2
        self.times = merged(self.times)
        timelines: list[NumberTimeline | CategoryTimeline] = [*self._numbers.values(), *self._categories.values()]
        for timeline in timelines:
            timeline.sums = merged(timeline.sums)
        for samples in (*self.performance.values(), *self.distances.values()):
            samples.merge()

    def _take_times(self, bins: Ints, column: Column) -> None:
        known = np.isfinite(column.ts)
        self.untimed += int((~known).sum())
        times = column.ts[known]
        if not len(times):
            return
        if self.first_ts is None or self.last_ts is None:
            self.origin = self.first_ts = self.last_ts = float(times[0])
        self.first_ts = min(self.first_ts, float(times.min()))
        self.last_ts = max(self.last_ts, float(times.max()))
        add_up(self.times, bins[known], (None, times - self.origin))

    def _leave_out(self, what: SignalKey | tuple[ModelVersion, str, str]) -> None:
        if len(self.left_out) < MAX_NAMES:
            self.left_out.add(what)
