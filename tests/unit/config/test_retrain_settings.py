"""Settings of retraining: what contradicts another setting is one line."""

from __future__ import annotations

import pytest

from stream_monitor.config.loading import load_config
from stream_monitor.config.settings import ReplayConfig
from stream_monitor.core.errors import ConfigError


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (
            {"retrain_on": "errors=drift"},
            "--retrain-on: 'errors=drift': unknown signal 'errors'; allowed: prediction",
        ),
        ({"retrain_on": "never"}, "unknown policy 'never'; allowed: drift, labels, performance, schedule"),
        ({"retrain_on": "performance"}, "performance: allowed: below=SHARE, of accuracy, or above=NUMBER"),
        ({"retrain_on": "performance:below=1.2"}, "performance.below: must be less than 1"),
        ({"retrain_on": "performance:below=0.5,above=2"}, "allowed: below=SHARE, of accuracy, or above=NUMBER"),
        ({"retrain_on": "performance:above=2"}, "mean absolute error is no measure of --task classification"),
        (
            {"retrain_on": "performance:below=0.5", "task": "regression"},
            "accuracy is no measure of --task regression; allowed: performance:above=LIMIT",
        ),
        (
            {"retrain_on": ["performance:below=0.8", "performance:below=0.9"]},
            "performance:below is 0.8 and 0.9; allowed: one of them",
        ),
        ({"retrain_on": "error=labels:count=3"}, "labels has no signal 'error'; allowed: labels:count=3"),
        ({"retrain_on": "schedule:every=10s"}, "schedule.every: must be greater than or equal to 60"),
        ({"retrain_on": "schedule"}, "schedule.every: Field required"),
        (
            {"retrain_on": "schedule:every=1h"},
            "--retrain-cooldown: 86400s is longer than the time of 'schedule:every",
        ),
        (
            {"retrain_on": "labels:count=10", "retrain_min_labels": "20"},
            "--retrain-min-labels: 20 is more than the count of 'labels:count=10'; allowed: at most 10",
        ),
    ],
)
def test_wrong_policies_are_one_line(flags: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(ReplayConfig, flags, {}, None)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_policies_come_from_the_environment_too() -> None:
    found = load_config(ReplayConfig, {}, {"STREAM_MONITOR_RETRAIN_ON": "error=drift labels:count=9"}, None)
    assert found.retrain_on == ["error=drift", "labels:count=9"]
