"""A change becomes a detection: its position, its means, its size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.drift.change import Position, RawSums, SignalChange
from stream_monitor.drift.detection import MEAN_WINDOW, Origin, detection

KEY = ModelVersion("m", "1")


def _detection(values: Floats, n_after: int, kind: ColumnKind = "number", step: int = 1, **more: Any) -> Detection:
    """Return the detection of a change in the last of these values, which are ``step`` predictions apart."""
    sums = RawSums(0)
    sums.add(values)
    last = (len(values) - 1) * step
    position = Position(last, float(last), 0)
    change = SignalChange(position, position, 0, sums.n, sums.total, n_after, before=0.0, after=1.5)
    origin = Origin(KEY, "feature:x", kind, "glr")
    return detection(change._replace(**more), values[-MEAN_WINDOW:], origin, None)


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize("n_after", [1, 2, 100, 999])
def test_the_changed_index_is_the_first_prediction_after_the_change(n_after: int, step: int) -> None:
    values = np.repeat([2.0, 5.0], [1000 - n_after, n_after])
    found = _detection(values, n_after, step=step)
    assert found.changed_index == np.flatnonzero(values == 5.0)[0] * step
    assert (found.before, found.after) == (2.0, 5.0)
    assert (found.index, found.ts, found.n_before, found.n_after) == (
        999 * step,
        999.0 * step,
        1000 - n_after,
        n_after,
    )
    assert (found.effect, found.direction) == (1.5, "up")


def test_an_unknown_change_point_is_the_likeliest() -> None:
    found = _detection(np.repeat([2.0, 5.0], [950, 50]), 0)
    assert (found.changed_index, found.before, found.after) == (950, 2.0, 5.0)
    share = _detection(np.repeat([0.0, 1.0], [950, 50]), 0, "share")
    assert (share.changed_index, share.before, share.after) == (950, 0.0, 1.0)
    assert share.effect == pytest.approx(math.pi)


@pytest.mark.parametrize("older", [40, 2000])
def test_shares_beside_an_estimated_change_point_are_those_of_the_values(older: int) -> None:
    values = np.concatenate((np.tile([0.0, 0.0, 0.0, 0.0, 1.0], older), np.tile([1.0, 1.0, 1.0, 1.0, 0.0], 20)))
    found = _detection(values, 0, "share")
    at = found.changed_index
    assert at is not None and abs(at - 5 * older) <= 1
    assert found.before == pytest.approx(values[:at].mean())
    assert found.after == pytest.approx(values[at:].mean())
    assert (found.n_before, found.n_after) == (at, len(values) - at)


def test_without_a_season_nothing_estimates_the_change_point() -> None:
    found = _detection(np.repeat([2.0, 5.0], [950, 50]), 0, levels=(20.0, 50.0))
    assert (found.changed_index, found.before, found.after, found.n_before) == (None, 20.0, 50.0, 0)


def test_a_held_value_is_raised_by_the_alarm_position() -> None:
    found = _detection(np.repeat([2.0, 5.0], [950, 50]), 50, alarm=Position(1200, math.nan, 0))
    assert (found.index, found.ts, found.changed_index) == (1200, None, 950)


def test_the_id_is_that_of_the_first_six_fields() -> None:
    found = _detection(np.repeat([2.0, 5.0], [950, 50]), 50)
    assert found.id == found._replace(after=7.0, changed_index=3, episode="e").id
    assert found.id != found._replace(index=1).id


def test_a_million_values_at_the_end_of_what_a_float_holds_have_a_mean() -> None:
    sums = RawSums(7)
    for _ in range(10):
        sums.add(np.full(100_000, 1.7e308))
    assert math.ldexp(sums.total / sums.n, 40) == pytest.approx(1.7e308)
    again = RawSums(0)
    again.restore(sums.state())
    assert again.state() == sums.state() == [1_000_000, sums.total, 7]
