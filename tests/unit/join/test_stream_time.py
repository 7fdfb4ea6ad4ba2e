"""Stream time: the latest event time, except single events far ahead."""

from __future__ import annotations

import pytest

from stream_monitor.core.events import Label, ModelVersion, Prediction
from stream_monitor.join.expiry import Expiry
from stream_monitor.join.joiner import Joiner
from stream_monitor.state.key_value_store import MemoryStore

DAY = 86_400.0
KEY = ModelVersion("m", "1")


def _predict(joiner: Joiner, identity: str, ts: float | None) -> None:
    assert joiner.events.predict(Prediction(identity, ts, KEY, "yes", {}), 0)


def test_one_event_from_the_future_expires_nothing() -> None:
    joiner = Joiner(ttl=30 * DAY)
    for at in range(100):
        _predict(joiner, f"r-{at}", 1000.0 + at)
        _predict(joiner, f"far-{at}", 1000.0 + at + 365 * DAY)
    assert (joiner.stream_time, joiner.waiting_predictions, joiner.ledger.expired_predictions) == (1099.0, 200, 0)
    for at in range(100):
        assert joiner.events.label(Label(f"r-{at}", 2000.0, "yes"))
        assert joiner.events.label(Label(f"far-{at}", 2000.0, "yes"))
    assert len(joiner.take_outcomes()) == 200
    assert joiner.ledger.unaccounted(400, 0, joiner.waiting) == 0


def test_a_quiet_month_is_believed_with_the_second_event() -> None:
    joiner = Joiner(ttl=DAY)
    _predict(joiner, "a", 0.0)
    _predict(joiner, "b", 30 * DAY)
    assert (joiner.stream_time, joiner.ledger.expired_predictions) == (0.0, 0)
    _predict(joiner, "c", 30 * DAY + 1)
    assert (joiner.stream_time, joiner.ledger.expired_predictions) == (30 * DAY, 2)
    _predict(joiner, "d", 30 * DAY + 2)
    assert joiner.stream_time == 30 * DAY + 2


def test_a_sparse_stream_is_one_event_behind() -> None:
    joiner = Joiner()
    for at in range(10):
        _predict(joiner, f"r-{at}", 2.0 * at * DAY)
        assert joiner.stream_time == 2.0 * max(at - 1, 0) * DAY


def test_the_leap_survives_a_restart() -> None:
    store = MemoryStore()
    joiner = Joiner(store)
    _predict(joiner, "a", 0.0)
    _predict(joiner, "b", 30 * DAY)
    restarted = Joiner(store)
    restarted.restore(joiner.state())
    _predict(restarted, "c", 31 * DAY)
    assert restarted.stream_time == 30 * DAY


@pytest.mark.parametrize("maturity", [0.0, 100.0])
def test_an_outcome_from_the_future_waits_for_its_time_if_any_does(maturity: float) -> None:
    joiner = Joiner(maturity=maturity)
    _predict(joiner, "a", 0.0)
    _predict(joiner, "b", 30 * DAY)
    joiner.events.label(Label("b", 1.0, "yes"))
    assert len(joiner.take_outcomes()) == (maturity == 0.0)
    _predict(joiner, "c", 30 * DAY + 100)
    _predict(joiner, "d", 30 * DAY + 101)
    assert len(joiner.take_outcomes()) == (maturity > 0.0)


def test_after_a_quiet_time_no_event_does_everything() -> None:
    """Nothing is lost: the rest is done by `catch_up`, in the same order."""
    joiner = Joiner(ttl=DAY, maturity=100.0, max_waiting=10_000)
    for at in range(1000):
        _predict(joiner, f"late-{at}", float(at % 7) + at)
        _predict(joiner, f"held-{at}", float(at))
        joiner.events.label(Label(f"held-{at}", float(at), "yes"))
        joiner.take_outcomes()
    begun = joiner.ledger.applied_predictions
    _predict(joiner, "a", 2.0 * DAY)
    _predict(joiner, "b", 2.0 * DAY)
    assert 0 < joiner.ledger.expired_predictions <= Expiry.MAX_PER_EVENT
    assert begun < joiner.ledger.applied_predictions <= begun + Expiry.MAX_PER_EVENT
    joiner.events.label(Label("b", 2.0 * DAY, "yes"))  # b is not old enough, and must not overtake
    outcomes = joiner.take_outcomes()
    while joiner.is_behind:
        joiner.catch_up(50)
        released = joiner.take_outcomes()
        assert len(released) <= 50
        outcomes += released
    assert joiner.ledger.expired_predictions == 1001  # with a, whose leap was not believed at first
    assert [outcome.ts for outcome in outcomes] == sorted(outcome.ts or 0.0 for outcome in outcomes)
    assert (joiner.waiting_predictions, joiner.waiting_outcomes) == (0, 1)
    assert joiner.ledger.unaccounted(3003, 0, joiner.waiting) == 0
