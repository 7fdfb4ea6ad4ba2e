"""The counts of a feature's values, and the type inferred from the first of them."""

from __future__ import annotations

from typing import Any

import pytest

from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.monitors.feature_counts import FeatureCounts
from stream_monitor.signals.columns import feature_columns

#: An integer that no float holds counts as missing.
HUGE = 10**400


def _counts(values: list[Any], batch_size: int, first: int = 2) -> FeatureCounts:
    counts = FeatureCounts()
    for begin in range(0, len(values), batch_size):
        table = FeatureTable.of([{"a": value} for value in values[begin : begin + batch_size]])
        column = feature_columns(table, ["a"])["a"]
        if counts.type is None:
            counts.infer(column, first)
        counts.add(column)
    return counts


@pytest.mark.parametrize("batch_size", [1, 2, 5])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([HUGE, "x", None], None),
        ([HUGE, "x", "y"], "categorical"),
        ([-HUGE, float("nan"), 1, True], "numeric"),
        ([float("inf"), 1.5, "x"], "numeric"),
        ([[], "x", {}], None),
    ],
)
def test_the_type_does_not_depend_on_batches(values: list[Any], expected: str | None, batch_size: int) -> None:
    assert _counts(values, batch_size).type == expected
