"""Changes that are too small to matter: each alone, and those that add up."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.events import Detection
from stream_monitor.drift.small_changes import SmallChanges
from stream_monitor.stats.effect_size import cohens_h
from tests.harness import feature_events, run


def _one(index: int, before: float, after: float, effect: float, **more: Any) -> Detection:
    fields = {"signal": "feature:x", "changed_index": index - 9, "n_before": 90, "n_after": 10, **more}
    return Detection(index, None, "m", "1", detector="glr", before=before, after=after, effect=effect, **fields)


def test_what_matters_is_told_as_it_is() -> None:
    changes = SmallChanges(0.1)
    for one in (_one(9, 0.0, 1.0, 0.1), _one(9, 0.0, 1.0, 0.5)._replace(effect=None)):
        assert changes.judge(one) == one
    assert SmallChanges(0.0).judge(_one(9, 0.0, 1.0, 1e-9)).is_small is False


def test_small_steps_in_one_direction_add_up_to_one_that_is_told() -> None:
    changes = SmallChanges(0.1)
    steps = [_one(100 * at, 0.04 * at, 0.04 * at + 0.04, 0.04) for at in range(1, 4)]
    told = []
    for one in steps:
        saved = json.loads(json.dumps(changes.state()))
        changes = SmallChanges(0.1)
        changes.restore(saved)
        told.append(changes.judge(one))
    assert [one.is_small for one in told] == [True, True, False]
    assert (told[-1].before, told[-1].after, told[-1].index) == (steps[0].before, steps[-1].after, 300)
    assert (told[-1].changed_index, told[-1].n_before) == (91, 90)
    assert told[-1].effect == pytest.approx(0.12)
    assert changes.judge(steps[0]).is_small


def test_steps_to_and_fro_do_not_add_up() -> None:
    changes = SmallChanges(0.1)
    for at in range(20):
        step = (0.0, 0.06) if at % 2 else (0.06, 0.0)
        assert changes.judge(_one(100 * at, *step, 0.06)).is_small


def test_of_the_error_a_percentage_point_matters() -> None:
    error = _one(9, 0.3, 0.311, cohens_h(0.3, 0.311), signal="error", is_share=True)
    assert error.effect is not None and error.effect < 0.03
    assert not SmallChanges(0.1).judge(error).is_small
    assert SmallChanges(0.1).judge(error._replace(after=0.309, effect=cohens_h(0.3, 0.309))).is_small
    assert SmallChanges(0.1).judge(error._replace(signal="missing:x")).is_small


def test_a_small_change_raises_no_alarm_and_a_creeping_one_does() -> None:
    rng, count = np.random.default_rng(0), 40_000
    noise = rng.normal(size=count)
    still = noise + 0.06 * (np.arange(count) >= 20_000)
    pipeline, found = run(feature_events({"a": still}), detectors=["feature:*=glr"], run_length=20_000.0)
    fleet = pipeline.processor.fleet
    (monitor,) = fleet.monitors.values()
    assert [one for one in fleet.small if 20_000 < one.index < 30_000]
    assert not [one for one in found if 20_000 < one.index < 27_000]
    drift = monitor.signals["feature:a"].detectors.drifts["glr"]
    assert (drift.count, drift.small) == (len(found), len(fleet.small))
    creeping = rng.normal(size=count) + np.clip((np.arange(count) - 5000) / 100_000, 0, None)
    _, found = run(feature_events({"a": creeping}), detectors=["feature:*=glr"], run_length=1e5)
    assert found and found[-1].after > found[0].before
