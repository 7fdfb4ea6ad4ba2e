"""The versions of a model: traffic, champion, challengers, what is to be rolled back."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.performance.comparison import MAX_WRONG, wrong_level
from stream_monitor.performance.rollout import RolloutSettings
from stream_monitor.performance.rollout_result import RolloutResult
from stream_monitor.performance.version_traffic import BLOCK, VersionTraffic
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.testing import make_prediction, make_records
from tests.harness import make_pipeline, run
from tests.states import state_json


def _events(versions: list[str], right: dict[str, float], seed: int = 1) -> list[dict[str, Any]]:
    """Return labelled predictions of these versions, each of which is right with its probability."""
    u = np.random.default_rng(seed).random(len(versions)).tolist()
    return [
        make_prediction(at, version=version, prediction="yes", label="yes" if u[at] < right[version] else "no")
        for at, version in enumerate(versions)
    ]


def _rollout(pipeline: Pipeline) -> RolloutResult:
    (found,) = pipeline.processor.fleet.rollouts.results()
    return found


def _run(events: list[dict[str, Any]], batch_size: int = 500, **rollout: Any) -> Pipeline:
    return run(events, detectors=[], batch_size=batch_size, rollout=RolloutSettings(**rollout))[0]


def test_the_first_version_is_the_champion_until_another_has_the_traffic() -> None:
    right = {"1": 0.9, "2": 0.9}
    half = ["1", "2"] * 1_500
    found = _rollout(_run(_events(half, right)))
    assert (found.champion, [each.version for each in found.versions]) == ("1", ["1", "2"])
    assert [each.share for each in found.versions] == [0.5, 0.5]
    promoted = _rollout(_run(_events([*half, *["2"] * 2 * BLOCK], right)))
    assert promoted.champion == "2"
    assert all(each.comparison is None for each in promoted.versions)


def test_a_champion_that_is_given_stays() -> None:
    found = _rollout(_run(_events([*["1", "2"] * 500, *["2"] * 3_000], {"1": 0.5, "2": 1.0}), champions={"": "1"}))
    assert found.champion == "1"
    assert found.versions[1].comparison is not None
    assert found.versions[1].comparison.verdict == "better"
    assert not any(each.is_worse for each in found.versions)


def test_a_champion_worse_than_the_one_before_is_to_be_rolled_back() -> None:
    found = _rollout(_run(_events(["1", "2"] * 1_000, {"1": 0.95, "2": 0.6}), champions={"default": "2"}))
    assert {each.version: each.is_worse for each in found.versions} == {"1": False, "2": True}


def test_a_challenger_that_is_worse_is_to_be_rolled_back_and_a_better_one_not() -> None:
    right = {"1": 0.8, "2": 0.4, "3": 1.0}
    found = _rollout(_run(_events(["1", "2", "3"] * 1_000, right)))
    assert {each.version: each.is_worse for each in found.versions} == {"1": False, "2": True, "3": False}


def test_a_champion_never_seen_is_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = _rollout(_run(_events(["1", "2"] * 2_000, {"1": 0.9, "2": 0.5}), champions={"": "9"}))
    assert [record.message for record in caplog.records] == [
        "--champion: version 9 of default has made no prediction, so no version is compared; seen are 1, 2"
    ]
    assert all(each.comparison is None and not each.is_worse for each in found.versions)


def test_a_trend_in_both_versions_is_no_difference() -> None:
    """A canary whose share rises from 5 to 95 % while both versions become worse: Simpson's paradox."""
    rng = np.random.default_rng(1)
    trend = np.linspace(0.0, 1.0, 12_000)
    versions = np.where(rng.random(12_000) < 0.05 + 0.9 * trend, "2", "1").tolist()
    is_right = rng.random(12_000) < 0.95 - 0.4 * trend
    events = [
        make_prediction(at, version=version, prediction="yes", label="yes" if is_right[at] else "no")
        for at, version in enumerate(versions)
    ]
    found = _rollout(_run(events, champions={"": "1"}))
    assert found.versions[1].comparison is not None
    assert found.versions[1].comparison.verdict == "undecided"


def test_versions_of_a_regression_are_compared_by_their_absolute_errors() -> None:
    rng = np.random.default_rng(1)
    events = [
        make_prediction(at, version=str(1 + at % 2), prediction=rng.normal(scale=1.0 + at % 2), label=0.0)
        for at in range(4_000)
    ]
    pipeline = run(events, task="regression", detectors=[], rollout=RolloutSettings(task="regression"))[0]
    found = _rollout(pipeline)
    assert found.measure == "cliffs_delta"
    assert found.versions[1].comparison is not None
    assert found.versions[1].comparison.verdict == "worse"
    # Of two centred normal variables the smaller one is that of the smaller scale with probability 2 atan(2) / pi.
    assert found.versions[1].comparison.difference == pytest.approx(1 - 4 * np.arctan(2) / np.pi, abs=0.05)


