"""The seasons of a numeric column of the training data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.profiles.profile import Season
from stream_monitor.stats.normal_scores import NormalScores
from stream_monitor.stats.reference import NumericReference
from stream_monitor.stats.season_table import PERIODS, SeasonTable

DAY, WEEK = 86_400.0, 604_800.0
#: Number of rows that are kept.
SAMPLED = 20_000
#: Number of periods that the training data must cover, and of values in a period, at least.
MIN_PERIODS, MIN_VALUES = 2, 48
#: Larger numbers are left out.
MAX_NUMBER = 1e308


class SeasonSample:
    """Every so manyth number of a column, evenly spaced over all rows, with its time."""

    def __init__(self) -> None:
        self._ts: list[float] = []
        self._values: list[float] = []
        self._step, self._next = 1, 0

    def add(self, ts: Sequence[float], column: Sequence[Any]) -> None:
        """Add the next rows: their times in seconds, and JSON values, of which numbers are kept."""
        at = self._next
        while at < len(column):
            value = column[at]
            self._ts.append(ts[at])
            is_number = isinstance(value, int | float) and abs(value) < MAX_NUMBER
            self._values.append(float(value) if is_number else math.nan)
            at += self._step
            if len(self._ts) == SAMPLED:
                self._ts, self._values, self._step = self._ts[::2], self._values[::2], 2 * self._step
        self._next = at - len(column)

    def seasons(self, reference: NumericReference) -> list[Season]:
        """Return the daily and the weekly season of the normal scores of this reference, where they are covered."""
        ts, values = np.array(self._ts), np.array(self._values)
        usable = np.isfinite(ts) & np.isfinite(values)
        ts, values = ts[usable], values[usable]
        if reference.distinct <= 2 or not len(ts):
            return []
        scores = NormalScores(reference).of(values, np.flatnonzero(usable))[:, None]
        found = []
        for period, memory in ((DAY, PERIODS * WEEK / DAY), (WEEK, PERIODS)):
            periods = int((ts[-1] - ts[0]) / period)
            if periods < MIN_PERIODS or len(ts) < MIN_VALUES * periods:
                break
            table = _learned(SeasonTable(period), ts, scores, memory)
            found.append(Season(period=period, weight=table.weight, sums=table.total))
            scores = table.residuals(ts, scores)
        return found


def _learned(table: SeasonTable, ts: Floats, scores: Floats, memory: float) -> SeasonTable:
    """Return the table after all whole periods of a series in order of time."""
    turns = np.floor((ts - ts[0]) / table.period)
    ends = np.searchsorted(turns, np.arange(1.0, turns[-1] + 1.0))
    begin = 0
    for end in ends.tolist():
        table.current.add(ts[begin:end], scores[begin:end])
        table.learn(table.close(float(ts[begin])), memory)
        begin = end
    return table
