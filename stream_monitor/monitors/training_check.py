"""The comparison of a signal with the training data, over growing windows since its start or its last change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.events import ModelVersion
from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors.look_schedule import WINDOW, is_look, next_window
from stream_monitor.monitors.signal_cells import Counted
from stream_monitor.monitors.skew_detection import skew_detection
from stream_monitor.monitors.training import Training
from stream_monitor.signals.columns import Column
from stream_monitor.stats.moments import mean
from stream_monitor.stats.share_test import Sizes
from stream_monitor.stats.span_ratios import MIN_BLOCKS, is_dependent, ratio_over, span_ratios
from stream_monitor.stats.training_verdict import (
    Difference,
    Part,
    Verdict,
    VerdictName,
    clearest_difference,
    is_enough,
    share_difference,
)

#: Number of values from which a share that never changes is believed, where the training data has both.
MIN_CONSTANT = 4 * WINDOW
#: The growth of a variance ratio, with twice as long blocks, above which the dependence outlasts the window.
MAX_GROWTH = 1.5
#: The smallest share of values that the training data does not have at all for which they count as
#: `OUTSIDE_SIZES` independent ones at least: values that follow each other slowly are never so far out by chance.
MIN_OUTSIDE, OUTSIDE_SIZES = 0.5, Sizes(20.0, 200.0)

#: Reasons why there is not enough data.
NO_DAY = "a difference within the range of the training data, which has no times: it counts once a day is covered"
LONG_DEPENDENCE = "its values depend on each other for longer than the newest window"
FEW_VALUES = "too few values"


class TrainingCheck:
    """Compares a signal with the training data after 500, 1,000, 2,000, 4,000 ... values.

    The places of the looks are counted in values of the signal since its first one, or since its last change; so
    they do not depend on how the stream is cut. Each look takes all values up to 8,000, and of later ones two windows
    in each doubling. The j-th look has the part ``1 / (j (j + 1))`` of the signal's level, which add up to 1.

    Source: K. K. G. Lan, D. L. DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70 (1983),
    pp. 659-663, for spending a level over looks.

    Args:
        training: The training data of the signal.
        key: The model version.
        signal: The signal's name.

    Attributes:
        verdict: The newest verdict.
    """

    def __init__(self, training: Training, key: ModelVersion, signal: str) -> None:
        self._training, self._key, self._signal = training, key, signal
        self.verdict = Verdict()
        self._is_told = False
        self._begin(0, math.nan)
        self._is_start = self._is_new = True

    def _begin(self, count: int, ts: float) -> None:
        """Begin to compare anew, after so many values of the signal, at an event time; NaN: unknown."""
        self._begin_ts = ts
        self._since, self._taken, self._looks = count, 0, 0
        self._counts: Ints = np.zeros(len(self._training.cells.shares), np.int64)
        self._mean = 0.0
        self._is_start = False

    @property
    def next_window(self) -> int:
        """Number of values of the signal at the end of the next window."""
        return self._since + next_window(self._taken)

    def update(self, column: Column, history: Floats, begin: int, alarms: Sequence[Alarm]) -> list[Alarm]:
        """Take the next values; return the skew that is found in them: the first verdict *shifted* since the start.

        Args:
            column: The values.
            history: The newest values of the signal up to the end of ``column``, shape (n,).
            begin: Number of values of the signal before ``column``.
            alarms: The drifts raised in ``column``.
        """
        older = len(history) - len(column.values) - begin
        if self._is_new:
            self._begin_ts, self._is_new = float(column.ts[0]), False
        found: list[Alarm] = []
        for row in sorted({alarm.row for alarm in alarms}):
            found += self._take(column, history, older, begin, row + 1)
            self._begin(begin + row + 1, float(column.ts[row]))
            self.verdict = Verdict(is_since_start=False)
        found += self._take(column, history, older, begin, len(column.values))
        return found

    def verdict_after(self, count: int) -> Verdict:
        """Return the newest verdict; before the first look, with the number of values since it is waited for."""
        return self.verdict if self._looks else self.verdict._replace(values=count - self._since)

    def _take(self, column: Column, history: Floats, older: int, begin: int, rows: int) -> Iterator[Alarm]:
        """Count the windows that end in the first rows of a column; yield a skew that is found for the first time."""
        while (end := self.next_window) <= begin + rows:
            taken = next_window(self._taken)
            window = history[max(older + end - min(taken - self._taken, WINDOW), 0) : older + end]
            self._count(window)
            self._taken = taken
            if is_look(taken):
                self._looks += 1
                self.verdict = self._judge(window, float(column.ts[end - begin - 1]))
                if self.verdict.verdict == "shifted" and self._is_start and not self._is_told:
                    self._is_told = True
                    yield self._skew(column, end - begin - 1)

    def _skew(self, column: Column, row: int) -> Alarm:
        """Return the alarm of the verdict given at a row."""
        training = self._training
        place = int(column.index[row]), float(column.ts[row])
        return Alarm(
            row, skew_detection(self._key, self._signal, self.verdict, training.kind, training.count, *place)
        )

    def _count(self, window: Floats) -> None:
        before = int(self._counts.sum())
        self._counts = self._counts + self._training.cells.counts(window)
        # Halves, since a difference of the largest numbers would overflow.
        step = mean(window) / 2.0 - self._mean / 2.0
        self._mean += step * (2.0 * len(window) / (before + len(window)))

    def _judge(self, window: Floats, ts: float) -> Verdict:
        """Return the verdict on all values that were counted.

        Args:
            window: The newest of them.
            ts: The event time of the last one, NaN where unknown.
        """
        training, values = self._training, int(self._counts.sum())
        cells, level = training.cells, training.level / (self._looks * (self._looks + 1))
        sizes = training.sizes(values)
        newest = cells.counts(window)
        if outside := self._outside(self._counts, sizes, level):
            return self._told("shifted", outside, window, sizes.window)
        if outside := self._outside(newest, sizes, level):
            return self._told_of(newest, mean(window), "shifted", outside, window, training.sizes(len(window)).window)
        found = clearest_difference(cells, self._counts, sizes, level)
        if found.is_shift:
            if ts - self._begin_ts < training.min_seconds:
                return self._told("not enough data", found, window, sizes.window, NO_DAY)
            ratio = self._own_ratio(cells.is_in(found, window))
            if ratio is None:
                return self._told("not enough data", found, window, 1.0, LONG_DEPENDENCE)
            if ratio * sizes.window > values:
                sizes = sizes._replace(window=values / ratio)
                found = clearest_difference(cells, self._counts, sizes, level)
        if found.is_shift:
            return self._told("shifted", found, window, sizes.window)
        if is_enough(cells, sizes, level):
            return self._told("same", found, window, sizes.window)
        return self._told("not enough data", found, window, sizes.window, FEW_VALUES)

    def _outside(self, counts: Ints, sizes: Sizes, level: float) -> Difference | None:
        """Return the difference where most values are such as the training data does not have, else None.

        A level that rises with the time of year leaves the training data long before most of all values are outside:
        so the newest window is judged like all that were counted.
        """
        cells, total = self._training.cells, counts.sum()
        most = [cell for cell in cells.outside if counts[cell] / total >= MIN_OUTSIDE]
        if not most:
            return None
        found = share_difference(cells, counts, Sizes(*map(max, sizes, OUTSIDE_SIZES)), level, most)
        return found if found.is_shift else None

    def _own_ratio(self, is_in: Bools) -> float | None:
        """Return the variance ratio that the newest values show where it is beyond that of the training data, else 1.

        Returns:
            None where the values depend on each other for longer than the window, so that it can't be estimated.
        """
        ones = int(is_in.sum())
        if ones in (0, len(is_in)):
            # All alike: a share of the training data that is now none or all may come back with the next season.
            return 1.0 if self._taken >= MIN_CONSTANT else None
        ratios = span_ratios(is_in.astype(np.float64))
        longest = (len(is_in) // (2 * MIN_BLOCKS)).bit_length() - 1
        if not is_dependent(ratios, len(is_in)) or ratios[longest] <= 2.0 * self._training.ratio_over(1 << longest):
            return 1.0
        if ratios[longest] > MAX_GROWTH * ratios[longest - 1]:
            return None
        return ratio_over(ratios, len(is_in), len(is_in))

    def _told(
        self, verdict: VerdictName, found: Difference, window: Floats, effective: float, reason: str | None = None
    ) -> Verdict:
        return self._told_of(self._counts, self._mean, verdict, found, window, effective, reason)

    def _told_of(
        self,
        counts: Ints,
        level: float,
        verdict: VerdictName,
        found: Difference,
        window: Floats,
        effective: float,
        reason: str | None = None,
    ) -> Verdict:
        values = int(counts.sum())
        words = self._training.cells.described(found, Counted(counts / values, level, window))
        return Verdict(
            verdict,
            found.measure,
            found.value,
            found.threshold,
            found.effect,
            *words,
            values,
            effective,
            self._is_start,
            reason,
        )

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "since": self._since,
            "begin_ts": self._begin_ts,
            "is_new": self._is_new,
            "taken": self._taken,
            "looks": self._looks,
            "counts": self._counts.tolist(),
            "mean": self._mean,
            "is_start": self._is_start,
            "is_told": self._is_told,
            "cells": self._training.cells.key,
            "verdict": self.verdict,
        }

    def restore(self, state: Mapping[str, Any] | None, count: int) -> None:
        """Load what `state` returned; begin anew after ``count`` values where it is of other training data."""
        if state is None or state["cells"] != self._training.cells.key:
            self._begin(count, math.nan)
            self._is_start = self._is_new = True
            return
        self._begin_ts = math.nan if state["begin_ts"] is None else state["begin_ts"]
        self._is_new = state["is_new"]
        self._since, self._taken, self._looks = state["since"], state["taken"], state["looks"]
        self._counts, self._mean = np.array(state["counts"], np.int64), state["mean"]
        self._is_start, self._is_told = state["is_start"], state["is_told"]
        self.verdict = _restored(state["verdict"])


def _restored(saved: Sequence[Any]) -> Verdict:
    """Return the verdict of a saved state; JSON has null for what is not finite."""
    one = Verdict(*saved)
    before, after = (math.nan if each is None else each for each in (one.before, one.after))
    threshold = math.inf if one.threshold is None else one.threshold
    parts = tuple(Part(*each) for each in one.parts)
    return one._replace(before=before, after=after, threshold=threshold, parts=parts)
