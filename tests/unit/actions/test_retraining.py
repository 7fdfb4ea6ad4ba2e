"""Requests to retrain: each policy, what holds a request back, and what ends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stream_monitor.actions.retrain_decision import RetrainSettings
from stream_monitor.actions.retrain_policy import parse_policy
from stream_monitor.actions.retrain_request import RetrainRequest
from stream_monitor.actions.retraining import Retraining
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import Detection, ModelVersion, Outcome, Prediction
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.performance.version_event import VersionEvent

START = 1_795_435_200.0
V1, V2 = ModelVersion("m", "1"), ModelVersion("m", "2")
BOTH = (V1, V2)


def _settings(*policies: str, **limits: Any) -> RetrainSettings:
    given = {"cooldown": 0.0, "timeout": 1e9, **limits}
    return RetrainSettings(tuple(map(parse_policy, policies)), **given)


class _Stream:
    """A stream of one model, an event a second, each with its label at once."""

    def __init__(self, settings: RetrainSettings) -> None:
        self.retraining = Retraining(settings, 1000)
        self.at = 0
        self.seen: set[ModelVersion] = set()

    def go(
        self,
        count: int,
        right: float = 1.0,
        key: ModelVersion = V1,
        found: Sequence[Detection] = (),
        timed: bool = True,
    ) -> list[RetrainRequest]:
        """Feed events; the first of so many in ten are right."""
        index = np.arange(self.at, self.at + count)
        predictions, outcomes = [], []
        for at in index.tolist():
            ts = START + at if timed else None
            y_true = "a" if at % 10 < right * 10 else "b"
            predictions.append(Prediction(str(at), ts, key, "a", {}))
            outcomes.append(Outcome(key, at, ts, "a", y_true, None))
        events = []
        if key not in self.seen:
            champion = "1" if self.seen else key.version
            events = [VersionEvent("version_first_seen", "m", key.version, champion, None, self.at, START + self.at)]
            self.seen.add(key)
        self.retraining.update(
            PredictionBatch.of(list(range(count)), predictions),
            index,
            OutcomeBatch.of(outcomes, (index + 1).tolist()),
            events,
            [((one.index + 1, 0, 0), one) for one in found],
            BOTH,
        )
        self.at += count
        return self.retraining.take_requests()

    def promote(self, version: str) -> None:
        """Make a version the champion."""
        event = VersionEvent("promotion", "m", version, version, None, self.at, START + self.at)
        none = PredictionBatch.of((), ()), np.zeros(0, np.int64), OutcomeBatch.of((), ())
        key = ModelVersion("m", version)
        batch = PredictionBatch.of([0], [Prediction(str(self.at), START + self.at, key, "a", {})])
        self.retraining.update(batch, np.array([self.at]), none[2], [event], [], BOTH)
        self.at += 1


def _drift(index: int, signal: str = "error", episode: str = "e", version: str = "1") -> Detection:
    return Detection(index, START + index, "m", version, signal, "glr", 0.1, 0.4, 0.7, episode=episode, is_share=True)


def test_a_drift_asks_for_a_retraining_at_once() -> None:
    (request,) = _Stream(_settings("error=drift")).go(100, found=[_drift(40)])
    assert (request.key, request.index, request.ts) == (V1, 40, START + 40)
    assert [(reason.policy, reason.index) for reason in request.reasons] == [("error=drift", 40)]
    assert request.reasons[0].text == "drift in error: accuracy down from 90% to 60%"
    assert request.detections == [_drift(40)]
    assert request.labels == 40


def test_a_drift_of_other_signals_or_of_a_challenger_does_not() -> None:
    stream = _Stream(_settings("error=drift"))
    assert stream.go(100, found=[_drift(40, "feature:age"), _drift(50, version="2")]) == []


def test_an_episode_is_a_reason_once() -> None:
    stream = _Stream(_settings("drift", timeout=10.0))
    assert [one.index for one in stream.go(100, found=[_drift(at) for at in (40, 60, 80)])] == [40]
    assert [one.index for one in stream.go(100, found=[_drift(140, episode="other")])] == [140]


def test_performance_below_a_limit_asks_once_its_whole_interval_is() -> None:
    stream = _Stream(_settings("performance:below=0.7"))
    assert stream.go(1000, right=0.7) == []
    (request,) = stream.go(1000, right=0.5)
    assert request.performance[0].interval.upper < 0.7 < request.performance[0].value + 0.1
    assert request.reasons[0].text.startswith(
        "accuracy 66% (95 % interval 63% to 68.9%) over 1,000 outcomes is below"
    )


def test_the_error_of_a_regression_above_a_limit_does() -> None:
    retraining = Retraining(_settings("performance:above=3", task="regression"), 10)
    residuals = np.where(np.arange(500) < 250, 1.0, 8.0)
    predictions = [Prediction(str(at), START + at, V1, 0.0, {}) for at in range(500)]
    outcomes = [Outcome(V1, at, START + at, 0.0, float(residuals[at]), None) for at in range(500)]
    index, event = np.arange(500), VersionEvent("version_first_seen", "m", "1", "1", None, 0, START)
    batch = PredictionBatch.of(list(range(500)), predictions)
    retraining.update(batch, index, OutcomeBatch.of(outcomes, (index + 1).tolist()), [event], [], BOTH)
    (request,) = retraining.take_requests()
    assert request.index == 399
    assert request.performance[0].measure == "mae"
    assert request.performance[0].interval.lower > 3
    assert request.reasons[0].text.startswith("mean error 3.62")


def test_a_schedule_asks_at_the_first_event_of_its_time() -> None:
    stream = _Stream(_settings("schedule:every=5m", timeout=60.0))
    assert [one.index for one in stream.go(1000)] == [300, 600, 900]


def test_labelled_events_are_counted_anew_after_each_request() -> None:
    stream = _Stream(_settings("labels:count=300", timeout=60.0))
    requests = stream.go(1000)
    assert [one.index for one in requests] == [299, 599, 899]
    assert requests[1].reasons[0].text == "300 labelled events since the last request"


def test_policies_are_combined() -> None:
    (request,) = _Stream(_settings("error=drift", "schedule:every=5m", "labels:count=300", cooldown=1e8)).go(
        1000, found=[_drift(290)]
    )
    assert [reason.policy for reason in request.reasons] == ["error=drift"]
    stream = _Stream(_settings("error=drift", "schedule:every=5m", "labels:count=300", min_labels=400))
    (request,) = stream.go(1000, found=[_drift(290)])
    assert [(reason.policy, reason.index) for reason in request.reasons] == [
        ("error=drift", 290),
        ("labels:count=300", 299),
        ("schedule:every=5m", 300),
    ]
    assert (request.index, request.labels) == (399, 400)


def test_a_request_is_open_until_a_version_is_new() -> None:
    stream = _Stream(_settings("drift"))
    assert len(stream.go(100, found=[_drift(40, episode="a"), _drift(60, episode="b")])) == 1
    assert stream.go(100, found=[_drift(140, episode="c")]) == []
    assert stream.go(1, key=V2) == []
    assert not stream.retraining.models["m"].decision.is_open
    assert stream.go(100, found=[_drift(220, episode="d")])[0].index == 220


def test_or_for_the_time_out() -> None:
    stream = _Stream(_settings("drift", timeout=500.0))
    first, second = stream.go(1000, found=[_drift(40, episode="a"), _drift(60, episode="b")])
    assert (first.index, second.index) == (40, 540)
    assert [one.episode for one in second.detections] == ["b"]


def test_a_reason_waits_for_the_cool_down() -> None:
    stream = _Stream(_settings("drift", cooldown=300.0, timeout=100.0))
    assert [one.index for one in stream.go(500, found=[_drift(40), _drift(200, episode="b")])] == [40, 340]


def test_performance_that_is_back_is_no_reason_any_more() -> None:
    stream = _Stream(_settings("performance:below=0.8", min_labels=3000, window=100))
    assert stream.go(1000, right=0.5) == []
    assert stream.retraining.models["m"].decision.reasons
    assert stream.go(2500, right=1.0) == []


def test_a_new_champion_leaves_no_reason_of_the_one_before() -> None:
    stream = _Stream(_settings("performance:below=0.8", min_labels=1500))
    assert stream.go(1000, right=0.5) == []
    assert stream.go(1, right=1.0, key=V2) == []
    stream.promote("2")
    assert stream.go(1000, right=1.0, key=V2) == []
    assert stream.retraining.models["m"].decision.champion == "2"


def test_events_without_a_time_meet_no_cool_down() -> None:
    stream = _Stream(_settings("drift", "schedule:every=5m", cooldown=60.0))
    assert len(stream.go(500, found=[_drift(40), _drift(300, episode="b")], timed=False)) == 1
    assert not stream.retraining.models["m"].decision.reasons.keys() - {"drift"}


def test_ids_tell_requests_apart_and_are_the_same_again() -> None:
    def requests() -> list[str]:
        return [one.id for one in _Stream(_settings("labels:count=300", timeout=60.0)).go(1000)]

    assert requests() == requests()
    assert len(set(requests())) == 3
