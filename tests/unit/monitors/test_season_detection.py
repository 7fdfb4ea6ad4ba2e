"""Detections in a signal with a seasonality."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.core.events import Detection
from stream_monitor.detectors import KINDS
from stream_monitor.monitors.signal import SignalContext, SignalMonitor
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from tests.unit.monitors.watching import COUNT, KEY, watch


def test_a_season_is_taken_out_where_one_is_asked_for() -> None:
    wave = 0.5 * np.sin(2 * np.pi * np.arange(COUNT) / 10_000)
    values = np.random.default_rng(1).normal(size=COUNT) + wave
    assert len(watch(values, season=(10_000.0,))[1]) < 5 < 20 < len(watch(values)[1])
    values[60_000:] += 1.0
    _, found = watch(values, season=(10_000.0,))
    assert any(60_000 <= one.index < 60_200 for one in found)


@pytest.mark.parametrize("detector", ["glr", "adwin"])
def test_with_a_season_a_change_is_told_without_the_hour(detector: str) -> None:
    """The values after a change are of other hours than those before it: their plain means would tell the hour."""
    places = []
    for seed, change in enumerate(range(4000, 4700, 100)):
        rng, n = np.random.default_rng(seed), np.arange(7000)
        values = 50.0 + 10.0 * (rng.normal(size=7000) + 2.0 * np.sin(2 * np.pi * n / 1440))
        values[change:] += 10.0
        context = SignalContext(season=(1440.0,))
        signal = SignalMonitor(KEY, "feature:x", "number", {detector: KINDS[detector]()}, context, 100_000.0)
        first = next(one for one in signal.update(Column(values, n, n.astype(float))) if one.index >= change)
        # Most of the newest window of ADWIN may still be from before the change.
        assert first.direction == "up" and (0.0 if detector == "adwin" else 1.0) < first.after - first.before < 25.0
        if detector == "glr":
            places.append(abs((first.changed_index or 0) - change))
        else:
            assert first.changed_index is None
    if detector == "glr":
        # Of the shortest windows, one may tell the change before the longer ones, which count for less.
        assert max(sorted(places)[:-1]) <= 4 and max(places) <= 64


def _cycle(amplitude: float, period: float | None, seed: int = 1, shift: float = 0.0) -> list[Detection]:
    """Return the detections in a daily cycle of 10,000 values, with a shift after twelve days."""
    n = np.arange(140_000)
    values = np.random.default_rng(seed).normal(size=len(n)) + amplitude * np.sin(2 * np.pi * n / 10_000)
    values[120_000:] += shift
    context = SignalContext(season=period if period is None else (period,) if period else ())
    signal = SignalMonitor(KEY, "feature:x", "number", {"glr": KINDS["glr"]()}, context, 1_000_000.0)
    return [one for begin in range(0, len(n), 2000) for one in signal.update(_part(values, n, begin))]


def _part(values: Any, n: Any, begin: int) -> Column:
    return Column(values[begin : begin + 2000], n[begin : begin + 2000], n[begin : begin + 2000] * 8.64)


@pytest.mark.parametrize("amplitude", [0.2, 0.5, 1.0, 2.0])
def test_a_season_that_nobody_gave_is_found_out(amplitude: float) -> None:
    """Two days that are alike are enough: from then on it is as quiet as with the period given."""
    assert not any(120_000 <= one.index < 120_400 for one in _cycle(amplitude, 0.0, shift=0.5))
    assert len([one for one in _cycle(amplitude, None) if one.index > 40_000]) <= {2.0: 14}.get(amplitude, 1)
    found = [one.index for one in _cycle(amplitude, None, shift=0.5) if one.index >= 120_000]
    assert found and found[0] < 120_400


def test_a_strong_season_is_taken_out_though_the_warm_up_was_one_hour_of_it() -> None:
    assert len(_cycle(2.0, 86_400.0)) <= 14  # 1 in 10,000 is the limit for a cycle of a quarter of that


def test_what_rises_every_day_alike_is_no_season() -> None:
    n = np.arange(100_000)
    values = np.random.default_rng(2).normal(size=len(n)) + n / 10_000
    signal = SignalMonitor(
        KEY, "feature:x", "number", {"glr": KINDS["glr"]()}, SignalContext(season=None), 1_000_000.0
    )
    found = [one for begin in range(0, len(n), 2000) for one in signal.update(_part(values, n, begin))]
    assert len([one for one in found if one.index > 40_000]) >= 5


def _shares(
    kind: ColumnKind, shift: float, detector: str = "glr", period: float | None = 86_400.0, amplitude: float = 0.25
) -> list[Detection]:
    """Return the detections in a share, or in the share of a category, with a daily cycle of 1,000 values."""
    n, rng = np.arange(40_000), np.random.default_rng(1)
    usual = 0.3 + amplitude * np.sin(2 * np.pi * n / 1000) + shift * (n >= 30_000)
    is_one = rng.random(len(n)) < usual
    categories = CategoryEncoder() if kind == "category" else None
    others = np.where(rng.random(len(n)) < 0.2, "c", "b")
    column = categories.column(np.where(is_one, "a", others).tolist()) if categories else is_one.astype(float)
    context = SignalContext(season=period if period is None else (period,) if period else ())
    configs = {detector: KINDS[detector]()}
    signal = SignalMonitor(KEY, "feature:x", kind, configs, context, 100_000.0, None, categories)
    parts = (slice(begin, begin + 2000) for begin in range(0, len(n), 2000))
    return [one for at in parts for one in signal.update(Column(column[at], n[at], n[at] * 86.4))]


@pytest.mark.parametrize("kind", ["share", "category", "number"])
def test_a_season_of_a_share_is_taken_out(kind: ColumnKind) -> None:
    """A number of two values is a share as well. The budget is one false alarm in 100,000 values."""
    assert len(_shares(kind, 0.0, period=0.0)) > 2
    assert len(_shares(kind, 0.0)) <= 1
    first = next(one for one in _shares(kind, 0.2) if one.index >= 30_000)
    assert first.index < 30_400 and abs((first.changed_index or 0) - 30_000) < 200
    assert first.before == pytest.approx(0.3, abs=0.02) or first.category != "a"
    assert abs(first.after - first.before) > 0.05


def test_a_season_of_a_share_that_nobody_gave_is_found_out() -> None:
    assert len([one for one in _shares("share", 0.0, period=None) if one.index > 4000]) <= 1


@pytest.mark.parametrize("detector", ["adwin", "hddm_a", "ddm", "page_hinkley"])
def test_every_detector_of_shares_sees_them_less_their_season(detector: str) -> None:
    without = len(_shares("share", 0.0, detector, 0.0))
    assert len(_shares("share", 0.0, detector)) <= max(without / 5, 2)


def test_a_share_without_a_season_is_fed_as_it_is() -> None:
    assert _shares("share", 0.0, amplitude=0.0) == []
    assert 30_000 <= _shares("share", 0.2, amplitude=0.0)[0].index < 30_200


def _first_days(kind: ColumnKind, values: Any, period: float | None, size: int = 500) -> list[Detection]:
    """Return the detections in values of a day of 2,000."""
    n = np.arange(len(values))
    signal = SignalMonitor(
        KEY,
        "feature:x",
        kind,
        {"glr": KINDS["glr"]()},
        SignalContext(season=period if period is None else (period,) if period else ()),
        400_000.0,
    )
    parts = (slice(begin, begin + size) for begin in range(0, len(n), size))
    return [one for at in parts for one in signal.update(Column(values[at], n[at], n[at] * 43.2))]


@pytest.mark.parametrize("period", [86_400.0, 7 * 86_400.0])
@pytest.mark.parametrize("amplitude", [0.0, 1.0])
def test_a_large_change_in_the_first_period_is_found(period: float, amplitude: float) -> None:
    for seed in range(5):
        n = np.arange(1800)
        values = np.random.default_rng(seed).normal(size=1800) + amplitude * np.sin(2 * np.pi * n / 2000)
        values[1200:] += 3.0
        found = _first_days("number", values, period)
        assert len(found) == 1 and 1200 <= found[0].index < 1240


@pytest.mark.parametrize("amplitude", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("period", [86_400.0, None])
def test_a_cycle_raises_no_alarm_before_it_is_known(amplitude: float, period: float | None) -> None:
    found = 0
    for seed in range(5):
        n = np.arange(4001)
        wave = amplitude * np.sin(2 * np.pi * n / 2000)
        found += len(_first_days("number", np.random.default_rng(seed).normal(size=4001) + wave, period))
    assert found <= 1


def test_the_first_period_of_a_share_is_watched_as_well() -> None:
    n, rng = np.arange(1800), np.random.default_rng(1)
    usual = 0.3 + 0.25 * np.sin(2 * np.pi * n / 2000)
    assert _first_days("share", (rng.random(1800) < usual).astype(float), 86_400.0) == []
    usual[1200:] = 0.95
    (found,) = _first_days("share", (rng.random(1800) < usual).astype(float), 86_400.0)
    assert 1200 <= found.index < 1240


def test_events_without_a_time_are_watched_for_large_changes() -> None:
    values = np.random.default_rng(1).normal(np.repeat([0.0, 3.0], [1200, 400]))
    signal = SignalMonitor(KEY, "x", "number", {"glr": KINDS["glr"]()}, SignalContext(season=(86_400.0,)), 400_000.0)
    (found,) = signal.update(Column(values, np.arange(1600), np.full(1600, np.nan)))
    assert 1200 <= found.index < 1240


def _weeks(usual: Any, deviation: Any, season: tuple[float, ...] | None, seed: int = 1) -> list[Detection]:
    """Return the detections in six weeks of 1,000 values a day, of which a level and a deviation are usual."""
    n = np.arange(42_000)
    days = n / 1000.0
    values = np.random.default_rng(seed).normal(size=len(n)) * deviation(days) + usual(days)
    signal = SignalMonitor(
        KEY, "feature:x", "number", {"glr": KINDS["glr"]()}, SignalContext(season=season), 400_000.0
    )
    parts = (slice(begin, begin + 500) for begin in range(0, len(n), 500))
    return [one for at in parts for one in signal.update(Column(values[at], n[at], n[at] * 86.4))]


def _one(days: Any) -> Any:
    return np.ones_like(days)


@pytest.mark.parametrize("season", [(86_400.0,), None])
def test_a_season_of_the_variance_is_taken_out(season: tuple[float, ...] | None) -> None:
    found = [
        one
        for seed in range(4)
        for one in _weeks(np.zeros_like, lambda days: np.exp(0.7 * np.sin(2 * np.pi * days)), season, seed)
    ]
    assert len(found) <= 1


@pytest.mark.parametrize("season", [(604_800.0,), (86_400.0, 604_800.0), None])
def test_a_season_of_the_week_is_taken_out(season: tuple[float, ...] | None) -> None:
    def usual(days: Any) -> Any:
        return np.sin(2 * np.pi * days) + (days % 7.0 >= 5.0)

    found = [one for seed in range(4) for one in _weeks(usual, _one, season, seed)]
    assert len(found) <= 4
    assert len([one for one in found if one.index > 21_000]) <= 1
    later = [one for one in _weeks(lambda days: usual(days) + (days >= 40.0), _one, season) if one.index >= 40_000]
    assert later and later[0].index < 40_150


def test_two_periods_that_are_no_multiples_are_taken_out() -> None:
    def usual(days: Any) -> Any:
        return np.sin(2 * np.pi * days) + np.sin(2 * np.pi * days / 1.5)

    found, left_in = (_weeks(usual, _one, season) for season in ((86_400.0, 1.5 * 86_400.0), (86_400.0,)))
    assert len(found) <= 2 < 5 < len(left_in)


def test_a_new_category_leaves_the_season_of_the_others() -> None:
    """After it everything but the season is learned anew."""
    n, rng = np.arange(21_500), np.random.default_rng(1)
    usual = 0.3 + 0.25 * np.sin(2 * np.pi * n / 1000)
    names = np.where(rng.random(len(n)) < usual, "a", np.where(rng.random(len(n)) < 0.2, "c", "b"))
    names[(n >= 20_000) & (rng.random(len(n)) < 0.1)] = "d"
    categories = CategoryEncoder()
    codes = categories.column(names.tolist())
    context, configs = SignalContext(season=(86_400.0,)), {"glr": KINDS["glr"]()}
    signal = SignalMonitor(KEY, "feature:x", "category", configs, context, 1_000_000.0, None, categories)
    parts = (slice(begin, begin + 500) for begin in range(0, len(n), 500))
    found = [one for at in parts for one in signal.update(Column(codes[at], n[at], n[at] * 86.4))]
    assert found[0].category == "(unseen)" and 20_000 <= found[0].index < 20_200
    assert len(found) == 1 and signal.detectors.runners["glr"].running
    assert signal.detectors.seasons[86_400.0] > 0.1


def test_a_week_is_found_long_after_the_dependence_was_estimated() -> None:
    """The schedule of its estimates starts anew then; no value is taken beyond the next one."""
    n = np.arange(84_000)
    at_weekend = n * 86.4 % 604_800 >= 432_000
    values = np.random.default_rng(0).normal(size=len(n)) + at_weekend
    signal = SignalMonitor(KEY, "feature:x", "number", {"glr": KINDS["glr"]()}, SignalContext(season=None), 1e6, None)
    assert len(signal.update(Column(values, n, n * 86.4))) <= 2
    assert signal.detectors.seasons[604_800.0] > 0.1


@pytest.mark.parametrize("kind", ["number", "share"])
def test_a_season_of_steps_is_taken_out(kind: ColumnKind) -> None:
    """Working hours: until they are known each begin and end is a change, at which a period would begin anew."""
    n, rng = np.arange(40_000), np.random.default_rng(1)
    is_open = np.abs(n % 2000 / 2000 * 24 - 13.0) < 5.0
    numbers = rng.normal(size=len(n)) + 4.0 * is_open
    found = _first_days(kind, numbers if kind == "number" else (numbers > 1.8).astype(float), 86_400.0)
    assert len([one for one in found if one.index > 6000]) <= 1 and len(found) <= 6


@pytest.mark.parametrize("season", [(604_800.0,), (86_400.0, 604_800.0)])
def test_the_dependence_is_not_that_of_a_week_that_was_left_in(season: tuple[float, ...]) -> None:
    """Estimates after the week is known must not look back to what was before."""
    n = np.arange(14_000)
    ts = (n / 1000.0 + 2.0) * 86_400.0
    usual = 1.0 * (ts % 604_800 >= 432_000)
    for seed in range(4):
        values = np.random.default_rng(seed).normal(size=len(n)) + usual
        context, configs = SignalContext(season=season), {"glr": KINDS["glr"]()}
        signal = SignalMonitor(KEY, "feature:x", "number", configs, context, 1e6, None)
        signal.update(Column(values, n, ts))
        assert signal.detectors.runners["glr"].dependence.autocorrelation_time < 2.0
