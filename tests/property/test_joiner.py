"""The joiner against a naive one: plain lists, searched from end to end at every event."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.events import Label, ModelVersion, Outcome, Prediction
from stream_monitor.joiner import REMEMBERED, Joiner


def _meant(label: Label, key: ModelVersion) -> bool:
    return (label.model is None or label.model == key.model) and (
        label.version is None or label.version == key.version
    )


@dataclass
class _Naive:
    """What the joiner is to do, said as simply as can be."""

    bound: float = math.inf
    ttl: float = math.inf
    clock: float = -math.inf
    waiting: list[tuple[float, int, Prediction]] = field(default_factory=list)
    early: list[tuple[float, Label]] = field(default_factory=list)
    done: list[tuple[str, ModelVersion, Label | None]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def predict(self, prediction: Prediction, index: int) -> list[Outcome] | None:
        self._tick(prediction.ts)
        identity = prediction.id
        if any((p.id, p.key) == (identity, prediction.key) for _, _, p in self.waiting) or any(
            (i, k) == (identity, prediction.key) for i, k, _ in self.done
        ):
            self.counts["duplicate_predictions"] += 1
            return None
        if prediction.y_true is not None:
            self._finish(identity, prediction.key, None)
            return [Outcome(prediction.key, index, prediction.ts, prediction.y_pred, prediction.y_true, None)]
        known = [label for i, _, label in self.done if i == identity and label][-1:]
        label = next((label for label in known if label and _meant(label, prediction.key)), None)
        if label is None:
            entry = next((e for e in self.early if e[1].id == identity and _meant(e[1], prediction.key)), None)
            if entry is None:
                self.waiting.append((self.clock, index, prediction))
                self._drop_over()
                return []
            self.early.remove(entry)
            label = entry[1]
        self._finish(identity, prediction.key, label)
        return [_outcome(index, prediction, label)]

    def label(self, label: Label) -> list[Outcome] | None:
        self._tick(label.ts)
        matched = [entry for entry in self.waiting if entry[2].id == label.id and _meant(label, entry[2].key)]
        if matched:
            self.waiting = [entry for entry in self.waiting if entry not in matched]
            for _, _, prediction in matched:
                self._finish(label.id, prediction.key, label)
            return [_outcome(index, prediction, label) for _, index, prediction in matched]
        if any(i == label.id and _meant(label, key) for i, key, _ in self.done) or any(
            (e.id, e.model, e.version) == (label.id, label.model, label.version) for _, e in self.early
        ):
            self.counts["duplicate_labels"] += 1
            return None
        self.early.append((self.clock, label))
        self._drop_over()
        return []

    def _finish(self, identity: str, key: ModelVersion, label: Label | None) -> None:
        self.done.append((identity, key, label))

    def _tick(self, ts: float | None) -> None:
        self.clock = max(self.clock, -math.inf if ts is None else ts)
        while self.waiting and self.waiting[0][0] < self.clock - self.ttl:
            self._expire_predictions()
        while self.early and self.early[0][0] < self.clock - self.ttl:
            self._expire_labels()

    def _drop_over(self) -> None:
        while len(self.waiting) > self.bound:
            self._expire_predictions()
        while len(self.early) > self.bound:
            self._expire_labels()

    def _expire_predictions(self) -> None:
        """All the predictions of the id that has waited longest."""
        identity = self.waiting[0][2].id
        self.counts["expired_predictions"] += sum(p.id == identity for _, _, p in self.waiting)
        self.waiting = [entry for entry in self.waiting if entry[2].id != identity]

    def _expire_labels(self) -> None:
        identity = self.early[0][1].id
        self.counts["expired_labels"] += sum(label.id == identity for _, label in self.early)
        self.early = [entry for entry in self.early if entry[1].id != identity]


def _outcome(index: int, prediction: Prediction, label: Label) -> Outcome:
    known = label.ts is not None and prediction.ts is not None
    delay = max(label.ts - prediction.ts, 0.0) if known else None  # type: ignore[operator]
    return Outcome(prediction.key, index, prediction.ts, prediction.y_pred, label.y_true, delay)


IDS, VERSIONS = st.sampled_from("abcd"), st.sampled_from("123")
KEYS = st.builds(ModelVersion, st.sampled_from(("m", "n")), VERSIONS)
STEPS = st.sampled_from((0.0, 0.0, 1.0, 5.0, 40.0))
INLINE = st.sampled_from((None, None, None, "no"))
PREDICTIONS = st.builds(
    Prediction, IDS, st.none(), KEYS, st.just("yes"), st.just({}), score=st.none(), groups=st.none(), y_true=INLINE
)
NARROWED = st.builds(
    Label, IDS, st.none(), st.sampled_from(("yes", "no")), st.sampled_from((None, "m")), st.none() | VERSIONS
)
PLAIN = st.builds(Label, IDS, st.none(), st.sampled_from(("yes", "no")), st.none(), st.none())
EVENTS = st.lists(st.tuples(st.one_of(PREDICTIONS, PREDICTIONS, NARROWED, PLAIN), STEPS), max_size=40)
BOUNDED = st.lists(st.tuples(st.one_of(PREDICTIONS, PREDICTIONS, PLAIN), STEPS), max_size=40)


def _timed(events: list[tuple[Any, float]]) -> list[Any]:
    now, timed = 100.0, []
    for event, step in events:
        now += step
        timed.append(event._replace(ts=now))
    return timed


def _take(joiner: Any, event: Any, index: int) -> list[Outcome] | None:
    outcomes: list[Outcome] | None = (
        joiner.predict(event, index) if isinstance(event, Prediction) else joiner.label(event)
    )
    return sorted(outcomes) if outcomes else outcomes


def _counters(joiner: Joiner) -> dict[str, int]:
    names = ("duplicate_predictions", "duplicate_labels", "expired_predictions", "expired_labels")
    return {name: getattr(joiner, name) for name in names if getattr(joiner, name)}


def _compare(events: list[Any], joiner: Joiner, naive: _Naive) -> None:
    for index, event in enumerate(events):
        assert _take(joiner, event, index) == _take(naive, event, index), event
        assert joiner.waiting_predictions == len(naive.waiting)
        assert joiner.waiting_labels == len(naive.early)
        assert _counters(joiner) == dict(naive.counts)


@given(EVENTS)
@settings(max_examples=300, deadline=None)
def test_joining_is_what_the_naive_one_does(events: list[tuple[Any, float]]) -> None:
    _compare(_timed(events), Joiner(), _Naive())


@given(BOUNDED, st.integers(1, 5), st.sampled_from((3.0, 10.0, 60.0)))
@settings(max_examples=300, deadline=None)
def test_expiry_is_what_the_naive_one_does(events: list[tuple[Any, float]], bound: int, ttl: float) -> None:
    _compare(_timed(events), Joiner(bound, ttl), _Naive(bound, ttl))


@given(
    events=EVENTS,
    times=st.lists(st.none() | st.integers(0, 200).map(float), min_size=40, max_size=40),
    bound=st.integers(1, 5),
    ttl=st.sampled_from((3.0, 60.0, 1e9)),
)
@settings(max_examples=200, deadline=None)
def test_every_prediction_is_accounted_for_in_any_order_of_time(
    events: list[tuple[Any, float]], times: list[float | None], bound: int, ttl: float
) -> None:
    joiner = Joiner(bound, ttl)
    predictions = outcomes = 0
    for index, ((event, _), ts) in enumerate(zip(events, times, strict=False)):
        predictions += isinstance(event, Prediction)
        outcomes += len(_take(joiner, event._replace(ts=ts), index) or [])
        accounted = joiner.waiting_predictions + joiner.expired_predictions + joiner.duplicate_predictions
        assert predictions == outcomes + accounted
        assert joiner.waiting_predictions <= bound
        assert joiner.waiting_labels <= bound


@given(EVENTS, st.integers(1, 6), st.sampled_from((10.0, 1e9)), st.sets(st.integers(0, 40)))
@settings(max_examples=200, deadline=None)
def test_a_joiner_restored_from_json_goes_on_as_if_nothing_had_been(
    events: list[tuple[Any, float]], bound: int, ttl: float, saves: set[int]
) -> None:
    joiner, other = Joiner(bound, ttl), Joiner(bound, ttl)
    table: dict[str, Any] = {}
    for index, event in enumerate(_timed(events)):
        if index in saves:
            saved = orjson.loads(orjson.dumps([other.state(), other.table_changes()], default=tuple))
            table = {k: v for k, v in {**table, **saved[1]}.items() if v is not None}
            other = Joiner(bound, ttl)
            other.restore(saved[0], table)
        assert _take(other, event, index) == _take(joiner, event, index)
        assert _counters(other) == _counters(joiner)
        assert other.waiting_predictions == joiner.waiting_predictions


def _prediction(identity: str, ts: float | None = None, version: str = "1") -> Prediction:
    return Prediction(identity, ts, ModelVersion("m", version), "yes", {})


def test_time_is_event_time_and_the_edge_still_joins() -> None:
    joiner = Joiner(ttl=10.0)
    joiner.predict(_prediction("a", 100.0), 0)
    joiner.predict(_prediction("b", 110.0), 1)
    assert joiner.label(Label("a", 110.0, "yes")) != []
    joiner.predict(_prediction("c", 120.5), 2)
    assert (joiner.expired_predictions, joiner.waiting_predictions) == (1, 1)


def test_what_has_waited_exactly_so_long_still_waits() -> None:
    joiner = Joiner(ttl=10.0)
    for index, ts in enumerate((100.0, 105.0, 115.0)):
        joiner.predict(_prediction(str(ts), ts), index)
    assert (joiner.expired_predictions, joiner.waiting_predictions) == (1, 2)


def test_a_label_older_than_its_prediction_has_no_negative_delay() -> None:
    joiner = Joiner()
    joiner.predict(_prediction("a", 100.0), 0)
    outcomes = joiner.label(Label("a", 90.0, "yes"))
    assert outcomes is not None
    assert outcomes[0].delay == 0.0


@pytest.mark.parametrize("times", [(None, 5.0), (5.0, None), (None, None)])
def test_without_a_time_there_is_no_delay(times: tuple[float | None, float | None]) -> None:
    joiner = Joiner()
    joiner.predict(_prediction("a", times[0]), 0)
    outcomes = joiner.label(Label("a", times[1], "yes"))
    assert outcomes is not None
    assert outcomes[0].delay is None


def test_what_is_remembered_is_bounded() -> None:
    joiner = Joiner()
    for number in range(REMEMBERED + 1):
        joiner.predict(_prediction(str(number))._replace(y_true="yes"), number)
    assert joiner.predict(_prediction("1"), 0) is None
    assert joiner.predict(_prediction("0"), 0) == []
