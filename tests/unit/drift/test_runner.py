"""A detector through warm-up, running, season, and a new warm-up; independent of batches."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.signal import lfilter

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import KINDS
from stream_monitor.drift.change import SignalChange
from stream_monitor.drift.context import RunnerContext
from stream_monitor.drift.runner import DetectorRunner
from stream_monitor.drift.seasonality import Seasonality
from stream_monitor.drift.transforms import UNSEEN
from stream_monitor.signals.columns import Column

PERIOD = 2000.0


def _column(values: Any, begin: int = 0) -> Column:
    index = np.arange(begin, begin + len(values))
    return Column(np.asarray(values, dtype=float), index, index.astype(float))


def _runner(season: tuple[float, ...] | None = (), kind: Any = "number", detector: str = "glr") -> DetectorRunner:
    return DetectorRunner(KINDS[detector](), RunnerContext(kind, 500, season=season), 100_000.0)


def _fed(runner: DetectorRunner, values: Any, size: int, begin: int = 0) -> list[SignalChange]:
    """Return the changes in values fed in parts, with positions counted from the end of all."""
    found = []
    for at in range(0, len(values), size):
        part = values[at : at + size]
        behind = len(values) - at - len(part)
        for one in runner.update(_column(part, begin + at)):
            alarm, position = (each._replace(newer=each.newer + behind) for each in (one.alarm, one.found))
            found.append(one._replace(alarm=alarm, found=position))
    return found


def _daily(seed: int, shift: float, count: int = 16_000, last: int = 1000) -> Floats:
    """Return a daily wave with noise, shifted at the end."""
    n = np.arange(count)
    wave = np.sin(2 * np.pi * n / PERIOD)
    return np.random.default_rng(seed).normal(size=count) + wave + shift * (n >= count - last)


def test_a_change_in_the_warm_up_is_raised_by_its_last_value() -> None:
    values = np.random.default_rng(1).normal(np.repeat([0.0, 3.0], [250, 450]))
    (found, *_) = _fed(_runner(), values, 700)
    assert 250 <= found.found.index < 300
    assert found.alarm == (499, 499.0, 200)
    assert found.found.newer == 699 - found.found.index


def test_after_a_change_there_is_a_new_warm_up() -> None:
    runner = _runner()
    assert not runner.running and runner.effective_samples == 0.0
    values = np.random.default_rng(2).normal(np.repeat([0.0, 5.0], [2000, 100]))
    (found,) = _fed(runner, values, 100)
    assert not runner.running and runner.effective_samples == 0.0
    _fed(runner, np.random.default_rng(3).normal(5.0, 1.0, 600), 100, 2100)
    assert runner.running and runner.effective_samples == 700 - (found.found.index - 1999)


def test_a_new_batch_length_counts_from_the_value_behind_the_estimate() -> None:
    """The estimate is made after 8 warm-ups; positions have gaps."""
    rng = np.random.default_rng(4)
    values = np.concatenate((rng.normal(size=500), lfilter([1.0], [1.0, -0.8], rng.normal(size=3800))))
    for size in (len(values), 1000, 4000):
        runner = DetectorRunner(KINDS["glr"](threshold=1e6), RunnerContext("number", 500), 100_000.0)
        index = 3 * np.arange(len(values))
        column = Column(values, index, index.astype(float))
        for at in range(0, len(values), size):
            assert runner.update(column.cut(at).until(size)) == []
        assert runner.dependence.batch > 1
        n, _, since = runner.state()["running"]["sums"]
        assert (n, since) == (300, 3 * 3999 + 1)


def test_with_a_season_a_change_in_reach_of_the_scores_keeps_them() -> None:
    near, far = _runner((PERIOD,)), _runner((PERIOD,))
    assert _fed(near, _daily(4, 1.0), 500) != []
    assert near.running
    # All values have about the same score now: nothing more would show in them.
    *_, found = _fed(far, _daily(4, 9.0, last=100), 500)
    assert not far.running
    assert found.levels is not None and found.levels[1] > 2.0


@pytest.mark.parametrize("is_given", [True, False])
def test_a_change_discards_the_period_that_it_is_in(is_given: bool) -> None:
    """The new level of part of a period does not enter the levels of the season."""
    runner = _runner((PERIOD,) if is_given else None)
    assert runner.season
    season = runner.season.scores
    season._seasonality = Seasonality([PERIOD], is_given)
    _fed(runner, _daily(5, 1.0), 250)
    before = season.state()["seasonality"]["tables"][0]["total"]
    assert not season.state()["seasonality"]["clocks"][0][2]
    begin = 16_000
    values = np.random.default_rng(6).normal(size=10) + 1.0
    _fed(runner, values, 10, begin)
    assert season.state()["seasonality"]["tables"][0]["total"] == before
    assert season.state()["seasonality"]["clocks"][0][2]


@pytest.mark.parametrize("size", [1, 50, 700])
def test_every_change_of_a_batch_can_need_a_new_warm_up(size: int) -> None:
    """A change of a category with its own row needs no warm-up; that of an unseen one does."""
    rng = np.random.default_rng(9)
    codes = [rng.choice(3, 3000, p=[0.4, 0.3, 0.3]), rng.choice(3, 200, p=[0.1, 0.45, 0.45]), np.full(300, 7)]
    runner, whole = _runner(kind="category"), _runner(kind="category")
    values = np.concatenate(codes).astype(float)
    found = _fed(runner, values, size)
    assert found == _fed(whole, values, len(values))
    assert [one.category for one in found][-1] == UNSEEN and len(found) > 1
    assert not runner.running and not whole.running


def test_after_a_change_without_a_new_warm_up_the_sums_begin_behind_it() -> None:
    rng, runner = np.random.default_rng(9), _runner(kind="category")
    values = np.concatenate([rng.choice(3, 3000, p=[0.4, 0.3, 0.3]), rng.choice(3, 60, p=[0.02, 0.49, 0.49])])
    (found,) = _fed(runner, values.astype(float), 700)
    n, _, since = runner.state()["running"]["sums"]
    assert (n, since) == (len(values) - found.found.index - 1, found.found.index + 1)


@pytest.mark.parametrize("season", [(), None, (PERIOD,)])
@pytest.mark.parametrize("stop", [300, 1100, 15_040, 15_700])
def test_a_state_is_taken_up(season: tuple[float, ...] | None, stop: int) -> None:
    values = _daily(7, 3.0)
    whole, first, second = _runner(season), _runner(season), _runner(season)
    expected = _fed(whole, values, 100)
    found = _fed(first, values[:stop], 100)
    second.restore(json.loads(json.dumps(first.state(), default=list)))
    rest = _fed(second, values[stop:], 100, stop)
    assert [one.found.index for one in found + rest] == [one.found.index for one in expected]
    assert second.state() == whole.state()


@pytest.mark.parametrize("season", [None, (PERIOD,)])
def test_a_state_without_seasonality_is_taken_up_with_one(season: tuple[float, ...] | None) -> None:
    plain, seasonal = _runner(), _runner(season)
    _fed(plain, _daily(8, 0.0, 3000), 500)
    seasonal.restore(json.loads(json.dumps(plain.state(), default=list)))
    _fed(seasonal, _daily(8, 0.0, 9000), 500, 3000)
    assert (
        seasonal.state()["season"]["transform"] is not None
        and seasonal.season
        and seasonal.season.scores.awaited == ()
    )
