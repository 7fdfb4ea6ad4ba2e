"""Bounds on models, versions and features: the one seen longest ago goes, with its series, and is counted."""

from __future__ import annotations

import json
import logging
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.events import ModelVersion, Outcome, Prediction
from stream_monitor.core.newest import Newest
from stream_monitor.core.part import Part
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.testing import make_label, make_prediction
from tests.event_columns import update
from tests.harness import feature_events, findings, make_pipeline, run


def _keys(pipeline: Pipeline) -> list[str]:
    return sorted("/".join(key) for key in pipeline.processor.fleet.monitors)


def _events(*keys: str) -> list[dict[str, Any]]:
    pairs = (key.split("/") for key in keys)
    return [make_prediction(at, model=model, version=version) for at, (model, version) in enumerate(pairs)]


def _monitor(pipeline: Pipeline) -> ModelMonitor:
    (monitor,) = pipeline.processor.fleet.monitors.values()
    return monitor


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
def test_the_model_seen_longest_ago_is_evicted(batch_size: int) -> None:
    pipeline, _ = run(_events("a/1", "b/1", "a/1", "c/1"), batch_size=batch_size, max_models=2)
    assert _keys(pipeline) == ["a/1", "c/1"]
    assert pipeline.processor.fleet.evicted == {"model": 1, "version": 0, "feature": 0}


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
def test_a_model_goes_with_all_its_versions(batch_size: int) -> None:
    pipeline, _ = run(_events("a/1", "a/2", "b/1", "c/1"), batch_size=batch_size, max_models=2)
    assert _keys(pipeline) == ["b/1", "c/1"]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
def test_the_version_seen_longest_ago_is_evicted(batch_size: int) -> None:
    pipeline, _ = run(_events("a/1", "a/2", "b/1", "a/1", "a/3"), batch_size=batch_size, max_versions=2)
    assert _keys(pipeline) == ["a/1", "a/3", "b/1"]
    assert pipeline.processor.fleet.evicted == {"model": 0, "version": 1, "feature": 0}


def test_eviction_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        run(_events("a/1", "b/1"), max_models=1)
    assert "evicted the model seen longest ago: a" in caplog.text
    assert "--max-models" in caplog.text


def _followed(keys: list[tuple[str, str]], max_models: int, max_versions: int) -> set[tuple[str, str]]:
    """Return the keys still followed, by a naive rule: the one seen longest ago is evicted."""
    seen: dict[tuple[str, str], int] = {}
    for now, (model, version) in enumerate(keys):
        if (model, version) not in seen:
            siblings = [key for key in seen if key[0] == model]
            newest = {name: max(at for key, at in seen.items() if key[0] == name) for name, _ in seen}
            if len(siblings) >= max_versions:
                del seen[min(siblings, key=lambda key: seen[key])]
            elif not siblings and len(newest) >= max_models:
                idle = min(newest, key=lambda name: newest[name])
                seen = {key: at for key, at in seen.items() if key[0] != idle}
        seen[model, version] = now
    return set(seen)


