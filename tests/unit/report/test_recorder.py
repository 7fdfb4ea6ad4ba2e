"""Timelines of a report: exact sums, in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.events import ModelVersion
from stream_monitor.performance.realized import Classification
from stream_monitor.report import recorder as recorder_module
from stream_monitor.report.recorder import MAX_BATCH, MIN_BATCH, Recorder
from stream_monitor.report.timebase import make_timebase
from stream_monitor.report.timelines import CategoryTimeline, Grid, NumberTimeline, choose_edges
from stream_monitor.signals.columns import Column
from tests.streams import cut, cuts

KEY = ModelVersion("churn", "3")


def _column(values: np.ndarray, start: int = 0, step: float = 60.0) -> Column:
    index = np.arange(start, start + len(values))
    return Column(values.astype(np.float64), index, 1e9 + index * step)


def _record(values: np.ndarray, shares: list[float], name: str = "prediction", bins: int = 600) -> Recorder:
    recorder = Recorder(bins)
    start = 0
    for part in cut(values, shares):
        recorder.take(KEY, name, _column(part, start))
        start += len(part)
    return recorder


def _all(recorder: Recorder) -> Grid:
    """Return a grid with a point for each bin."""
    return Grid(np.arange(-(-recorder.end // recorder.width) + 1), recorder.width, recorder.end)


@given(st.integers(1, 5000), cuts(), st.sampled_from((2, 10, 600)))
def test_points_are_the_means_of_their_bins_however_the_stream_is_cut(
    size: int, shares: list[float], bins: int
) -> None:
    values = np.random.default_rng(size).normal(1e6, 1.0, size)
    recorder = _record(values, shares, bins=bins)
    assert recorder.end == size
    assert recorder.width * bins >= size
    assert recorder.width == 1 or recorder.width * bins < 2 * size
    timeline = recorder.signals[KEY, "prediction"]
    assert isinstance(timeline, NumberTimeline)
    points = timeline.points(_all(recorder))
    expected = [values[at : at + recorder.width].mean() for at in range(0, size, recorder.width)]
    np.testing.assert_allclose(points.mean, expected)
    assert points.count.sum() == size
    assert (points.low <= points.high).all()


def test_the_band_is_where_the_values_are() -> None:
    values = np.random.default_rng(0).normal(size=200_000)
    recorder = _record(values, [at / 100 for at in range(100)])
    points = recorder.signals[KEY, "prediction"].points(_all(recorder))
    assert isinstance(points, tuple)
    for bound, expected in ((points.low, -1.2816), (points.high, 1.2816)):
        np.testing.assert_allclose(bound, expected, atol=0.4)
        assert bound.mean() == pytest.approx(expected, abs=0.05)


def test_memory_does_not_grow_with_the_stream() -> None:
    recorder = Recorder()
    sizes = set()
    for start in range(0, 50_000_000, 5_000_000):
        recorder.take(KEY, "score", _column(np.ones(10), start))
        sizes.add(recorder.signals[KEY, "score"].sums.nbytes)
    assert len(sizes) == 1
    assert recorder.width == 1 << 17


def test_signals_past_the_bound_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "MAX_SIGNALS", 3)
    recorder = Recorder()
    for at in range(5):
        for _ in range(2):
            recorder.take(KEY, f"feature:{at}", _column(np.ones(1)))
    assert len(recorder.signals) == 3
    assert recorder.left_out == {(KEY, "feature:3"), (KEY, "feature:4")}
    assert not recorder.wants_distances(KEY, "feature:4", 0)


def test_errors_are_at_their_predictions_in_any_order() -> None:
    recorder = Recorder()
    recorder.take(KEY, "prediction", _column(np.ones(1000)))
    index = np.arange(1000)[::-1]
    recorder.take(KEY, "error", Column((index >= 500).astype(float), index, np.full(1000, np.nan)))
    timeline = recorder.signals[KEY, "error"]
    assert isinstance(timeline, NumberTimeline)
    assert timeline.is_share
    points = timeline.points(_all(recorder))
    np.testing.assert_array_equal(points.mean, (points.positions >= 500).astype(float))


def test_categories_are_shares_by_their_codes() -> None:
    recorder = Recorder()
    codes = np.random.default_rng(1).integers(0, 12, 5000)
    recorder.take(KEY, "feature:country", _column(codes), str)
    timeline = recorder.signals[KEY, "feature:country"]
    assert isinstance(timeline, CategoryTimeline)
    found = timeline.points(Grid(np.array([0, recorder.end // recorder.width + 1]), recorder.width, recorder.end))
    assert len(found) == 9
    assert None in found
    for code, points in found.items():
        expected = (codes == code).mean() if code is not None else np.isin(codes, sorted(timeline.rows)).mean()
        share = float(points.mean[0])
        assert share == pytest.approx(expected if code is not None else 1 - expected)


def test_a_feature_watched_as_numbers_and_as_text_is_what_most_of_it_was() -> None:
    recorder = Recorder()
    recorder.take(KEY, "feature:a", _column(np.ones(10)))
    recorder.take(KEY, "feature:a", _column(np.zeros(40)), str)
    assert isinstance(recorder.signals[KEY, "feature:a"], CategoryTimeline)


def test_performance_is_what_was_read_off_last_in_each_bin() -> None:
    recorder, performance = Recorder(bins=4), Classification(window=10, decay=0.9)
    for at in range(8):
        performance.update_many([1], [at % 2])
        recorder.on_performance(KEY, performance, at)
    positions, figures = recorder.performance[KEY, "accuracy"].points(_all(recorder))
    assert positions.tolist() == [1, 3, 5, 7]
    assert figures[0].tolist() == [0.5] * 4
    assert figures[4].tolist() == [2, 4, 6, 8]
    bounds = performance.intervals()["rolling"]
    assert figures[1:3, -1].tolist() == list(bounds)


def test_batches_grow_with_what_was_read() -> None:
    recorder = Recorder()
    assert recorder.batch_size == MIN_BATCH
    recorder.take(KEY, "prediction", _column(np.ones(1), 50_000))
    assert recorder.batch_size == 500
    recorder.take(KEY, "prediction", _column(np.ones(1), 50_000_000))
    assert recorder.batch_size == MAX_BATCH


def test_wild_values_have_sums() -> None:
    recorder = _record(np.array([1e308, 1e308, -1e308, 1e308] * 500), [])
    points = recorder.signals[KEY, "prediction"].points(_all(recorder))
    assert isinstance(points, tuple)
    assert np.isfinite(points.mean).all()


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=100),
    st.floats(0, 20),
    st.floats(0, 200),
)
def test_edges_cover_everything_and_leave_room(counts: list[int], room: float, fewest: float) -> None:
    places = np.concatenate(([0.0], np.cumsum(np.random.default_rng(len(counts)).random(len(counts)))))
    edges = choose_edges(places, np.array(counts, dtype=float), room, fewest)
    assert edges[0] == 0
    assert edges[-1] == len(counts)
    assert (np.diff(edges) > 0).all()
    if len(edges) > 2:
        assert (np.diff(places[edges]) >= room).all()
        assert (np.add.reduceat(counts, edges[:-1]) >= fewest).all()


# The axis


def test_the_axis_is_time_where_times_are_of_use() -> None:
    base = make_timebase(_record(np.ones(5000), [0.1, 0.7]))
    assert not base.why_not
    assert (base.first, base.last) == (1e9, 1e9 + 4999 * 60.0)
    np.testing.assert_allclose(
        base.at(np.array([0.0, 2500.0, 4999.0])), 1e9 + np.array([0, 2500, 4999]) * 60, atol=600
    )


@pytest.mark.parametrize(
    ("ts", "why"),
    [
        (np.full(1000, np.nan), "no times"),
        (np.where(np.arange(1000) < 500, np.nan, np.arange(1000.0)), "500 predictions have no time"),
        (np.full(1000, 7.0), "same time"),
        (np.arange(1000.0)[::-1], "not in the order"),
    ],
)
def test_else_it_counts_predictions(ts: np.ndarray, why: str) -> None:
    recorder = Recorder()
    recorder.take(KEY, "prediction", Column(np.ones(1000), np.arange(1000), ts))
    base = make_timebase(recorder)
    assert why in base.why_not
    assert base.at(np.array([0.0, 999.0])).tolist() == [0.0, 999.0]


def test_nothing_recorded_has_an_axis_too() -> None:
    assert make_timebase(Recorder()).why_not
