"""An observer sees all values of all signals, in order, and changes nothing; modules use public names only."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stream_monitor
from stream_monitor.core.events import ModelVersion
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.performance.realized import Performance
from stream_monitor.report.recorder import Recorder
from stream_monitor.signals.columns import Column
from stream_monitor.testing import make_label
from tests.harness import feature_events, run


class Onlooker:
    """An observer that keeps everything."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.places: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.performance: list[tuple[int, float]] = []

    def on_signal(self, signal: SignalMonitor, column: Column) -> None:
        assert len(column.values)
        # It is told after the fact: what the signal knows holds these values.
        assert signal.comparison().values[-1] == column.values[-1]
        self.values[signal.key.version, signal.name] += column.values.tolist()
        self.places[signal.key.version, signal.name] += column.index.tolist()

    def on_performance(self, key: ModelVersion, performance: Performance, at: int) -> None:
        self.performance.append((at, performance.totals()["outcomes"]))


def _events() -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    gone = rng.random(1500) < 0.3
    columns = {
        "a": [None if hidden else at / 7 for at, hidden in enumerate(gone)],
        "k": rng.choice(["x", "y"], 1500),
    }
    events = feature_events(columns, score=0.5)
    for at, event in enumerate(events):
        event["version"] = "1" if at < 1000 else "2"
    return [*events, *[make_label(at, "yes" if at % 3 else "no", version=None) for at in range(700)]]


@pytest.mark.parametrize("batch_size", [1, 64, 2000])
def test_an_observer_sees_what_the_signals_take(batch_size: int) -> None:
    seen = Onlooker()
    events = _events()
    pipeline, found = run(events, batch_size=batch_size, observer=seen)
    a = [(at, each["features"]["a"]) for at, each in enumerate(events[:1500]) if each["features"]["a"] is not None]
    for version, part in (
        ("1", [each for each in a if each[0] < 1000]),
        ("2", [each for each in a if each[0] >= 1000]),
    ):
        assert seen.places[version, "feature:a"] == [at for at, _ in part]
        assert seen.values[version, "feature:a"] == [value for _, value in part]
    assert seen.places["1", "feature:k"] == list(range(1000))
    assert seen.values["1", "error"] == [float(at % 3 == 0) for at in range(700)]
    assert seen.performance[-1] == (699, 700)
    watched = {(key.version, name) for key, one in pipeline.processor.fleet.monitors.items() for name in one.signals}
    assert set(seen.values) == watched
    assert run(events, batch_size=batch_size)[1] == found


def test_the_recorder_of_a_report_is_one() -> None:
    recorder = Recorder()
    pipeline, _ = run(_events(), observer=recorder)
    watched = {(key, name) for key, one in pipeline.processor.fleet.monitors.items() for name in one.signals}
    assert set(recorder.signals) == watched
    key = ModelVersion("default", "1")
    assert recorder.names[key, "feature:k"](0) in ("x", "y")
    assert (key, "accuracy") in recorder.performance
    assert {name for each, name, _ in recorder.distances if each == key} >= {"feature:a", "feature:k"}


def test_no_module_imports_what_is_private_to_another() -> None:
    root = Path(stream_monitor.__file__).parent
    taken = [
        (path.name, alias.name)
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]
    assert taken == []
