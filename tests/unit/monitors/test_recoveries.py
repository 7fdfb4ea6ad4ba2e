"""Notices of signals that are near their references again."""

from __future__ import annotations

import json

import numpy as np
import pytest

from stream_monitor.actions.notice import notice_fields, notice_line
from stream_monitor.actions.recovery import Recovery
from stream_monitor.testing import FakeClock, make_records
from tests.harness import Turning, feature_events, make_pipeline


def _recoveries(batch_size: int, back: bool = True) -> list[Recovery]:
    """Return the recoveries of a feature that is shifted for 500 predictions, or from then on."""
    rng = np.random.default_rng(3)
    shift = [6.0 if 1000 <= at < 1500 or (at >= 1500 and not back) else 0.0 for at in range(4000)]
    columns = {"a": rng.normal(size=4000) + np.array(shift), "b": rng.normal(size=4000)}
    records = make_records(json.dumps(event).encode() for event in feature_events(columns))
    pipeline, sink = make_pipeline(records, batch_size=batch_size, detectors=["glr"])
    pipeline.run(Turning(FakeClock()))
    return [notice for notice in sink.notices if isinstance(notice, Recovery)]


def test_a_signal_that_is_back_is_told_once() -> None:
    (one,) = [each for each in _recoveries(500) if each.signal == "feature:a"]
    assert 2499 <= one.index <= 3500
    assert one.ts == 1_795_435_200.0 + one.index
    assert one.since is not None
    assert notice_line(one).startswith("recovery of feature:a of default/default: near its reference again at")
    assert notice_fields(one)["event"] == "recovery"


def test_one_that_stays_away_is_not() -> None:
    assert [each for each in _recoveries(500, back=False) if each.signal == "feature:a"] == []


@pytest.mark.parametrize("batch_size", [97, 4000])
def test_recoveries_do_not_depend_on_batches(batch_size: int) -> None:
    expected = _recoveries(500)
    assert sorted(_recoveries(batch_size)) == sorted(expected)
    assert len({one.id for one in expected}) == len(expected)
