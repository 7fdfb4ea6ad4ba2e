"""Batches against the same events one by one: outcomes, counts, and everything that is kept are equal."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import pytest

from stream_monitor.core.event_batch import EventBatch
from stream_monitor.core.events import Label, ModelVersion, Outcome, Prediction
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.core.records import TopicPartition
from stream_monitor.join.batch_join import BatchJoin
from stream_monitor.join.expiry import Expiry
from stream_monitor.join.fifo import Fifo
from stream_monitor.join.joiner import Joiner
from stream_monitor.join.run_matching import RunMatcher
from stream_monitor.state.key_value_store import MemoryStore
from tests.property.joiner_batches import make_origins, outcomes_of
from tests.states import content

PARTITIONS = (("p", 0), ("p", 1), ("q", 0))
KEYS = (ModelVersion("m", "1"), ModelVersion("m", "2"), ModelVersion("n", "1"))
SETTINGS: list[dict[str, Any]] = [
    {},
    {"ttl": 50.0, "early_ttl": 5.0},
    {"ttl": 200.0, "max_waiting": 30, "max_labelled": 40},
    {"maturity": 20.0, "label_updates": "last"},
    {"maturity": 3.0, "ttl": 60.0},
    {"maturity": 400.0},
    {"max_labelled": 25},
    {"max_waiting": 25},
    {"ttl": 50.0, "max_waiting": 60, "max_labelled": 20},
]


def _stream(seed: int, count: int, odd: float, inline: float = 0.3) -> list[Prediction | Label]:
    """Return predictions and labels, of which a share is odd: repeated, early, late, narrowed, or without a time.

    Of the predictions, the share ``inline`` bring their labels.
    """
    rng, now, waiting, events = random.Random(seed), 1e9, list[str](), list[Prediction | Label]()
    for at in range(count):
        now += rng.choice((0.0, 0.1, 1.0, 2.0)) if rng.random() > odd / 10 else rng.choice((-5.0, 60.0, 90_000.0))
        ts = None if rng.random() < odd / 2 else now - rng.choice((0.0, 0.0, 4.0))
        is_odd = rng.random() < odd
        if rng.random() < 0.5 or not waiting:
            identity = f"r-{rng.randrange(at + 1)}" if is_odd else f"r-{at}"
            y_true = rng.choice(("yes", "no")) if rng.random() < inline else None
            key = rng.choice(KEYS) if is_odd else KEYS[0]
            y_pred, subgroup = rng.choice(("yes", "no")), rng.choice(("g=a", "g=b", None))
            events.append(Prediction(identity, ts, key, y_pred, {}, y_true=y_true, subgroup=subgroup))
            waiting += [identity] * (y_true is None)
        else:
            identity = waiting.pop(rng.randrange(len(waiting)))
            scope = rng.choice(((None, None), ("m", None), (None, "2"))) if is_odd else (None, None)
            waiting += [identity] * (is_odd and scope[1] is not None)
            events.append(Label(identity, ts, rng.choice(("yes", "no")), *scope))
    return events


def _steady(count: int, behind: int, every: int) -> list[Prediction | Label]:
    """Return predictions a second apart, and the label of each that is so far behind; one in ``every`` has none."""
    events = list[Prediction | Label]()
    for at in range(count):
        events.append(Prediction(f"r-{at}", 1e9 + at, KEYS[0], "yes", {}, subgroup=f"g={at % 3}"))
        if at >= behind and (at - behind) % every:
            events.append(Label(f"r-{at - behind}", 1e9 + at, "yes"))
    return events


class _Both:
    """A joiner that takes batches, and one that takes their events one by one; all of both is compared."""

    def __init__(self, **chosen: Any) -> None:
        self.stores = MemoryStore(), MemoryStore()
        self.joiner, self.plain = (Joiner(store, **chosen) for store in self.stores)
        self._index = 0

    def take(self, events: Sequence[Prediction | Label], partitions: Sequence[TopicPartition]) -> None:
        """Take a batch; its outcomes must be equal."""
        index, expected = self._index, list[tuple[Outcome, int]]()
        for event, partition in zip(events, partitions, strict=True):
            if isinstance(event, Prediction):
                index += self.plain.events.predict(event, index, partition)
            else:
                self.plain.events.label(event, partition)
            expected += [(outcome, index) for outcome in self.plain.take_outcomes()]
        origins = make_origins([(partition, False) for partition in partitions])
        joined = self.joiner.join(EventBatch.of(events), origins, self._index)
        self._index += len(joined.rows)
        assert (repr(outcomes_of(joined.outcomes)), self._index) == (repr(expected), index)

    def revoke(self, partition: TopicPartition) -> None:
        """Revoke a partition."""
        self.plain.revoke([partition])
        self.joiner.revoke([partition])

    def catch_up(self) -> None:
        """Do what is due."""
        self.plain.catch_up(1000)
        self.joiner.catch_up(1000)

    def agree(self) -> None:
        """Compare the states, and what is stored."""
        assert repr(self.joiner.state()) == repr(self.plain.state())
        assert self.joiner.is_behind == self.plain.is_behind
        first, second = map(content, self.stores)
        assert first == second


@pytest.mark.parametrize("chosen", SETTINGS)
@pytest.mark.parametrize("odd", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("revoked", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_batches_are_their_events_one_by_one(chosen: dict[str, Any], odd: float, revoked: float, seed: int) -> None:
    _compare(_stream(seed, 1500, odd), chosen, revoked, random.Random(seed))


@pytest.mark.parametrize("chosen", SETTINGS)
@pytest.mark.parametrize("odd", [0.0, 0.02])
@pytest.mark.parametrize("seed", range(2))
def test_batches_of_predictions_that_bring_their_labels_are_these_one_by_one(
    chosen: dict[str, Any], odd: float, seed: int
) -> None:
    _compare(_stream(seed, 1500, odd, inline=1.0), chosen, 0.2, random.Random(seed))


def _compare(
    events: Sequence[Prediction | Label], chosen: dict[str, Any], revoked: float, rng: random.Random
) -> None:
    """Compare both joiners over batches of any size, with partitions revoked in between."""
    both, start = _Both(**chosen), 0
    with patch.object(Fifo, "CHUNK_SIZE", rng.choice((7, 64, 4096))):
        while start < len(events):
            part = events[start : start + rng.choice((1, 20, 100, 400))]
            both.take(part, [rng.choice(PARTITIONS) for _ in part])
            start += len(part)
            if rng.random() < revoked:
                both.revoke(rng.choice(PARTITIONS))
        both.agree()


@pytest.mark.parametrize("behind", [0, 30, 390, 400, 500])
@pytest.mark.parametrize(
    "chosen",
    [
        {"max_labelled": 200},
        {"max_waiting": 400},
        {"ttl": 400.0},
        {"ttl": 600.0, "max_waiting": 400, "max_labelled": 300, "maturity": 350.0},
    ],
)
def test_what_expires_at_nearly_every_event_expires_in_runs(chosen: dict[str, Any], behind: int) -> None:
    events, both = _steady(2000, behind, 3), _Both(**chosen)
    with (
        patch.object(Fifo, "CHUNK_SIZE", 512),
        patch.object(RunMatcher, "take", autospec=True, side_effect=RunMatcher.take) as take,
    ):
        for start in range(0, len(events), 300):
            part = events[start : start + 300]
            both.take(part, [PARTITIONS[0]] * len(part))
        both.agree()
    at_once = sum(len(call.args[1]) for call in take.call_args_list)
    assert at_once > 0.8 * len(events) or behind >= 390  # From there on labels come too late, one by one.


def test_what_came_in_a_run_expires_in_time() -> None:
    both = _Both(ttl=100.0, early_ttl=1e6)
    both.take([Label("early", 1e9, "yes")], PARTITIONS[:1])
    both.catch_up()  # From now on nothing is due for long.
    both.take(_steady(20, 0, 1), [PARTITIONS[0]] * 20)
    both.take([Label("later", 1e9 + 110, "yes")], PARTITIONS[:1])
    both.agree()
    assert both.joiner.ledger.expired_predictions == 10


@pytest.mark.parametrize(("ttl", "early_ttl"), [(10.0, 1e6), (1e6, 10.0)])
def test_what_is_first_to_expire_within_a_run_ends_it(ttl: float, early_ttl: float) -> None:
    both = _Both(ttl=ttl, early_ttl=early_ttl)
    both.take([Label("early", 1e9, "yes")], PARTITIONS[:1])
    both.take(_steady(50, 0, 1), [PARTITIONS[0]] * 50)
    both.agree()
    ledger = both.joiner.ledger
    assert (ledger.expired_predictions, ledger.expired_labels) == ((39, 0) if ttl < early_ttl else (0, 1))


def test_a_bound_that_is_lower_since_a_restart_counts_at_each_event() -> None:
    before, many = _Both(), 20 * Expiry.MAX_PER_EVENT
    before.take([Label(f"early {at}", 1e9, "yes") for at in range(many)], [PARTITIONS[0]] * many)
    before.agree()
    both = _Both(max_waiting=2, early_ttl=1e9)
    for joiner, store in zip((both.joiner, both.plain), both.stores, strict=True):
        for key, value in before.stores[0].scan(b"", b"\xff" * 9, 10**6):
            store.put(key, value)
        joiner.restore(before.plain.state())
    events = [Prediction(f"r-{at}", 1e9, KEYS[0], "yes", {}, y_true="no") for at in range(60)]
    both.take(events, [PARTITIONS[0]] * 60)
    both.agree()
    assert both.joiner.waiting_labels == 2


def test_an_id_that_waits_again_does_not_expire_with_the_first_time() -> None:
    both, events = _Both(ttl=100.0, max_labelled=20), list[Prediction | Label]()
    both.take([Prediction("waits", 1e9, KEYS[0], "yes", {})], PARTITIONS[:1])
    for at in range(300):
        events.append(Prediction(f"r-{at % 50}", 1e9 + at, KEYS[0], "yes", {}))
        events += [Label(f"r-{(at - 5) % 50}", 1e9 + at, "yes")] if at >= 5 else []
    for start in range(0, len(events), 60):
        both.take(part := events[start : start + 60], [PARTITIONS[0]] * len(part))
    both.agree()
    assert both.joiner.ledger.expired_predictions == 1


def test_a_run_drops_of_an_event_no_more_than_one_event_may() -> None:
    joiner = Joiner(ttl=100.0)
    events = [Prediction(f"r-{at}", 1e9, KEYS[0], "yes", {}) for at in range(400)]
    events += [Prediction(f"later-{at}", 1e9 + 101, KEYS[0], "yes", {}) for at in range(4)]
    with patch.object(BatchJoin, "MIN_RUN", 2):
        joiner.join(EventBatch.of(events), make_origins([(PARTITIONS[0], False)] * len(events)), 0)
    assert joiner.ledger.expired_predictions == 4 * Expiry.MAX_PER_EVENT
    assert joiner.is_behind


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
    joiner.events.predict(Prediction("first", 0.0, KEYS[0], "yes", {}), 0)
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
