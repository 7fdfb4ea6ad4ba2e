"""Retrain requests: the same, with the same ids, however the stream is cut and whenever the process is restarted."""

from __future__ import annotations

import random

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.actions.retrain_request import RetrainRequest
from stream_monitor.core.records import Record
from stream_monitor.testing import make_label, make_prediction, make_records
from tests.examples import examples
from tests.property.restarts import play

COUNT = 600


def _stream(seed: int) -> list[Record]:
    """Return two models whose second version comes at a random time and takes over at once or in part."""
    rng = random.Random(seed)
    shift, switch, share = rng.randrange(COUNT), rng.randrange(COUNT), rng.choice((0.5, 1.0))
    events = []
    for at in range(COUNT):
        version = "2" if at >= switch and rng.random() < share else "1"
        y_pred, label = rng.choice("ab"), rng.choice("ab")
        if rng.random() < 0.8:
            label = y_pred if at < shift else {"a": "b", "b": "a"}[y_pred]
        features = {"a": rng.gauss(0.0 if at < shift else 2.0, 1.0)}
        ts = 1_795_435_200.0 + at * rng.choice((1.0, 1.0, 0.99)) if rng.random() < 0.98 else None
        given = {
            "model": rng.choice("mmmn"),
            "version": version,
            "features": features,
            "prediction": y_pred,
            "ts": ts,
        }
        if at % 3:
            events.append(make_prediction(at, **given, label=label))
        else:
            events.append(make_prediction(at, **given))
            events.append(make_label(at - rng.randrange(0, 30) // 3 * 3, label))
    return make_records(events)


def _requests(records: list[Record], stops: list[int], batch_size: int) -> tuple[list[RetrainRequest], bytes]:
    state = orjson.loads(play(records, stops, batch_size)[0])["fleet"]["retraining"]
    return [RetrainRequest.restored(saved) for saved in state["recent"]], orjson.dumps(state)


@given(st.integers(0, 10_000), st.lists(st.integers(1, COUNT), max_size=3), st.sampled_from((1, 3, 50, 500)))
@settings(max_examples=examples(8), deadline=None)
def test_requests_do_not_depend_on_batches_and_restarts(seed: int, stops: list[int], batch_size: int) -> None:
    records = _stream(seed)
    requests, state = _requests(records, [], 200)
    again, state_again = _requests(records, stops, batch_size)
    assert [one.id for one in again] == [one.id for one in requests]
    assert again == requests
    assert state_again == state
    assert len({one.id for one in requests}) == len(requests)


def test_the_streams_have_every_reason_in_them() -> None:
    found = [one for seed in range(4) for one in _requests(_stream(seed), [], 300)[0]]
    kinds = {reason.policy.partition(":")[0] for one in found for reason in one.reasons}
    assert kinds == {"drift", "error=drift", "performance", "schedule", "labels"}
