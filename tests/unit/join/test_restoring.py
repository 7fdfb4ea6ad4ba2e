"""Restored events add to what waits: nothing is counted but ``restored``, and nothing is emitted."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from stream_monitor.core.events import Label, ModelVersion, Prediction
from stream_monitor.join.joiner import Joiner
from stream_monitor.join.ledger import Ledger

KEY = ModelVersion("m", "1")
PARTITION = ("p", 0)


def _play(joiner: Joiner, restored: bool) -> None:
    """Send events that wait, match at once or later, repeat, and revise."""
    events = [
        Prediction("waits", 1.0, KEY, "yes", {}),
        Prediction("waits", 2.0, KEY, "yes", {}),
        Prediction("inline", 3.0, KEY, "yes", {}, y_true="no"),
        Prediction("matched", 4.0, KEY, "yes", {}),
        Label("matched", 5.0, "yes"),
        Label("matched", 6.0, "yes"),
        Label("matched", 7.0, "no"),
        Label("early", 8.0, "yes"),
        Prediction("early", 9.0, KEY, "yes", {}),
        Label("early and alone", 10.0, "yes"),
        *[Label("of many versions", 11.0, "yes", "m", str(version)) for version in range(101)],
    ]
    for index, event in enumerate(events):
        if isinstance(event, Prediction):
            joiner.events.predict(event, index, PARTITION, restored)
        else:
            joiner.events.label(event, PARTITION, restored)


def test_a_live_event_counts_in_every_way_that_a_restored_one_must_not() -> None:
    joiner = Joiner(label_updates="last")
    _play(joiner, restored=False)
    counts = asdict(joiner.ledger)
    assert {name for name, count in counts.items() if count} == {
        "applied_predictions",
        "applied_labels",
        "duplicate_predictions",
        "duplicate_labels",
        "revised_labels",
        "expired_labels",
    }
    assert len(joiner.take_outcomes()) == 3


@pytest.mark.parametrize("maturity", [0.0, 100.0])
def test_a_restored_event_counts_as_restored_and_nothing_else(maturity: float) -> None:
    live, joiner = (Joiner(maturity=maturity, label_updates="last") for _ in range(2))
    _play(live, restored=False)
    _play(joiner, restored=True)
    assert joiner.ledger == Ledger(restored=joiner.waiting)
    assert joiner.take_outcomes() == []
    assert joiner.ledger.unaccounted(0, 0, joiner.waiting) == 0
    kept = [(one.waiting_predictions, one.waiting_labels, one.waiting_outcomes) for one in (joiner, live)]
    assert kept == [(1, 101, 3 if maturity else 0)] * 2


def test_what_restored_events_let_wait_matches_and_counts_as_ever() -> None:
    joiner = Joiner()
    _play(joiner, restored=True)
    assert joiner.events.label(Label("waits", 12.0, "yes"), PARTITION)
    assert joiner.events.predict(Prediction("early and alone", 13.0, KEY, "yes", {}), 1, PARTITION)
    assert not joiner.events.label(Label("matched", 14.0, "yes"), PARTITION)
    assert (joiner.ledger.applied_predictions, joiner.ledger.applied_labels) == (2, 2)
    assert joiner.ledger.duplicate_labels == 1
    assert len(joiner.take_outcomes()) == 2
    assert joiner.ledger.unaccounted(3, 0, joiner.waiting) == 0


def test_buffered_outcomes_of_a_partition_that_is_restoring_are_not_emitted() -> None:
    joiner = Joiner(maturity=10.0)
    joiner.events.restoring = [PARTITION]
    joiner.events.predict(Prediction("a", 1.0, KEY, "yes", {}, y_true="no"), 0, PARTITION, restored=True)
    joiner.events.predict(Prediction("b", 1.0, KEY, "yes", {}, y_true="no"), 1, ("p", 1))
    assert joiner.ledger.restored == 1
    joiner.events.label(Label("later", 11.0, "yes"), ("p", 1))
    assert [outcome.index for outcome in joiner.take_outcomes()] == [1]
    assert (joiner.ledger.restored, joiner.waiting_outcomes) == (0, 0)
    assert joiner.ledger.unaccounted(2, 0, joiner.waiting) == 0
