"""The list of all measures."""

from __future__ import annotations

from stream_monitor.performance.known_measures import KNOWN
from stream_monitor.performance.realized import make_performance


def test_every_measure_that_a_task_has_is_known() -> None:
    for task in ("classification", "regression"):
        performance = make_performance(task, 10, 0.9)
        performance.update_many([1.0, 2.0], [1.0, 1.0])
        assert set(performance.measures()) <= set(KNOWN)
