"""Distances of many signals are those of each, and computed from copies."""

from __future__ import annotations

import json

import numpy as np

from stream_monitor.monitors.comparison import category_counts, many_distances
from stream_monitor.stats.moments import mean, means
from stream_monitor.testing import make_records
from tests.harness import feature_events, make_pipeline, run


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
    assert found == [signal.comparison().distances() for signal in signals]
    assert {signal.name for signal, each in zip(signals, found, strict=True) if not each} == {
        "feature:short",
        "spread:short",
    }
    assert {signal.kind for signal in signals} == {"number", "share", "category"}


def test_a_comparison_does_not_change_with_its_signal() -> None:
    events = feature_events({"a": [float(at % 7) for at in range(5000)]})
    texts = (json.dumps(event).encode() for event in events)
    pipeline, _ = make_pipeline(make_records(texts), batch_size=50, warmup=100)
    taken = []
    while not pipeline.source.exhausted:
        pipeline.step()
        (monitor,) = pipeline.processor.fleet.monitors.values()
        values = monitor.signals["feature:a"].comparison().values
        taken.append((values, values.tolist()))
    assert len(taken) >= 100
    for number, (values, then) in enumerate(taken, 1):
        assert values.tolist() == then == [float(at % 7) for at in range(50 * number)][-1000:]


def test_counts_name_the_categories() -> None:
    names = {0.0: "no", 1.0: "yes", 2.0: "maybe"}.__getitem__
    assert category_counts(np.array([1.0, 0.0, 1.0]), names) == {"yes": 2, "no": 1}
    assert category_counts(np.array([1.0, 2.0, 2.0]), names) == {"yes": 1, "maybe": 2}
    assert set(category_counts(np.zeros(3), names)) == {"no"}
    assert category_counts(np.empty(0), names) == {}


def test_means_are_those_of_each_window() -> None:
    rng = np.random.default_rng(5)
    windows = [rng.normal(size=n) for n in (1, 7, 8, 129, 1000)] + [np.full(9, 1.7e308), np.empty(0)]
    windows += list(rng.normal(size=(1000, 3)).T)  # a column of an array
    found = means(windows)
    assert [each.hex() for each in found] == [mean(window.copy()).hex() for window in windows]
    assert found[5] == 1.7e308
