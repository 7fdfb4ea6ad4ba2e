"""Estimated performance: the same however the stream is cut or stopped, and as a naive rewrite has it."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.performance.calibration import MAX_CURVES, MAX_STEP, MIN_OUTCOMES, MIN_STEP
from stream_monitor.performance.calibration_curve import CalibrationCurve
from stream_monitor.performance.estimated import EstimatedPerformance
from stream_monitor.performance.score_cells import BINS
from stream_monitor.testing import make_label, make_prediction
from tests.examples import examples
from tests.harness import run

WINDOW = 50


def _stream(seed: int, count: int = 1200) -> list[dict[str, Any]]:
    """Return events of two versions and more classes than have cells, some scores missing or out of range."""
    rng = np.random.default_rng(seed)
    classes = ["yes", "no"] if seed % 3 else [f"c{at}" for at in range(30)]
    events: list[dict[str, Any]] = []
    for at in range(count):
        y_pred, score = (
            str(rng.choice(classes)),
            float(rng.choice([rng.random(), 1.5, 1.0, 0.0], p=[0.9, 0.04, 0.03, 0.03])),
        )
        given: dict[str, Any] = {"version": str(rng.integers(2))} | ({"score": score} if rng.random() < 0.95 else {})
        events.append(make_prediction(at, prediction=y_pred, **given))
        for _ in range(2):
            behind = int(max(at - rng.integers(-3, 200), 0))
            events.append(make_label(behind, y_pred if rng.random() < 0.6 else str(rng.choice(classes))))
    return events


def _states(events: list[dict[str, Any]], batch_size: int) -> list[str]:
    pipeline, _ = run(events, batch_size=batch_size, detectors=[], performance_window=WINDOW)
    monitors = pipeline.processor.fleet.monitors
    return [
        json.dumps([key, each.estimated.state()]) + repr(each.estimated.result())
        for key, each in sorted(monitors.items())
    ]


@given(st.integers(0, 2**32 - 1), st.sampled_from((1, 7, 64)))
@settings(max_examples=examples(12), deadline=None)
def test_the_estimates_are_the_same_however_the_stream_is_cut(seed: int, batch_size: int) -> None:
    events = _stream(seed)
    assert _states(events, batch_size) == _states(events, 10_000)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3600), st.integers(1, 3600))
@settings(max_examples=examples(12), deadline=None)
def test_what_is_saved_goes_on_as_if_it_had_not_been(seed: int, cut: int, batch_size: int) -> None:
    saved: dict[Any, str] = {}
    updates: list[Any] = []

    def recorded(self: ModelMonitor, batch: Any, index: Any, outcomes: Any = None) -> Any:
        updates.append((self.key, batch, index, outcomes))
        return [], []

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ModelMonitor, "update", recorded)
        run(_stream(seed), batch_size=batch_size, detectors=[])
    whole: dict[Any, EstimatedPerformance] = {}
    for at, (key, *given_) in enumerate(updates):
        whole.setdefault(key, EstimatedPerformance("classification", WINDOW)).update(*given_)
        resumed = EstimatedPerformance("classification", WINDOW)
        if key in saved:
            resumed.restore(json.loads(saved[key]))
        resumed.update(*given_)
        saved[key] = json.dumps(resumed.state())
        assert resumed.result() == whole[key].result(), at
    assert saved == {key: json.dumps(each.state()) for key, each in whole.items()}


def _bin(score: float) -> int:
    """Return the bin of a score: of its octave from 1/2 down, in so many parts of equal width."""
    if score >= 0.5:
        return BINS - 1 - _below_half(Fraction(1) - Fraction(score), is_open=False)
    return _below_half(Fraction(score), is_open=True)


def _below_half(distance: Fraction, *, is_open: bool) -> int:
    """Return the bin of a distance from 0 up to 1/2; each has its lower end, or else its upper one."""
    bins, lower = 0, Fraction(1, 4096)
    if distance < lower or (distance == lower and not is_open):
        return 0
    for parts in (8,) * 8 + (16, 16, 32):
        for part in range(parts):
            upper = lower * (1 + Fraction(part + 1, parts))
            bins += 1
            if distance < upper or (distance == upper and not is_open):
                return bins
        lower *= 2
    return bins


class _Naive:
    """Estimates one record at a time, with plain lists."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[int, bool]] = []
        self.curves: list[tuple[int, CalibrationCurve]] = []
        self.due = MIN_OUTCOMES
        self.cells: list[int] = []
        self.errors: list[float] = []

    def predict(self, cell: int) -> None:
        self.cells.append(cell)

    def label(self, cell: int, is_correct: bool, index: int, before: int) -> None:
        in_force = [curve for begin, curve in self.curves[-MAX_CURVES:] if begin <= index]
        if in_force:
            self.errors.append(float(in_force[-1].blocks.values[cell]) - is_correct)
        self.outcomes.append((cell, is_correct))
        if len(self.outcomes) == self.due:
            counts, correct = np.zeros(3 * BINS, np.int64), np.zeros(3 * BINS, np.int64)
            for place, is_right in self.outcomes:
                counts[place] += 1
                correct[place] += is_right
            self.curves.append((before, CalibrationCurve.fit(correct, counts)))
            self.due += min(max(self.due // 8, MIN_STEP), MAX_STEP)

    def estimate(self, cells: list[int]) -> float:
        values = self.curves[-1][1].blocks.values
        return float(sum(values[cell] for cell in cells)) / len(cells)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=examples(10), deadline=None)
def test_a_naive_rewrite_says_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    events: list[dict[str, Any]] = []
    naive, waiting = _Naive(), dict[int, tuple[int, str, str]]()
    for at in range(1500):
        score = float(rng.random()) if at else 0.2  # of the first class
        y_pred, y_true = ("yes" if score > 0.5 else "no"), ("yes" if rng.random() < score**2 else "no")
        cell = (2 if y_pred == "yes" else 1) * BINS + _bin(score)
        events.append(make_prediction(at, prediction=y_pred, score=score))
        naive.predict(cell)
        waiting[at] = (cell, y_pred, y_true)
        while len(waiting) > 40:
            number = int(rng.choice(list(waiting)))
            cell, y_pred, y_true = waiting.pop(number)
            events.append(make_label(number, y_true))
            naive.label(cell, y_pred == y_true, number, at + 1)
    pipeline, _ = run(events, batch_size=97, detectors=[], performance_window=WINDOW)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    found = monitor.estimated
    assert found.estimates()["cumulative"].value == pytest.approx(naive.estimate(naive.cells), abs=1e-12)
    assert found.estimates()["rolling"].value == pytest.approx(naive.estimate(naive.cells[-WINDOW:]), abs=1e-12)
    without = [cell for cell, _, _ in waiting.values()]
    assert found.estimates()["unlabelled"].count == len(without)
    assert found.estimates()["unlabelled"].value == pytest.approx(naive.estimate(without), abs=1e-12)
    assert found.errors()["cumulative"].count == len(naive.errors)
    assert found.errors()["cumulative"].value == pytest.approx(float(np.mean(naive.errors)), abs=1e-12)
    assert found.errors()["rolling"].value == pytest.approx(float(np.mean(naive.errors[-WINDOW:])), abs=1e-12)
