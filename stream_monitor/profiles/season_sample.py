"""The seasons of a numeric column of the training data."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

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
        tables = [each.table for each in self._learned(reference)]
        return [Season(period=each.period, weight=each.weight, sums=each.total) for each in tables]

    def strengths(self, reference: NumericReference) -> dict[float, float]:
        """Return the strength, 0 to 1, of each season of which most periods in a row are alike, by its period."""
        return {each.table.period: each.table.strength for each in self._learned(reference) if each.comes_back}

    def _learned(self, reference: NumericReference) -> list[_Learned]:
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
            found.append(_learned(SeasonTable(period), ts, scores, memory))
            scores = found[-1].table.residuals(ts, scores)
        return found


class _Learned(NamedTuple):
    """The table of a season, and whether more than half of its periods are like the one before."""

    table: SeasonTable
    comes_back: bool


def _learned(table: SeasonTable, ts: Floats, scores: Floats, memory: float) -> _Learned:
    """Return the table after all whole periods of a series in order of time."""
    turns = np.floor((ts - ts[0]) / table.period)
    ends = np.searchsorted(turns, np.arange(1.0, turns[-1] + 1.0))
    begin, periods = 0, []
    for end in ends.tolist():
        table.current.add(ts[begin:end], scores[begin:end])
        periods.append(table.close(float(ts[begin])))
        table.learn(periods[-1], memory)
        begin = end
    alike = [period.is_like(last, is_share=False) for last, period in itertools.pairwise(periods)]
    return _Learned(table, 2 * sum(alike) > len(alike))
