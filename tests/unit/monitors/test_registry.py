"""The model versions that are followed; their bounds over a stream are in test_fleet.py."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.events import ModelVersion
from stream_monitor.monitors.registry import MAX_LOGGED, VersionRegistry
from stream_monitor.monitors.settings import MonitorSettings
from tests.harness import feature_events, run


def _registry(**settings: Any) -> VersionRegistry:
    return VersionRegistry(MonitorSettings(**settings))


def _admit(registry: VersionRegistry, *keys: str) -> None:
    """Admit each key, seen in this order."""
    for at, key in enumerate(keys, start=max((one.last_seen for one in registry.monitors.values()), default=0) + 1):
        version = ModelVersion(*key.split("/"))
        registry.admit(version)
        registry.monitors[version].last_seen = at


def _keys(registry: VersionRegistry) -> list[str]:
    return ["/".join(key) for key in registry.monitors]


def test_the_version_seen_longest_ago_makes_room() -> None:
    registry = _registry(max_versions=2)
    _admit(registry, "a/1", "a/2", "b/1", "a/3")
    assert _keys(registry) == ["a/2", "b/1", "a/3"]
    assert registry.evicted == {"model": 0, "version": 1, "feature": 0}


def test_the_model_seen_longest_ago_makes_room_with_all_its_versions() -> None:
    registry = _registry(max_models=2)
    _admit(registry, "a/1", "b/1", "b/2", "c/1")
    assert _keys(registry) == ["b/1", "b/2", "c/1"]
    assert registry.evicted == {"model": 1, "version": 0, "feature": 0}


def test_a_new_version_starts_warm_from_the_one_seen_last() -> None:
    registry = _registry(run_seconds=86_400.0)
    _admit(registry, "a/1", "a/2")
    for number, monitor in enumerate(registry.monitors.values()):
        monitor._rate.run_length = 2000.0 + number
    _admit(registry, "a/3", "b/1")
    lengths = [monitor._rate.run_length for monitor in registry.monitors.values()]
    assert lengths == [2000.0, 2001.0, 2001.0, MonitorSettings().run_length]


def test_an_expected_version_is_followed_only_where_there_is_room() -> None:
    registry = _registry(max_models=2, max_versions=2)
    for key in ("a/1", "a/1", "a/2", "a/3", "b/1", "c/1"):
        registry.admit_if_room(ModelVersion(*key.split("/")))
    assert _keys(registry) == ["a/1", "a/2", "b/1"]
    assert sum(registry.evicted.values()) == 0


def test_of_many_evictions_few_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    registry = _registry(max_versions=1)
    with caplog.at_level(logging.WARNING):
        _admit(registry, *(f"a/{number}" for number in range(2001)))
    assert registry.evicted["version"] == 2000
    assert len(caplog.messages) == MAX_LOGGED + 2
    assert caplog.messages[0] == "evicted the version seen longest ago: a/0 (1 so far; see --max-versions)"


def test_a_new_version_goes_on_with_the_features_alone() -> None:
    rng = np.random.default_rng(7)
    columns = {"a": rng.normal(size=1300), "k": rng.choice(["x", "y"], 1300)}
    columns["a"][1250:] += 4.0
    events = feature_events(columns, score=0.5)
    for at, event in enumerate(events):
        event["version"] = "1" if at < 1000 else "2"
    pipeline, found = run(events, detectors=["glr"])
    old, new = pipeline.processor.fleet.monitors.values()
    # It has had 300 predictions, fewer than a warm-up; and yet it knows what is usual.
    assert [one.version for one in found if one.signal == "feature:a"] == ["2"]
    assert new.features["k"].type == "categorical"
    assert not any(runner.running for runner in new.signals["prediction"].detectors.runners.values())
    assert old.signals["feature:a"].detectors.drifts["glr"].count == 0
