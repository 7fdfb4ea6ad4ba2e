"""A batch whose features are too many for one table."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from typing import Any

import pytest

from stream_monitor.core import feature_table
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.feature_table import TooManyFeaturesError
from stream_monitor.decoding.batch_decoder import BatchDecoder
from stream_monitor.decoding.codec import Codec
from stream_monitor.testing import FakeClock, make_records
from tests.harness import run
from tests.states import state_json


def _events(shapes: int, features: int, wide: int = 0) -> list[dict[str, Any]]:
    """Return predictions of which each has features of its own, and one in the middle that has many."""
    events = [
        {"id": f"r-{at}", "ts": 1_795_435_200 + at, "prediction": "yes", "label": "no", "features": {"age": at % 9}}
        for at in range(shapes)
    ]
    for at, event in enumerate(events):
        event["features"] |= {f"f{at}-{number}": number for number in range(features)}
    events[shapes // 2]["features"] |= {f"wide-{number}": number for number in range(wide)}
    return events


@pytest.mark.parametrize("bound", [3, 50, 700])
def test_it_is_applied_in_parts(monkeypatch: pytest.MonkeyPatch, bound: int) -> None:
    events = [*_events(30, 2, wide=20), {"id": "r-1", "label": "yes"}, {"id": "r-100"}]
    events[10]["ts"], events[20]["ts"] = "2099-01-01T00:00:00Z", "soon"
    expected, detections = run(events, max_features=20)
    monkeypatch.setattr(feature_table, "MAX_VALUES", bound)
    pipeline, found = run(events, max_features=20)
    assert found == detections
    assert state_json(pipeline.processor.state()) == state_json(expected.processor.state())


@pytest.mark.parametrize(("features", "wide"), [(5, 0), (0, 10_000)])
def test_the_memory_of_a_table_is_bounded(features: int, wide: int) -> None:
    """In one table, 2,000 predictions of 10,000 features take 160 MB, and as much again while it is made."""
    decoder = BatchDecoder(Codec(FakeClock()))
    batch = RecordBatch.of(make_records(_events(2000, features, wide)))
    tracemalloc.start()
    for begin, end in ((0, 2000), (0, 1000), (0, 500), (0, 250)):
        with suppress(TooManyFeaturesError):
            assert len(decoder.decode(batch[begin:end]).predictions) == end - begin
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60e6
