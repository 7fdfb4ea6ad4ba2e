"""Gaps between groups: who takes part, and between whom they are."""

from __future__ import annotations

import math

import pytest

from stream_monitor.performance.group_gaps import GAP_NAMES, MEAN_RESIDUAL_GAP, gaps
from stream_monitor.performance.group_measures import BY_NAME, GroupCounts, mean_residual, variance_of_mean

#: Predictions and selected; outcomes and correct; positives and true ones; others and false positives.
LARGE = GroupCounts(200, 100, 160, 120, 80, 60, 80, 20)
SECOND = GroupCounts(400, 100, 300, 270, 100, 80, 200, 10)
SMALL = GroupCounts(99, 99, 99, 0, 50, 0, 49, 49)


def test_the_gaps_of_two_groups() -> None:
    found = gaps({"a": LARGE, "b": SECOND}, "classification", 100)
    assert set(found) == set(GAP_NAMES) - {MEAN_RESIDUAL_GAP}
    values = {name: (round(gap.estimate.value, 9), gap.highest, gap.lowest) for name, gap in found.items()}
    assert values == {
        "statistical_parity_difference": (0.25, "a", "b"),
        "disparate_impact_ratio": (0.5, "a", "b"),
        "equal_opportunity_difference": (0.05, "b", "a"),
        "equalized_odds_difference": (0.2, "a", "b"),
        "accuracy_gap": (0.15, "b", "a"),
    }
    assert all(gap.estimate.lower < gap.estimate.value < gap.estimate.upper for gap in found.values())


def test_small_groups_and_what_is_missing_take_no_part() -> None:
    expected = gaps({"a": LARGE, "b": SECOND}, "classification", 100)
    assert (
        gaps({"a": LARGE, "b": SECOND, "c": SMALL, "missing": SMALL._replace(predictions=500)}, "classification", 100)
        == expected
    )
    assert gaps({"a": LARGE, "c": SMALL}, "classification", 100) == {}
    assert gaps({}, "classification", 1) == {}


def test_outcomes_count_where_labels_are_needed() -> None:
    """Of a group with many predictions but few labels yet, only the selection rate is compared."""
    waiting = LARGE._replace(outcomes=50)
    found = gaps({"a": waiting, "b": SECOND}, "classification", 100)
    assert set(found) == {"statistical_parity_difference", "disparate_impact_ratio"}


def test_without_a_positive_class_there_is_accuracy_only() -> None:
    assert set(gaps({"a": LARGE, "b": SECOND}, "classification", 1, has_positive=False)) == {"accuracy_gap"}


def test_a_rate_that_is_not_defined_takes_no_part() -> None:
    none = LARGE._replace(positives=0, true_positives=0)
    assert "equal_opportunity_difference" not in gaps({"a": none, "b": SECOND}, "classification", 1)
    nobody = GroupCounts(100)
    assert "disparate_impact_ratio" not in gaps({"a": nobody, "b": nobody}, "classification", 1)


def test_the_gap_of_mean_residuals() -> None:
    low, high = (
        GroupCounts(3, outcomes=3, residuals=3.0, squares=5.0),
        GroupCounts(3, outcomes=3, residuals=-3.0, squares=3.5),
    )
    assert (mean_residual(low), variance_of_mean(low)) == (1.0, pytest.approx(1 / 3))
    gap = gaps({"a": low, "b": high}, "regression", 1)[MEAN_RESIDUAL_GAP]
    assert (gap.estimate.value, gap.highest, gap.lowest) == (2.0, "a", "b")
    assert gaps({"a": low, "b": high._replace(outcomes=1)}, "regression", 1) == {}
    assert math.isnan(mean_residual(GroupCounts()))
    assert math.isinf(variance_of_mean(GroupCounts(outcomes=1)))


def test_a_share_never_exceeds_one() -> None:
    """After a restart elsewhere, labels may come of predictions that were not counted here."""
    assert BY_NAME["label_coverage"].value(GroupCounts(1, outcomes=2)) == 1.0
    assert math.isnan(BY_NAME["label_coverage"].value(GroupCounts()))
