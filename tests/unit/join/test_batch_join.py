"""Batches against the same events one by one: outcomes, counts, and everything that is kept are equal."""

from __future__ import annotations

import random
from typing import Any
from unittest.mock import patch

import pytest

from stream_monitor.core.event_batch import EventBatch
from stream_monitor.core.events import Label, ModelVersion, Outcome, Prediction
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.join.batch_join import BatchJoin
from stream_monitor.join.joiner import Joiner
from stream_monitor.join.run_matching import RunMatcher
from stream_monitor.state.key_value_store import MemoryStore
from tests.property.joiner_batches import make_origins, outcomes_of

PARTITIONS = (("p", 0), ("p", 1), ("q", 0))
KEYS = (ModelVersion("m", "1"), ModelVersion("m", "2"), ModelVersion("n", "1"))
SETTINGS: list[dict[str, Any]] = [
    {},
    {"ttl": 50.0, "early_ttl": 5.0},
    {"ttl": 200.0, "max_waiting": 30, "max_labelled": 40},
    {"maturity": 20.0, "label_updates": "last"},
    {"maturity": 3.0, "ttl": 60.0},
    {"maturity": 400.0},
]


def _stream(seed: int, count: int, odd: float) -> list[Prediction | Label]:
    """Return predictions and labels, of which a share is odd: repeated, early, late, narrowed, or without a time."""
    rng, now, waiting, events = random.Random(seed), 1e9, list[str](), list[Prediction | Label]()
    for at in range(count):
        now += rng.choice((0.0, 0.1, 1.0, 2.0)) if rng.random() > odd / 10 else rng.choice((-5.0, 60.0, 90_000.0))
        ts = None if rng.random() < odd / 2 else now - rng.choice((0.0, 0.0, 4.0))
        is_odd = rng.random() < odd
        if rng.random() < 0.5 or not waiting:
            identity = f"r-{rng.randrange(at + 1)}" if is_odd else f"r-{at}"
            y_true = rng.choice(("yes", "no")) if rng.random() < 0.3 else None
            key = rng.choice(KEYS) if is_odd else KEYS[0]
            events.append(Prediction(identity, ts, key, rng.choice(("yes", "no")), {}, y_true=y_true))
            waiting += [identity] * (y_true is None)
        else:
            identity = waiting.pop(rng.randrange(len(waiting)))
            scope = rng.choice(((None, None), ("m", None), (None, "2"))) if is_odd else (None, None)
            waiting += [identity] * (is_odd and scope[1] is not None)
            events.append(Label(identity, ts, rng.choice(("yes", "no")), *scope))
    return events


def _one_by_one(joiner: Joiner, events: list[Prediction | Label], origins: list[Any]) -> list[tuple[Outcome, int]]:
    index, outcomes = 0, list[tuple[Outcome, int]]()
    for event, (partition, _) in zip(events, origins, strict=True):
        if isinstance(event, Prediction):
            index += joiner.predict(event, index, partition)
        else:
            joiner.label(event, partition)
        outcomes += [(outcome, index) for outcome in joiner.take_outcomes()]
    return outcomes


@pytest.mark.parametrize("chosen", SETTINGS)
@pytest.mark.parametrize("odd", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_batches_are_their_events_one_by_one(chosen: dict[str, Any], odd: float, seed: int) -> None:
    events, rng = _stream(seed, 1500, odd), random.Random(seed)
    origins = [(rng.choice(PARTITIONS), False) for _ in events]
    stores = MemoryStore(), MemoryStore()
    plain, joiner = (Joiner(store, **chosen) for store in stores)
    expected = _one_by_one(plain, events, origins)
    found, index, start = list[tuple[Outcome, int]](), 0, 0
    while start < len(events):
        stop = start + rng.choice((1, 20, 100, 400))
        batch = EventBatch.of(events[start:stop])
        joined = joiner.join(batch, make_origins(origins[start:stop]), index)
        found += outcomes_of(joined.outcomes)
        index, start = index + len(joined.rows), stop
    assert repr(found) == repr(expected)
    assert repr(joiner.state()) == repr(plain.state())
    first, second = (store.scan(b"", b"\xff" * 9, 10**6) for store in stores)
    assert first == second


def test_events_that_do_not_touch_each_other_are_taken_at_once() -> None:
    predictions = [Prediction(f"r-{at}", float(at), KEYS[0], "yes", {}) for at in range(100)]
    labels = [Label(f"r-{at}", 100.0 + at, "yes") for at in range(100)]
    joiner = Joiner()
    with patch.object(RunMatcher, "take", autospec=True, side_effect=RunMatcher.take) as take:
        joined = joiner.join(EventBatch.of([*predictions, *labels]), make_origins([(("p", 0), False)] * 200), 0)
    assert take.call_count == 1
    assert len(joined.outcomes) == 100


def test_one_repeated_id_leaves_two_runs() -> None:
    predictions = [Prediction(f"r-{at}", float(at), KEYS[0], "yes", {}) for at in range(100)]
    predictions[51] = predictions[50]
    joiner = Joiner()
    joiner.predict(Prediction("first", 0.0, KEYS[0], "yes", {}), 0)
    with patch.object(RunMatcher, "take", autospec=True, side_effect=RunMatcher.take) as take:
        joined = joiner.join(EventBatch.of(predictions), make_origins([(("p", 0), False)] * 100), 0)
    assert [len(call.args[1]) for call in take.call_args_list] == [50, 48]
    assert joined.rows.tolist() == [at for at in range(100) if at != 51]


def test_a_label_of_an_unknown_id_before_any_prediction_leaves_a_run_behind_it() -> None:
    predictions = [Prediction(f"r-{at}", 1.0, KEYS[0], "yes", {}) for at in range(20)]
    events = [Label("other", 1.0, "yes"), *predictions, *[Label(f"r-{at}", 2.0, "yes") for at in range(20)]]
    joined = Joiner().join(EventBatch.of(events), make_origins([(("p", 0), False)] * len(events)), 0)
    assert (len(joined.rows), len(joined.outcomes)) == (20, 20)


def test_few_events_are_taken_one_by_one() -> None:
    batch = EventBatch.of([Prediction("r", 1.0, KEYS[0], "yes", {}, y_true="no")] * (BatchJoin.MIN_RUN - 1))
    with patch.object(RunMatcher, "take") as take:
        joined = Joiner().join(batch, make_origins([(("p", 0), False)] * len(batch.predictions)), 0)
    take.assert_not_called()
    assert (joined.rows.tolist(), joined.labels) == ([0], 1)


def test_outcomes_of_several_parts_are_one_batch() -> None:
    outcomes = [Outcome(KEYS[at % 3], at, float(at), "yes", "no", None) for at in range(6)]
    parts = [OutcomeBatch.of(outcomes[at : at + 2], [at, at + 1]) for at in range(0, 6, 2)]
    assert outcomes_of(OutcomeBatch.concat(parts)) == [(one, at) for at, one in enumerate(outcomes)]
    assert len(OutcomeBatch.concat([])) == 0
