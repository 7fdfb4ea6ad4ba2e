"""Features whose values are no numbers, or extreme ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors.adwin import Adwin
from stream_monitor.detectors.page_hinkley import PageHinkley
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.testing import make_prediction
from tests.harness import feature_events, findings, run
from tests.property.feature_streams import mixed_events, run_one


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> list[Floats]:
    """Record every column that a detector is fed."""
    seen: list[Floats] = []

    def spy(method: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, values: seen.append(values.copy()) or method(self, values)

    for detector in (Adwin, PageHinkley):
        monkeypatch.setattr(detector, "update_many", spy(detector.update_many))
    return seen


@pytest.mark.parametrize("warmup", [0, 2, 50])
@pytest.mark.parametrize("batch_size", [1, 100, 2000])
def test_only_finite_numbers_reach_a_detector(spied: list[Floats], warmup: int, batch_size: int) -> None:
    start = b'{"id": %d, "version": "1", "prediction": 1, "score": Infinity, '
    literals = start + b'"features": {"a": Infinity, "b": -Infinity, "c": NaN}}'
    events: list[Any] = [*mixed_events(1, 600, features=5)]
    events[::7] = [literals % at for at in range(len(events[::7]))]
    run(events, warmup=warmup, batch_size=batch_size, side_by_side=False)
    assert sum(map(len, spied)) > 1000
    assert all(np.isfinite(values).all() and values.dtype == np.float64 for values in spied)
    assert warmup == 0 or max(np.abs(values).max(initial=0) for values in spied) <= 1000


def _counts(monitor: ModelMonitor) -> dict[str, int]:
    return {kind: getattr(monitor.features["a"], kind) for kind in ("numeric", "text", "missing", "other")}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, "numeric"),
        (-0.5, "numeric"),
        (True, "numeric"),
        (1e308, "numeric"),
        ("x", "text"),
        ("41", "text"),
        ("", "text"),
        (None, "missing"),
        (10**400, "missing"),
        ([], "other"),
        ({"b": 1}, "other"),
    ],
)
@pytest.mark.parametrize("neighbour", [1.5, None, "x"])
def test_each_value_is_counted_as_one_kind(value: Any, kind: str, neighbour: Any) -> None:
    pipeline, _ = run([{"id": i, "prediction": 1, "features": {"a": v}} for i, v in enumerate([neighbour])])
    base = _counts(next(iter(pipeline.processor.fleet.monitors.values())))
    body = str({"a": value}).replace("'", '"').replace("None", "null").replace("True", "true")
    records: list[Any] = [{"id": 1, "prediction": 1, "features": {"a": neighbour}}]
    pipeline, _ = run([*records, b'{"id": 2, "prediction": 1, "features": %s}' % body.encode()])
    both = _counts(next(iter(pipeline.processor.fleet.monitors.values())))
    assert {name: both[name] - base[name] for name in both if both[name] != base[name]} == {kind: 1}


def test_a_constant_feature_never_drifts() -> None:
    monitor, found = run_one([5.0] * 8000, warmup=100)
    assert found == []
    assert set(monitor.signals["feature:a"].comparison().values.tolist()) == {5.0}


def test_a_feature_that_was_constant_is_found_when_it_moves() -> None:
    rng = np.random.default_rng(1)
    _, found = run_one([5.0] * 3000 + (5.0 + rng.normal(size=2000)).tolist() + [50.0] * 500, warmup=100)
    assert any(5000 <= d.index < 5200 for d in found)


def test_a_feature_that_is_always_missing_never_drifts() -> None:
    monitor, found = run_one([None] * 3000)
    assert found == []
    assert _counts(monitor) == {"numeric": 0, "text": 0, "missing": 3000, "other": 0}
    assert set(monitor.signals) == {"prediction", "missing:a"}


def test_a_feature_that_goes_missing_is_found_by_its_missing_signal() -> None:
    rng = np.random.default_rng(1)
    _, found = run_one([*rng.normal(size=2000).tolist(), *[None] * 500], detectors=["*=adwin:delta=0.002"])
    assert {d.signal for d in found} == {"missing:a"}
    assert all(2000 <= d.index < 2200 for d in found)
    assert all(d.before < 0.1 and d.after > 0.9 for d in found)


def test_an_absent_feature_is_as_missing_as_a_null_one() -> None:
    events = feature_events({"a": [1.0] * 2000})
    absent = [make_prediction(at, features={}) for at in range(2000, 2500)]
    nulls = [make_prediction(at, features={"a": None}) for at in range(2000, 2500)]
    assert run(events + absent)[1] == run(events + nulls)[1] != []


def test_a_feature_that_turns_to_text_is_counted_and_no_more_fed() -> None:
    rng = np.random.default_rng(2)
    monitor, found = run_one([*rng.normal(size=2000).tolist(), *["high"] * 1000], detectors=["glr"])
    assert monitor.features["a"].violations == 1000
    assert found == []
    assert _counts(monitor) == {"numeric": 2000, "text": 1000, "missing": 0, "other": 0}


def test_booleans_are_zero_and_one() -> None:
    rng = np.random.default_rng(3)
    flags = (rng.random(4000) < np.repeat([0.1, 0.9], 2000)).tolist()
    monitor, found = run_one(flags)
    numbers, expected = run_one([float(flag) for flag in flags])
    assert found == expected != []
    assert _counts(monitor) == _counts(numbers)


def test_values_at_the_end_of_what_a_float_holds() -> None:
    rng = np.random.default_rng(4)
    column = rng.normal(size=4000) + np.repeat([0.0, 4.0], 2000)
    _, expected = run_one(column.tolist())
    _, found = run_one((column / np.abs(column).max() * 1.7e308).tolist())
    assert findings(found) == findings(expected)
    assert all(math.isfinite(d.before) and math.isfinite(d.after) for d in found)


def test_one_wild_value_blinds_nobody() -> None:
    rng = np.random.default_rng(5)
    column = rng.normal(size=6000) + np.repeat([0.0, 6.0], 3000)
    column[1000] = 1e308
    _, found = run_one(column.tolist(), detectors=["page_hinkley"])
    assert any(3000 <= d.index < 3500 for d in found)
