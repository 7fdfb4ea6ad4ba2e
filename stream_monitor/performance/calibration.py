"""Calibration of scores, learned online from outcomes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints, ordered_sum, pack, unpack
from stream_monitor.performance.calibration_blocks import CalibrationBlocks, placed
from stream_monitor.performance.calibration_curve import CalibrationCurve
from stream_monitor.performance.score_cells import added, counted

#: Outcomes before the first curve.
MIN_OUTCOMES = 200
#: Outcomes between two curves: an eighth of those so far, within these bounds.
MIN_STEP, MAX_STEP = 50, 2_500
#: Newest outcomes that a curve is fitted to, about.
MAX_OUTCOMES = 20_000
#: Newest curves that are kept, to know what a prediction was expected to be when it was made.
MAX_CURVES = 16
#: Newest steps whose errors of estimation are kept.
MAX_ERRORS = 8


@dataclass(frozen=True, slots=True)
class ScoredOutcomes:
    """Outcomes whose prediction has a probability as score, as columns of n values.

    Attributes:
        cells: The cells of the predictions, shape (n,).
        is_correct: Which predictions are right, shape (n,).
        index: The positions of the predictions in the stream, shape (n,).
        before: The position of the prediction that comes next after each outcome, shape (n,), rising.
    """

    cells: Ints
    is_correct: Bools
    index: Ints
    before: Ints

    def take(self, rows: slice) -> ScoredOutcomes:
        """Return some of the outcomes."""
        return ScoredOutcomes(self.cells[rows], self.is_correct[rows], self.index[rows], self.before[rows])


class StepError(NamedTuple):
    """The error of estimation over the outcomes of one step.

    Attributes:
        outcomes: The outcomes for which there was an estimate.
        error: Estimated less realized accuracy over them.
        variance: The variance that it should have.
    """

    outcomes: int
    error: float
    variance: float


@dataclass(slots=True)
class _Counts:
    """Outcomes by cell, shape (cells,) each."""

    correct: Ints
    all: Ints

    def plus(self, other: _Counts) -> _Counts:
        return _Counts(added(self.correct, other.correct), added(self.all, other.all))


class Calibration:
    """Fits a curve to the newest outcomes, step by step.

    A curve holds from the first prediction after the outcome that completed it, whatever batches they came in.

    Attributes:
        outcomes: All outcomes so far.
    """

    def __init__(self) -> None:
        self.outcomes = 0
        self._room = MIN_OUTCOMES
        self._step = _empty()
        #: Errors of the outcomes of this step, and their cells, where there was a curve.
        self._errors, self._cells = np.empty(0), np.empty(0, np.int64)
        self._chunks: deque[_Counts] = deque()
        self._begins: deque[int] = deque(maxlen=MAX_CURVES)
        self._curves: deque[CalibrationBlocks] = deque(maxlen=MAX_CURVES)
        self._past: deque[StepError] = deque(maxlen=MAX_ERRORS)
        self.curve: CalibrationCurve | None = None

    def add(self, outcomes: ScoredOutcomes) -> Floats:
        """Add outcomes, in order, and fit a curve after each step.

        Returns:
            The expected accuracy of each, as it was known when it was predicted; NaN before the first curve.
        """
        expected = [np.empty(0)]
        while count := len(outcomes.cells):
            part = outcomes.take(slice(self._room))
            expected.append(self._expected(part))
            self._take(part, expected[-1])
            if count >= self._room:
                self._fit(int(part.before[-1]))
            else:
                self._room -= count
            outcomes = outcomes.take(slice(len(part.cells), None))
        return np.concatenate(expected)

    def _expected(self, outcomes: ScoredOutcomes) -> Floats:
        values = np.full(len(outcomes.cells), np.nan)
        which = np.searchsorted(np.array(self._begins, np.int64), outcomes.index, "right") - 1
        for at in np.unique(which[which >= 0]).tolist():
            rows, curve = which == at, self._curves[at]
            values[rows] = curve.values[placed(outcomes.cells[rows], len(curve))]
        return values

    def _take(self, part: ScoredOutcomes, expected: Floats) -> None:
        self._step = self._step.plus(_Counts(counted(part.cells[part.is_correct]), counted(part.cells)))
        is_known = ~np.isnan(expected)
        self._errors = np.concatenate((self._errors, (expected - part.is_correct)[is_known]))
        self._cells = np.concatenate((self._cells, part.cells[is_known]))
        self.outcomes += len(part.cells)

    def _fit(self, begin: int) -> None:
        """Complete a step; its curve holds from the prediction at this position on."""
        if self.curve and len(self._errors):
            count = len(self._errors)
            variance = self.curve.variance(self.curve.counted(self._cells))
            self._past.append(StepError(count, ordered_sum(self._errors) / count, variance))
        self._chunks.append(self._step)
        self._forget()
        total = self._total
        self.curve = CalibrationCurve.fit(total.correct, total.all)
        self._begins.append(begin)
        self._curves.append(self.curve.blocks)
        self._room = min(max(self.outcomes // 8, MIN_STEP), MAX_STEP)
        self._step, self._errors, self._cells = _empty(), np.empty(0), np.empty(0, np.int64)

    def _forget(self) -> None:
        """Merge small chunks, and drop the oldest one once there are enough outcomes without it."""
        chunks = self._chunks
        if len(chunks) > 1 and int(chunks[-2].all.sum() + chunks[-1].all.sum()) <= MAX_STEP:
            last = chunks.pop()
            chunks.append(chunks.pop().plus(last))
        if int(self._total.all.sum()) - int(chunks[0].all.sum()) >= MAX_OUTCOMES:
            chunks.popleft()

    @property
    def _total(self) -> _Counts:
        total = _empty()
        for chunk in self._chunks:
            total = total.plus(chunk)
        return total

    @property
    def excess_variance(self) -> float:
        """The variance of past errors of estimation over what it should have been; 0 if there is none.

        The moment estimator of R. DerSimonian, N. Laird, "Meta-analysis in clinical trials", Controlled Clinical
        Trials 7 (1986), pp. 177-188, around an expected error of 0.
        """
        sizes = sum(step.outcomes for step in self._past)
        if not sizes:
            return 0.0
        excess = math.fsum(step.outcomes * (step.error**2 - step.variance) for step in self._past)
        return max(excess / sizes, 0.0)

    def state(self) -> dict[str, Any]:
        return {
            "outcomes": self.outcomes,
            "room": self._room,
            "step": _packed(self._step),
            "errors": pack(self._errors),
            "cells": pack(self._cells.astype(np.float64)),
            "chunks": [_packed(chunk) for chunk in self._chunks],
            "begins": list(self._begins),
            "curves": [curve.state() for curve in self._curves],
            "past": [list(step) for step in self._past],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.outcomes, self._room = state["outcomes"], state["room"]
        self._step = _unpacked(state["step"])
        self._errors, self._cells = unpack(state["errors"]), unpack(state["cells"]).astype(np.int64)
        self._chunks = deque(map(_unpacked, state["chunks"]))
        self._begins.extend(state["begins"])
        self._curves.extend(map(CalibrationBlocks.restore, state["curves"]))
        self._past.extend(StepError(*step) for step in state["past"])
        total = self._total
        self.curve = CalibrationCurve.fit(total.correct, total.all) if self._chunks else None


def _empty() -> _Counts:
    return _Counts(np.zeros(0, np.int64), np.zeros(0, np.int64))


def _packed(counts: _Counts) -> list[str]:
    return [pack(each.astype(np.float64)) for each in (counts.correct, counts.all)]


def _unpacked(texts: list[str]) -> _Counts:
    correct, counts = (unpack(text).astype(np.int64) for text in texts)
    return _Counts(correct, counts)
