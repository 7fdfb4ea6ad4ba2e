"""Codes of classes: what is equal has one code, and what has none is right only where it is equal."""

from __future__ import annotations

from stream_monitor.performance.class_codes import MAX_CLASSES, OTHER, UNLIKE, ClassCodes


def test_equal_values_are_one_class_whatever_their_type() -> None:
    codes = ClassCodes()
    assert codes.encode([1, True, "1"], [1.0, 0, "1"]).y_pred.tolist() == [0, 1, 2]
    assert codes.names == ["1", "0", "1 (str)"]


def test_classes_come_in_the_order_of_the_outcomes() -> None:
    codes = ClassCodes()
    codes.encode(["a", "c"], ["b", "a"])
    assert codes.names == ["a", "b", "c"]


def test_past_the_bound_all_classes_share_a_code() -> None:
    codes = ClassCodes()
    codes.encode(list(range(MAX_CLASSES)), list(range(MAX_CLASSES)))
    y_true, y_pred, correct = codes.encode(["x", "x", "x", 0], ["x", "y", 0, "x"])
    assert y_true.tolist() == [OTHER, OTHER, OTHER, 0]
    assert y_pred.tolist() == [OTHER, UNLIKE, 0, OTHER]
    assert correct.tolist() == [1.0, 0.0, 0.0, 0.0]


def test_a_class_with_a_name_that_is_taken_has_no_code() -> None:
    codes = ClassCodes()
    assert codes.encode(["(others)"], ["(others)"]).y_true.tolist() == [OTHER]
    assert codes.names == []
    other = ClassCodes()
    other.restore(codes.state())
    assert other.names == codes.names