def test_another_split_of_the_traffic_than_declared() -> None:
    right = {"1": 0.9, "2": 0.9}
    declared = {"1": 0.75, "2": 0.25}
    found = _rollout(_run(_events(["1", "1", "1", "2"] * 500, right), split=declared))
    assert found.split_p_value == 1.0
    found = _rollout(_run(_events(["1", "2"] * 500, right), split=declared))
    assert found.split_p_value is not None
    assert found.split_p_value < 1e-6


def test_an_evicted_version_is_gone_and_begins_anew_when_it_comes_back() -> None:
    events = _events([*["1", "2"] * 300, *["2", "3"] * 300, "1"], {"1": 0.9, "2": 0.9, "3": 0.9})
    pipeline = run(events[:-1], detectors=[], max_versions=2)[0]
    found = _rollout(pipeline)
    assert [each.version for each in found.versions] == ["2", "3"]
    assert found.champion in ("2", "3")
    back = _rollout(run(events, detectors=[], max_versions=2)[0])
    assert {each.version: each.predictions for each in back.versions}["1"] == 1


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100), st.sampled_from([1, 7, 64, 333]))
def test_the_result_does_not_depend_on_cuts(seed: int, batch_size: int) -> None:
    """With a promotion, an eviction and challengers, in batches of any size."""
    rng = np.random.default_rng(seed)
    rising = np.where(rng.random(1_500) < np.linspace(0.1, 1.2, 1_500), "2", "1").tolist()
    late = rng.choice(["2", "3"], 300).tolist()
    events = _events([*rising, *["2"] * 1_100, *late], {"1": 0.9, "2": 0.5, "3": 0.9}, seed)
    states = [
        state_json(run(events, detectors=[], batch_size=size, max_versions=2)[0].processor.fleet.rollouts.state())
        for size in (batch_size, 5_000)
    ]
    assert states[0] == states[1]


def test_times_and_shares_of_versions() -> None:
    traffic = VersionTraffic()
    assert not traffic.add(["1"], np.zeros(BLOCK - 1, np.int64), np.full(BLOCK - 1, np.nan))
    assert traffic.seen["1"].first_ts is None
    assert traffic.add(["1"], np.zeros(1, np.int64), np.array([7.0]))
    assert traffic.leader(0.9) == "1"
    traffic.add(["2"], np.zeros(3, np.int64), np.array([5.0, np.nan, 4.0]))
    assert (traffic.seen["2"].first_ts, traffic.seen["2"].last_ts) == (4.0, 5.0)
    assert traffic.shares() == {"1": 1_000 / 1_003, "2": 3 / 1_003}


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 100), st.integers(50, 900))
def test_verdicts_on_several_challengers_do_not_depend_on_cuts(seed: int, batch_size: int) -> None:
    versions = np.random.default_rng(seed).choice(["1", "2", "3", "4"], 3_000).tolist()
    events = _events(versions, {"1": 0.5, "2": 0.9, "3": 0.95, "4": 0.1}, seed)
    told = []
    for size in (3_000, batch_size):
        records = make_records(orjson.dumps(event) for event in events)
        pipeline, found = make_pipeline(records, batch_size=size, detectors=[])[0], []
        while not pipeline.source.exhausted:
            pipeline.processor.process(pipeline.source.poll(0), {})
            found += [event.reason for event in pipeline.processor.fleet.take_events()]
        told.append((found, state_json(pipeline.processor.fleet.rollouts.state())))
    assert told[0] == told[1]
    assert len([reason for reason in told[0][0] if reason]) >= 3


def test_the_chance_of_a_wrong_verdict_is_shared_out_in_the_order_of_first_outcomes() -> None:
    versions = [*["1"] * 20, *["9", "2", "1"] * 200]
    pipeline = _run(_events(versions, {"1": 0.9, "2": 0.9, "9": 0.9}))
    (state,) = pipeline.processor.fleet.rollouts.state().values()
    assert [(name, saved["level"]) for name, saved in state["comparisons"]] == [
        ("9", wrong_level(1)),
        ("2", wrong_level(2)),
    ]
    assert sum(map(wrong_level, range(1, 10_000))) < MAX_WRONG