@given(
    keys=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("123")), min_size=8, max_size=60),
    max_models=st.integers(1, 4),
    max_versions=st.integers(1, 3),
    batch_size=st.integers(1, 60),
)
@settings(max_examples=200, deadline=None)
def test_bounds_hold_and_do_not_depend_on_batches(
    keys: list[tuple[str, str]], max_models: int, max_versions: int, batch_size: int
) -> None:
    logging.disable(logging.WARNING)
    events = [make_prediction(at, model=model, version=version) for at, (model, version) in enumerate(keys)]
    bounds = {"max_models": max_models, "max_versions": max_versions}
    whole, _ = run(events, batch_size=len(events), **bounds)
    pieces, _ = run(events, batch_size=batch_size, **bounds)
    logging.disable(logging.NOTSET)
    assert set(whole.processor.fleet.monitors) == _followed(keys, max_models, max_versions)
    counts = {key: monitor.predictions for key, monitor in whole.processor.fleet.monitors.items()}
    assert {key: monitor.predictions for key, monitor in pieces.processor.fleet.monitors.items()} == counts
    assert pieces.processor.fleet.evicted == whole.processor.fleet.evicted


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_the_feature_seen_longest_ago_is_evicted_with_its_signals(batch_size: int) -> None:
    rows: list[dict[str, Any]] = [{"a": 1.0, "b": 1.0}, {"a": 1.0}, {"c": 1.0}]
    pipeline, _ = run([make_prediction(at, features=row) for at, row in enumerate(rows)], max_features=2)
    monitor = _monitor(pipeline)
    assert set(monitor.features) == {"a", "c"}
    assert not any(name.endswith(":b") for name in monitor.signals)
    assert pipeline.processor.fleet.evicted["feature"] == 1


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_a_feature_that_is_only_quiet_for_a_while_is_not_the_oldest(batch_size: int) -> None:
    """A feature that is absent for a batch or two is not the one seen longest ago."""
    rows: list[dict[str, Any]] = [{"old": 1}, {"new": 1}, *[{}] * 10, {"third": 1}]
    events = [make_prediction(at, features=row) for at, row in enumerate(rows)]
    pipeline, _ = run(events, batch_size=batch_size, max_features=2)
    assert set(_monitor(pipeline).features) == {"new", "third"}


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_a_record_with_ten_thousand_features_evicts_nothing(batch_size: int) -> None:
    wide = {f"w{number}": 1.0 for number in range(10_000)}
    rows: list[dict[str, Any]] = [{"a": 1.0, "b": 1.0}, wide, {"a": 1.0, "b": 1.0}]
    events = [make_prediction(at, features=row) for at, row in enumerate(rows)]
    pipeline, _ = run(events, batch_size=batch_size, max_features=50)
    monitor = _monitor(pipeline)
    assert {"a", "b"} <= set(monitor.features)
    assert len(monitor.features) == 50
    assert monitor.features_ignored == 10_000 - 48
    assert pipeline.processor.fleet.evicted["feature"] == 0
    assert (monitor.features["a"].numeric, monitor.features["a"].missing) == (2, 1)


