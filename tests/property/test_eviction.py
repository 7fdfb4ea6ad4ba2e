"""Evicted versions: their outcomes do not depend on batches."""

from __future__ import annotations

import random
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.testing import FakeClock, make_label, make_prediction, make_records
from tests.examples import examples
from tests.harness import Turning, make_pipeline
from tests.states import state_json


def _events(seed: int) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    events: list[dict[str, Any]] = []
    for at in range(300):
        version = rng.choice("23") if at % 100 == 50 and rng.random() < 0.9 else "1"
        wrong = rng.random() < (0.1 if at < 200 else 0.9)
        features = {"x": rng.gauss(0 if at < 200 else 5, 1)}
        events.append(make_prediction(at, version=version, features=features, model="a"))
        events += [make_label(at - rng.randrange(3), "no" if wrong else "yes")] * rng.randrange(3)
    return events


def _ends(events: list[dict[str, Any]], batch_size: int) -> tuple[bytes, list[str]]:
    settings = {
        "max_versions": 1,
        "max_models": 1,
        "warmup": 10,
        "detectors": ["page_hinkley:threshold=3,min_instances=5"],
    }
    pipeline, sink = make_pipeline(make_records(events), batch_size=batch_size, **settings)
    pipeline.run(Turning(FakeClock()))
    return state_json(pipeline.processor.fleet.state()), [detection.id for detection in sink.detections]


@settings(max_examples=examples(25), deadline=None)
@given(seed=st.integers(0, 10_000), batch_size=st.integers(1, 700))
def test_nothing_depends_on_the_batches(seed: int, batch_size: int) -> None:
    """Neither the state nor the order of alerts depends on batches."""
    events = _events(seed)
    assert _ends(events, batch_size) == _ends(events, 1)


def test_there_were_alerts_and_evictions() -> None:
    state, alerts = _ends(_events(1), 1000)
    assert len(alerts) > 3
    assert orjson.loads(state)["evicted"]["version"] > 1
