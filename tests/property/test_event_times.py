"""Times of changes are near those of their predictions, for any batches and restarts."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.time_index import KEPT, TimeIndex
from stream_monitor.testing import make_label
from tests.examples import examples
from tests.harness import feature_events, run
from tests.property.restarts import make_stream, play
from tests.streams import cut, cuts


def _irregular(seed: int, count: int) -> Floats:
    """Return irregular times: bursts, lulls and a night."""
    rng = np.random.default_rng(seed)
    steps = rng.lognormal(0.0, 2.0, count)
    steps[rng.integers(0, count, 3)] += 30_000.0
    return 1_795_435_200.0 + np.cumsum(steps)


def _kept(ts: Floats, shares: list[float], known: Floats) -> TimeIndex:
    """Return the time index after these parts, stored and restored between them."""
    times, start = TimeIndex(), 0
    for part in cut(ts, shares):
        index = range(start, start + len(part))
        times.add(np.array(index), np.array([ts[at] if known[at] else np.nan for at in index]))
        start += len(part)
        again = TimeIndex()
        again.restore(times.state())
        times = again
    return times


@given(st.integers(0, 99), st.integers(1, 6000), cuts(), st.sampled_from((1.0, 0.5)))
@settings(max_examples=examples(60), deadline=None)
def test_a_time_is_between_those_of_its_neighbours(seed: int, count: int, shares: list[float], share: float) -> None:
    """The naive oracle stores all times; the error is at most a 128th of the distance back."""
    ts = _irregular(seed, count)
    known = np.random.default_rng(seed).random(count) < share
    times = _kept(ts, shares, known)
    assert times.state() == _kept(ts, [], known).state()
    for index in {*np.random.default_rng(seed).integers(0, count, 300).tolist(), 0, count - 1}:
        found = times.at(index, before=count)
        if share == 1.0:
            age = count - index
            reach = -(-age // 128) if age > KEPT else 0
            assert found is not None
            assert ts[max(index - reach, 0)] <= found <= ts[min(index + reach, count - 1)]
        elif found is not None:
            assert ts[0] <= found <= ts[-1]


@given(st.integers(0, 99), st.integers(2, 3000), st.integers(1, 3000))
@settings(max_examples=examples(40), deadline=None)
def test_a_look_back_knows_nothing_of_what_came_later(seed: int, count: int, now: int) -> None:
    """A look back within a batch equals that of a stream that ends there."""
    ts, now = _irregular(seed, count), min(now, count)
    whole, short = TimeIndex(), TimeIndex()
    whole.add(np.arange(count), ts)
    short.add(np.arange(now), ts[:now])
    for index in range(0, now, 97):
        assert whole.at(index, before=now) == short.at(index, before=now)


def test_memory_does_not_grow_and_nothing_is_known_of_nothing() -> None:
    times = TimeIndex()
    assert times.at(0, before=10) is None
    sizes = []
    for start in range(0, 4_000_000, 500_000):
        index = np.arange(start, start + 500_000)
        times.add(index, 60.0 * index)
        sizes.append(len("".join(times.state())))
    assert max(sizes) < 200_000
    assert times.at(12_345, before=4_000_000) == pytest.approx(60.0 * 12_345, rel=1e-9)


def _events(batch: int) -> tuple[list[dict[str, Any]], Floats]:
    """Return events with shifting features, one of them often missing, and late labels."""
    rng, count = np.random.default_rng(batch), 4000
    ts = _irregular(batch, count)
    sparse: list[float | None] = (rng.normal(size=count) + np.repeat([0.0, 3.0], 2000)).tolist()
    columns = {
        "a": rng.normal(size=count) + np.repeat([0.0, 1.0], [2500, 1500]),
        "b": [None if hidden else value for hidden, value in zip(rng.random(count) < 0.5, sparse, strict=True)],
    }
    events = feature_events(columns, prediction="yes")
    for event, at in zip(events, ts.tolist(), strict=True):
        event["ts"] = at
    labels = [make_label(at, "yes" if at < 1500 else "no", ts=None) for at in range(count)]
    late = 300
    return [*events[:late], *chain(*zip(events[late:], labels, strict=False)), *labels[-late:]], ts


@pytest.mark.parametrize("batch_size", [1, 7, 333])
def test_a_detection_tells_when_its_change_was(batch_size: int) -> None:
    events, ts = _events(1)
    options: dict[str, Any] = {"detectors": ["glr", "adwin"]}
    _, expected = run(events, batch_size=len(events), **options)
    _, found = run(events, batch_size=batch_size, **options)
    assert [one.changed_ts for one in found] == [one.changed_ts for one in expected]
    assert {one.signal for one in found} >= {"feature:a", "feature:b", "error"}
    for one in found:
        assert one.changed_index is not None
        assert one.changed_ts is not None
        reach = max(one.index + 300 - one.changed_index, 0) // 100
        assert ts[one.changed_index - reach] <= one.changed_ts <= ts[one.changed_index + reach]


def test_without_times_there_is_none() -> None:
    rng = np.random.default_rng(2)
    _, found = run(feature_events({"a": rng.normal(np.repeat([0.0, 2.0], 1000))}, ts=None), detectors=["glr"])
    assert [(one.ts, one.changed_ts) for one in found] == [(None, None)] * len(found) != []


def test_a_restart_changes_no_time() -> None:
    records = make_stream(3, 1400)
    state, detections, _ = play(records, [500, 900, 1300], 40)
    assert any(one.changed_ts for one in detections)
    assert (state, detections) == play(records, [], 250)[:2]