@given(rows=st.lists(st.dictionaries(st.sampled_from("abcdefg"), st.just(1.0)), max_size=40), bound=st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_there_are_never_more_features_than_allowed(rows: list[dict[str, float]], bound: int) -> None:
    logging.disable(logging.WARNING)
    events = [make_prediction(at, features=row) for at, row in enumerate(rows)]
    pipeline, _ = run(events, batch_size=7, max_features=bound)
    logging.disable(logging.NOTSET)
    for monitor in pipeline.processor.fleet.monitors.values():
        assert len(monitor.features) <= bound
        named = {name.partition(":")[2] for name in monitor.signals if ":" in name}
        assert named <= set(monitor.features)


def test_a_label_for_an_evicted_version_is_counted() -> None:
    events = [*_events("a/1", "a/2", "a/3"), make_label(0, "yes"), make_label(2, "yes")]
    pipeline, _ = run(events, max_versions=2, batch_size=1)
    assert pipeline.processor.fleet.outcomes_evicted == 1
    assert pipeline.processor.joiner.ledger.applied_predictions == 2


def test_a_version_has_the_outcomes_before_its_eviction() -> None:
    """In the batch whose first prediction evicts it."""
    fleet = Fleet(MonitorSettings(max_versions=1))
    old, new = ModelVersion("a", "1"), ModelVersion("a", "2")
    update(fleet, [(0, Prediction("0", 0.0, old, "yes", {}))])
    evicted = fleet.monitors[old]
    before, after = Outcome(old, 0, 0.0, "yes", "yes", 1.0), Outcome(old, 0, 0.0, "yes", "no", 1.0)
    update(fleet, [(1, Prediction("1", 1.0, new, "yes", {}))], [(1, before), (2, after)])
    assert list(fleet.monitors) == [new]
    assert (evicted.performance.totals()["outcomes"], fleet.outcomes_evicted) == (1, 1)


def test_versions_are_watched_apart() -> None:
    rng = np.random.default_rng(1)
    quiet, shifted = rng.normal(size=3000), rng.normal(size=3000) + np.repeat([0.0, 5.0], 1500)
    pairs = zip(feature_events({"a": quiet}, version="1"), feature_events({"a": shifted}, version="2"), strict=True)
    _, found = run([event for pair in pairs for event in pair], detectors=["adwin"])
    assert {(d.version, d.signal) for d in found} == {("2", "feature:a")}
    assert all(d.index % 2 == 1 for d in found)


@given(seed=st.integers(0, 1000), at=st.integers(0, 1500))
@settings(max_examples=10, deadline=None)
def test_a_fleet_restored_from_json_goes_on_as_if_nothing_had_been(seed: int, at: int) -> None:
    rng = np.random.default_rng(seed)
    column = rng.normal(size=1500) + np.repeat([0.0, 4.0, 0.0], 500)
    events = feature_events({"a": column, "b": rng.normal(size=1500)}, label="yes", score=0.5)
    options: dict[str, Any] = {"warmup": 300}
    _, expected = run(events, **options)
    first, before = run(events[:at], **options)
    second, sink = make_pipeline([], **options)
    second.processor.fleet.restore(json.loads(json.dumps(first.processor.fleet.state(), default=_part)))
    rest, after = run([], **options)
    assert sink.detections == after == []
    predictions = [(at + n, _decode(rest, event)) for n, event in enumerate(events[at:])]
    found = [*before, *update(second.processor.fleet, predictions)]
    assert findings(sorted(found)) == [f for f in findings(expected) if f.signal != "error"]


@pytest.mark.parametrize("given", ["categorical", "numeric"])
@pytest.mark.parametrize("version", ["1", "2"])
def test_a_type_that_is_given_after_a_restart_holds(given: Any, version: str) -> None:
    """It holds for restored features, and for the warm start of the next version."""
    other: Any = "numeric" if given == "categorical" else "categorical"
    first, _ = run(feature_events({"zip": [10115 + at % 3 for at in range(900)]}), feature_types={"zip": other})
    second, _ = run([], feature_types={"zip": given})
    second.processor.fleet.restore(json.loads(json.dumps(first.processor.fleet.state(), default=_part)))
    key = ModelVersion("default", version)
    found = [(at, Prediction(str(at), float(at), key, "yes", {"zip": 10115 + at % 3})) for at in range(900, 1500)]
    assert update(second.processor.fleet, found) == []
    monitor = second.processor.fleet.monitors[key]
    assert (monitor.features["zip"].type, monitor.features["zip"].violations) == (given, 0)
    signal = monitor.signals["feature:zip"]
    assert signal.kind == ("category" if given == "categorical" else "number")
    assert signal.reference.distribution and len(signal.comparison().values) == 600
    assert ("spread:zip" in monitor.signals) == (given == "numeric")


def _decode(pipeline: Pipeline, event: dict[str, Any]) -> Any:
    from stream_monitor.testing import make_records

    return pipeline.processor.codec.decode(make_records([event])[0])


def _part(value: Any) -> Any:
    if isinstance(value, Part):
        return dict(value)
    if isinstance(value, Newest):
        return list(value)
    raise TypeError(f"{type(value)} in a state")


def test_recent_detections_are_bounded() -> None:
    column = np.tile(np.repeat([0.0, 50.0], 40), 200)
    pipeline, found = run(
        feature_events({"a": column}), warmup=0, detectors=["page_hinkley:threshold=1,min_instances=2"]
    )
    assert len(found) > len(pipeline.processor.fleet.recent) == 100


def test_a_fresh_fleet_is_empty() -> None:
    fleet = Fleet(MonitorSettings())
    assert update(fleet, []) == []
    assert fleet.monitors == {}
    assert ModelVersion("m", "1") not in fleet.monitors
