"""Distances of many signals are those of each, and computed from copies."""

from __future__ import annotations

import numpy as np

from stream_monitor.monitors.comparison import category_counts, many_distances
from stream_monitor.stats.moments import mean, means
from tests.harness import feature_events, run


def test_signals_of_every_kind() -> None:
    columns = {
        "number": [float(at % 97) + at / 1000 for at in range(1500)],
        "kind": ["a", "b", "c", None, "d"] * 300,
        "short": [None] * 1200 + [1.0] * 300,
    }
    pipeline, _ = run(feature_events(columns, score=0.5, label="1"), warmup=400)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    signals = list(monitor.signals.values())
    found = many_distances(signal.comparison() for signal in signals)
    assert found == [signal.distances() for signal in signals]
    assert {signal.name for signal, each in zip(signals, found, strict=True) if not each} == {
        "feature:short",
        "spread:short",
    }
    assert {signal.kind for signal in signals} == {"number", "share", "category"}


def test_a_comparison_does_not_change_with_its_signal() -> None:
    pipeline, _ = run(feature_events({"a": [float(at % 7) for at in range(600)]}), warmup=100)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    signal = monitor.signals["feature:a"]
    assert not np.shares_memory(signal.comparison().values, signal.recent)


def test_counts_name_the_categories() -> None:
    names = {0.0: "no", 1.0: "yes", 2.0: "maybe"}.__getitem__
    assert category_counts(np.array([1.0, 0.0, 1.0]), names) == {"yes": 2, "no": 1}
    assert category_counts(np.array([1.0, 2.0, 2.0]), names) == {"yes": 1, "maybe": 2}
    assert set(category_counts(np.zeros(3), names)) == {"no"}
    assert category_counts(np.empty(0), names) == {}


def test_means_are_those_of_each_window() -> None:
    rng = np.random.default_rng(5)
    windows = [rng.normal(size=n) for n in (1, 7, 8, 129, 1000)] + [np.full(9, 1.7e308), np.empty(0)]
    found = means(windows)
    assert [each.hex() for each in found] == [mean(window).hex() for window in windows]
    assert found[-2] == 1.7e308
