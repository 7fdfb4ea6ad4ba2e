"""A watcher of a recorded signal equals `run`, from a state or from the beginning."""

from __future__ import annotations

import numpy as np
import pytest

from stream_monitor.config.units import parse_run_length
from stream_monitor.core.events import ModelVersion
from stream_monitor.signals.columns import Column
from stream_monitor.tuning.candidates import Candidate
from stream_monitor.tuning.recording import Recording, Signal
from stream_monitor.tuning.watcher import Watcher, feed_all, pieces

CANDIDATE = Candidate("glr", parse_run_length("100000"), 100_000.0, 500, "none", 100_000.0)


def _signal(name: str) -> Signal:
    """Return numbers at every third prediction, whose spread and mean change."""
    rng, index = np.random.default_rng(1), np.arange(8000) * 3
    values = rng.normal(size=8000) * np.repeat([1.0, 2.5], [5000, 3000]) + np.repeat([0.0, 1.0], [6000, 2000])
    return Signal(name, "number", Column(values, index, index.astype(float)))


def _watcher(signal: Signal, min_effect: float = 0.1) -> Watcher:
    recording = Recording(ModelVersion("m", "1"), 8000, 0, ("x",), [signal], None)
    return Watcher(recording, signal, CANDIDATE, 100_000.0, None, min_effect)


@pytest.mark.parametrize("name", ["feature:x", "spread:x"])
@pytest.mark.parametrize("place", [4999, 5000, 5001, 5002])
def test_it_goes_on_from_its_state(name: str, place: int) -> None:
    """The state of a spread has the values that are fewer than four."""
    signal = _signal(name)
    whole = _watcher(signal).feed(signal.column)
    first, rest = pieces(signal.column, [place])
    watcher = _watcher(signal)
    early = watcher.feed(first)
    late = _watcher(signal).resume(watcher.saved()).feed(rest)
    assert early + [alarm._replace(row=alarm.row + place) for alarm in late] == whole != []


@pytest.mark.parametrize("name", ["feature:x", "spread:x"])
def test_an_alarm_has_the_row_of_the_value_that_raises_it(name: str) -> None:
    signal = _signal(name)
    watcher = _watcher(signal)
    for part in pieces(signal.column, [1001, 1002, 5003]):
        for alarm in watcher.feed(part):
            assert part.index[alarm.row] == alarm.detection.index
    (found,) = feed_all([_watcher(signal)], signal.column)
    assert found[0].index >= 15_000


@pytest.mark.parametrize("name", ["feature:x", "spread:x"])
def test_a_change_below_the_smallest_effect_is_no_alarm(name: str) -> None:
    signal = _signal(name)
    assert _watcher(signal).feed(signal.column)
    assert not _watcher(signal, min_effect=10.0).feed(signal.column)
