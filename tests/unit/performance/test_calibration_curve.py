"""The calibration curve: the fit of each class, the shift of scores, and the variance that follows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from stream_monitor.core.arrays import Bools, Ints
from stream_monitor.performance.calibration_blocks import MIN_OF_CLASS
from stream_monitor.performance.calibration_curve import GROUPS, CalibrationCurve
from stream_monitor.performance.score_cells import BINS, ScoreCells


def _outcomes(seed: int, count: int, *, shift: float = 0.0) -> tuple[Ints, Bools]:
    """Return the cells and the correctness of a model whose scores are too sure of themselves."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(shift, 1.5, count)
    y_pred, score = logit > 0, 1.0 / (1.0 + np.exp(-2.0 * logit))
    y_true = rng.random(count) < 1.0 / (1.0 + np.exp(-logit))
    cells = ScoreCells()
    cells.learn([False, True])
    return cells.encode(y_pred.tolist(), score), y_true == y_pred


def _curve(cells: Ints, is_correct: Bools, size: int = 3 * BINS) -> CalibrationCurve:
    return CalibrationCurve.fit(np.bincount(cells[is_correct], minlength=size), np.bincount(cells, minlength=size))


def test_each_class_has_the_isotonic_regression_of_scikit_learn() -> None:
    cells, is_correct = _outcomes(0, 5000)
    curve = _curve(cells, is_correct)
    for row, increasing in ((1, False), (2, True)):
        rows = cells // BINS == row
        peer = IsotonicRegression(out_of_bounds="clip", increasing=increasing)
        peer.fit(cells[rows] % BINS, is_correct[rows].astype(float))
        found = curve.blocks.values[row * BINS : (row + 1) * BINS]
        assert np.abs(peer.predict(np.arange(BINS)) - found).max() <= 1e-12


def test_a_class_with_few_outcomes_has_the_curve_of_all() -> None:
    cells, is_correct = _outcomes(0, 2000)
    rare = np.arange(MIN_OF_CLASS - 1) % BINS + 3 * BINS
    cells, is_correct = np.concatenate((cells, rare)), np.concatenate((is_correct, np.ones(len(rare), bool)))
    curve = _curve(cells, is_correct, 4 * BINS)
    assert curve.blocks.values[3 * BINS :].tolist() == curve.blocks.values[:BINS].tolist()
    assert curve.blocks.number[3 * BINS :].tolist() == curve.blocks.number[:BINS].tolist()
    assert curve.blocks.values[BINS : 2 * BINS].tolist() != curve.blocks.values[:BINS].tolist()


def test_the_expected_accuracy_of_the_outcomes_is_theirs() -> None:
    cells, is_correct = _outcomes(1, 3000)
    curve = _curve(cells, is_correct)
    assert curve.accuracy(curve.counted(cells)) == pytest.approx(is_correct.mean(), abs=1e-12)


def test_cells_of_a_later_class_are_those_of_row_0() -> None:
    cells, is_correct = _outcomes(1, 3000)
    curve = _curve(cells, is_correct)
    assert np.flatnonzero(curve.counted(np.array([len(curve.blocks) + 5]))).tolist() == [5]


def test_equal_scores_have_no_shift_and_others_have_their_share() -> None:
    cells, is_correct = _outcomes(2, 20_000)
    curve = _curve(cells, is_correct)
    shifts = [curve.shift(curve.counted(_outcomes(seed, 1000)[0]))[0] for seed in range(10, 50)]
    assert np.mean(shifts) < 0.01
    assert max(shifts) < 0.04
    moved = _outcomes(3, 1000, shift=2.0)[0]
    distance, accuracy = curve.shift(curve.counted(moved))
    assert distance > 0.3
    assert accuracy > 0.75


def test_scores_far_from_all_outcomes_have_shifted_whole() -> None:
    cells, is_correct = _outcomes(2, 20_000)
    near = (cells % BINS < 80) | (cells % BINS > 178)
    curve = _curve(cells[near], is_correct[near])
    assert curve.group_of.max() == GROUPS
    assert curve.group_of[BINS + 125] == curve.group_of[2 * BINS + 130] == 0
    distance, _ = curve.shift(curve.counted(np.full(1000, 2 * BINS + 130)))
    assert distance > 0.9


def test_the_variance_is_that_of_the_realized_accuracy() -> None:
    errors, variances = [], []
    for seed in range(150):
        curve = _curve(*_outcomes(seed, 2000))
        cells, is_correct = _outcomes(seed + 1000, 1000)
        counts = curve.counted(cells)
        errors.append(curve.accuracy(counts) - is_correct.mean())
        variances.append(curve.variance(counts))
    assert np.mean(np.square(errors)) == pytest.approx(np.mean(variances), rel=0.25)
    assert abs(np.mean(errors)) < 0.004


def test_the_interval_widens_where_there_were_few_outcomes() -> None:
    cells, is_correct = _outcomes(4, 20_000)
    curve = _curve(cells, is_correct)
    usual = curve.variance(curve.counted(_outcomes(5, 1000)[0]))
    moved = curve.variance(curve.counted(_outcomes(5, 1000, shift=3.0)[0]))
    assert moved > 4.0 * usual
