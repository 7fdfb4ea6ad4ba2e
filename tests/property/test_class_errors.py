"""Errors of rare classes: no detection depends on batches, restarts, an observer, or signals handled side by side."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.harness import run
from tests.unit.monitors.test_observer import Onlooker


def _events(seed: int, count: int = 3000) -> list[dict[str, Any]]:
    """Return predictions of classes of all frequencies, whose recall changes at times of their own."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(8, 0.5))
    y_true = rng.choice(8, count, p=shares)
    changes = rng.integers(0, count, 8)[y_true]
    recall = np.where(np.arange(count) < changes, *rng.random((2, 8))[:, y_true])
    y_pred = np.where(rng.random(count) < recall, y_true, (y_true + 1) % 8)
    return [
        {"id": at, "ts": 10.0 * at, "prediction": int(p), "label": int(t), "features": {"a": float(at % 5)}}
        for at, (p, t) in enumerate(zip(y_pred, y_true, strict=True))
    ]


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from((1, 7, 64, 333)),
    st.sampled_from((2, 60, 500)),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=examples(12), deadline=None)
def test_detections_are_the_same_however_the_stream_is_cut(
    seed: int, batch_size: int, warmup: int, in_time: bool, observed: bool
) -> None:
    events = _events(seed)
    options: dict[str, Any] = {"detectors": ["glr:threshold=3"], "warmup": warmup}
    if in_time:
        options |= {"detectors": ["glr"], "run_seconds": 2e5}
    whole, expected = run(events, batch_size=3000, side_by_side=False, **options)
    pieces, found = run(events, batch_size=batch_size, observer=Onlooker() if observed else None, **options)
    assert found == expected
    assert _state(pieces) == _state(whole)


def _state(pipeline: Any) -> str:
    (monitor,) = pipeline.processor.fleet.monitors.values()
    return json.dumps(monitor._outputs.state(), default=list)
