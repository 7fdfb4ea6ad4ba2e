"""Performance over several versions, in the summary of a replay."""

from __future__ import annotations

import math

import pytest

from stream_monitor.performance.realized import make_performance
from stream_monitor.pipeline.snapshot import PerformanceSnapshot
from stream_monitor.report.summary import combine


def _performance(task: str, *pairs: tuple[float, float]) -> PerformanceSnapshot:
    performance = make_performance(task, 10, 0.9)
    if pairs:
        performance.update_many(*map(list, zip(*pairs, strict=True)))
    return PerformanceSnapshot(
        performance.totals(),
        performance.measures(),
        performance.intervals(),
        performance.counts(),
        performance.class_measures(),
        performance.confusion(),
    )


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_versions_are_combined_by_their_totals(task: str) -> None:
    first, second = [(1.0, 2.0), (3.0, 3.0)], [(5.0, 5.0), (6.0, 9.0), (7.0, 7.5)]
    whole = combine([_performance(task, *first, *second)])
    combined = combine([_performance(task, *first), _performance(task, *second)])
    assert set(whole) - set(combined) <= {"r2"}
    assert all(math.isclose(combined[name], whole[name]) for name in combined)


def test_nothing_combines_to_nothing() -> None:
    assert combine([]) == combine([_performance("regression")]) == {}
