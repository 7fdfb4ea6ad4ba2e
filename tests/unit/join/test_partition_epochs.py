"""A revoked epoch is void: nothing that came in it is matched, remembered, emitted or counted."""

from __future__ import annotations

import pytest

from stream_monitor.core.events import Label, ModelVersion, Prediction
from stream_monitor.join.joiner import Joiner
from stream_monitor.join.partition_epochs import Kept, PartitionEpochs

KEY = ModelVersion("m", "1")
GONE, STAYS = ("p", 0), ("p", 1)


def _prediction(identity: str, ts: float = 1.0, y_true: str | None = None, version: str = "1") -> Prediction:
    return Prediction(identity, ts, ModelVersion("m", version), "yes", {}, y_true=y_true)


def test_a_revoked_partition_gives_its_counts_and_comes_back_with_a_new_epoch() -> None:
    epochs = PartitionEpochs()
    first, other = epochs.current(GONE), epochs.current(STAYS)
    epochs.add("waiting", first, 3)
    epochs.add("labelled", first, 2)
    epochs.add("waiting", other, 1)
    assert epochs.revoke(GONE) == Kept(waiting=3, labelled=2)
    assert (first in epochs.alive, other in epochs.alive) == (False, True)
    assert epochs.total == Kept(waiting=1)
    assert epochs.current(GONE) not in (first, other)
    assert epochs.revoke(("unknown", 0)) == Kept()


def test_the_epochs_come_back_from_their_state() -> None:
    epochs, restarted = PartitionEpochs(), PartitionEpochs()
    epochs.add("early", epochs.current(GONE), 2)
    epochs.add("buffered", epochs.current(STAYS), 1)
    epochs.revoke(GONE)
    restarted.restore(epochs.state())
    assert (restarted.state(), restarted.total) == (epochs.state(), Kept(buffered=1))
    assert restarted.current(GONE) == epochs.current(GONE) == 2


@pytest.mark.parametrize("companion", [False, True], ids=["alone", "with another version"])
def test_a_waiting_prediction_of_a_revoked_epoch_meets_no_label(companion: bool) -> None:
    joiner = Joiner()
    joiner.events.predict(_prediction("a"), 0, GONE)
    if companion:
        joiner.events.predict(_prediction("a", version="2"), 1, STAYS)
    joiner.revoke([GONE])
    joiner.events.label(Label("a", 2.0, "yes"), STAYS)
    assert [outcome.key.version for outcome in joiner.take_outcomes()] == ["2"] * companion
    assert joiner.waiting_labels == (not companion)
    assert joiner.events.predict(_prediction("b"), 2, STAYS)


def test_a_prediction_of_a_revoked_epoch_is_no_reason_for_a_duplicate() -> None:
    joiner = Joiner()
    joiner.events.predict(_prediction("waits"), 0, GONE)
    joiner.events.predict(_prediction("labelled", y_true="yes"), 1, GONE)
    joiner.revoke([GONE])
    assert joiner.events.predict(_prediction("waits"), 2, STAYS)
    assert joiner.events.predict(_prediction("labelled"), 3, STAYS)
    assert (joiner.ledger.duplicate_predictions, joiner.waiting_predictions) == (0, 2)


def test_an_early_label_of_a_revoked_epoch_meets_no_prediction_and_is_no_reason_for_a_duplicate() -> None:
    joiner = Joiner()
    joiner.events.label(Label("a", 1.0, "yes"), GONE)
    joiner.events.label(Label("b", 1.0, "yes"), GONE)
    joiner.revoke([GONE])
    assert joiner.events.predict(_prediction("a"), 0, STAYS)
    assert joiner.events.label(Label("b", 2.0, "no"), STAYS)
    assert (joiner.waiting_predictions, joiner.waiting_labels, joiner.take_outcomes()) == (1, 1, [])


def test_a_label_that_was_applied_in_a_revoked_epoch_is_forgotten() -> None:
    joiner = Joiner()
    joiner.events.predict(_prediction("a"), 0, GONE)
    joiner.events.label(Label("a", 2.0, "yes"), STAYS)
    joiner.take_outcomes()
    joiner.revoke([GONE])
    assert joiner.events.predict(_prediction("a", version="2"), 1, STAYS)
    assert (joiner.waiting_predictions, joiner.take_outcomes()) == (1, [])


def test_a_buffered_outcome_of_a_revoked_epoch_is_not_emitted() -> None:
    joiner = Joiner(maturity=10.0)
    joiner.events.predict(_prediction("a", y_true="yes"), 0, GONE)
    joiner.events.predict(_prediction("b", y_true="yes"), 1, STAYS)
    joiner.revoke([GONE])
    joiner.events.label(Label("later", 20.0, "yes"), STAYS)
    assert [outcome.index for outcome in joiner.take_outcomes()] == [1]
    assert (joiner.waiting_outcomes, joiner.ledger.revoked) == (0, 1)


def test_nothing_of_a_revoked_epoch_expires_or_is_counted_a_second_time() -> None:
    joiner = Joiner(ttl=10.0)
    joiner.events.predict(_prediction("a"), 0, GONE)
    joiner.events.label(Label("b", 1.0, "yes"), GONE)
    joiner.events.predict(_prediction("c", y_true="yes"), 1, GONE)
    joiner.revoke([GONE])
    assert (joiner.ledger.revoked, joiner.waiting) == (2, 0)
    for ts in (100.0, 200.0):
        joiner.events.predict(_prediction(f"later {ts}", ts), 2, STAYS)
    assert (joiner.ledger.expired_predictions, joiner.ledger.expired_labels) == (1, 0)
    assert joiner.ledger.unaccounted(5, 0, joiner.waiting) == 0
