"""Detections of the whole pipeline: they depend neither on batches nor on scale."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.events import Detection
from stream_monitor.detectors.adwin import AdwinConfig
from stream_monitor.detectors.page_hinkley import PageHinkleyConfig
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.testing import make_label, make_prediction
from tests.examples import examples
from tests.harness import RIVERS, feature_events, findings, run
from tests.oracle import scored_indices
from tests.property.feature_streams import drifting, mixed_events, run_one
from tests.streams import cut, river_indices


def _everything(pipeline: Any) -> dict[str, Any]:
    """Return the final state of the pipeline."""
    return {
        key: (
            monitor.predictions,
            monitor.features_ignored,
            monitor.performance.measures(),
            monitor.performance.totals(),
            sorted((name, vars(counts)) for name, counts in monitor.features.items()),
            sorted((name, signal.comparison().values.tolist()) for name, signal in monitor.signals.items()),
            monitor.delays.counts,
        )
        for key, monitor in pipeline.processor.fleet.monitors.items()
    }


def _plain(detections: list[Detection]) -> list[Detection]:
    return [d._replace(before=float(f"{d.before:.9g}"), after=float(f"{d.after:.9g}")) for d in detections]


@given(
    seed=st.integers(0, 2**32 - 1),
    batch_size=st.sampled_from((1, 2, 7, 64, 333, 1000)),
    warmup=st.sampled_from((0, 2, 30, 200, 700)),
    bounds=st.fixed_dictionaries(
        {
            "max_features": st.integers(1, 6),
            "max_versions": st.just(3),
        }
    ),
)
@settings(max_examples=examples(12), deadline=None)
def test_detections_do_not_depend_on_batches(seed: int, batch_size: int, warmup: int, bounds: dict[str, int]) -> None:
    """Every field of every detection, and all that is counted."""
    events = mixed_events(seed, 1200, features=4)
    options: dict[str, Any] = {
        "warmup": warmup,
        "detectors": ["adwin:delta=0.1", "page_hinkley:threshold=8"],
        **bounds,
    }
    whole, expected = run(events, batch_size=len(events), **options)
    pieces, found = run(events, batch_size=batch_size, **options)
    assert findings(found) == findings(expected)
    assert _plain(found) == _plain(expected)
    assert _everything(pieces) == _everything(whole)
    assert vars(pieces.processor.counters) | {"polls": 0} == vars(whole.processor.counters) | {"polls": 0}
    assert pieces.processor.fleet.evicted == whole.processor.fleet.evicted


@pytest.mark.parametrize("batch_size", [1, 7, 100, 900, 1500])
@pytest.mark.parametrize(("constant", "warmup"), [(0, 2000), (300, 100), (1500, 100), (2500, 100), (2500, 1200)])
def test_a_long_warm_up_does_not_depend_on_batches(constant: int, warmup: int, batch_size: int) -> None:
    """Drifts, with their means, in values that were held for a warm-up."""
    rng = np.random.default_rng(4)
    levels = np.repeat([0.0, 9.0, -9.0], [400, 1100, 1500])
    column = np.concatenate((np.full(constant, 2.0), rng.normal(size=3000) + levels))
    _, expected = run(feature_events({"a": column}), batch_size=len(column), warmup=warmup)
    _, found = run(feature_events({"a": column}), batch_size=batch_size, warmup=warmup)
    assert expected
    assert _plain(found) == _plain(expected)


@given(
    seed=st.integers(0, 2**32 - 1),
    factor=st.one_of(st.sampled_from((1e-6, 1e6, 1e12, 1e-12, 1e-100, 1e100)), st.floats(1e-6, 1e6)),
    negative=st.booleans(),
)
@settings(max_examples=examples(40), deadline=None)
def test_detections_do_not_depend_on_scale(seed: int, factor: float, negative: bool) -> None:
    column = drifting(seed)
    factor = -factor if negative else factor
    # The spread of whole numbers has ties, which another unit's rounding parts.
    watched = [f"feature:*={each}" for each in (*RIVERS, "glr")]
    _, expected = run(feature_events({"a": column}), detectors=watched)
    _, found = run(feature_events({"a": column * factor}), detectors=watched)
    if not negative:
        assert findings(found) == findings(expected)
        np.testing.assert_allclose(
            [d.after / factor for d in found], [d.after for d in expected], rtol=1e-6, atol=1e-6
        )
    adwin = [d for d in findings(found) if d.detector == "adwin"]
    # An atom is spread out by a hash of the position, which a change of sign does not turn round.
    if not negative or seed % 3 != 2:
        assert adwin == [d for d in findings(expected) if d.detector == "adwin"]


@given(seed=st.integers(0, 2**32 - 1), factor=st.sampled_from((1e-6, 1e6)))
@settings(max_examples=examples(10), deadline=None)
def test_one_features_scale_says_nothing_to_the_others(seed: int, factor: float) -> None:
    columns = {name: drifting(seed + at) for at, name in enumerate("abc")}
    watched = [f"feature:*={each}" for each in (*RIVERS, "glr")]
    _, expected = run(feature_events(columns), detectors=watched)
    _, found = run(feature_events({**columns, "b": columns["b"] * factor}), detectors=watched)
    assert findings(found) == findings(expected)


@given(seed=st.integers(0, 2**32 - 1), factor=st.floats(1e-6, 1e6))
@settings(max_examples=examples(10), deadline=None)
def test_the_score_and_the_residual_do_not_depend_on_scale(seed: int, factor: float) -> None:
    truth, score = drifting(seed), drifting(seed + 1)
    predicted = truth + np.repeat([0.5, 4.0], len(truth) // 2) * np.sin(np.arange(len(truth)))

    def events(by: float) -> list[dict[str, Any]]:
        rows = zip((truth * by).tolist(), (predicted * by).tolist(), (score * by).tolist(), strict=True)
        return [make_prediction(i, label=y, prediction=p, score=s) for i, (y, p, s) in enumerate(rows)]

    _, expected = run(events(1.0), task="regression")
    _, found = run(events(factor), task="regression")
    assert {d.signal for d in expected} >= {"error"}
    assert findings(found) == findings(expected)


@pytest.mark.parametrize("batch_size", [37, 5000])
@pytest.mark.parametrize("seed", [0, 1, 3, 4])
def test_detections_are_rivers_on_the_normal_scores(seed: int, batch_size: int) -> None:
    """An independent oracle: normal scores of each warm-up of 500 values, then river, value by value."""
    column = drifting(seed) * 1e4 + 7
    _, found = run(feature_events({"a": column}), batch_size=batch_size, min_effect=0.0)
    for kind, config in {"adwin": AdwinConfig(), "page_hinkley": PageHinkleyConfig()}.items():
        ours = [d.index for d in found if (d.signal, d.detector) == ("feature:a", kind)]
        assert ours == scored_indices(config, column)
    assert found


def test_without_warm_up_values_are_fed_as_they_are() -> None:
    column = drifting(3) * 20
    _, found = run(feature_events({"a": column}), warmup=0)
    feature = [d for d in found if d.signal == "feature:a"]
    assert [d.index for d in feature if d.detector == "adwin"] == river_indices(AdwinConfig(), column)
    assert [d.index for d in feature if d.detector == "page_hinkley"] == river_indices(PageHinkleyConfig(), column)


def test_means_are_in_the_signals_own_unit() -> None:
    rng = np.random.default_rng(0)
    column = rng.normal(loc=50_000.0, scale=3000.0, size=4000)
    column[2000:] += 10_000
    _, found = run(feature_events({"a": column}), detectors=["*=adwin:delta=0.002"])
    assert [d.signal for d in found] == ["feature:a"]
    assert math.isclose(found[0].before, 50_000, rel_tol=0.02)
    assert math.isclose(found[0].after, 60_000, rel_tol=0.05)


@pytest.mark.parametrize("count", [1, 100, 499])
def test_a_signal_shorter_than_the_warm_up_gives_nothing_but_its_mean(count: int) -> None:
    monitor, found = run_one([float(at) for at in range(count)])
    assert found == []
    assert monitor.signals["feature:a"].comparison().values.mean() == (count - 1) / 2


def test_the_first_values_are_not_lost_to_the_detectors() -> None:
    column = np.repeat([0.0, 5.0], 250) + np.random.default_rng(1).normal(size=500)
    _, found = run_one(column.tolist())
    assert found
    assert all(250 <= d.index < 500 for d in found)


@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1))
@settings(max_examples=examples(10), deadline=None)
def test_the_index_is_the_predictions_position_though_values_are_missing(seed: int, share: float) -> None:
    """An index counts predictions, not values: gaps in a feature must not move it."""
    rng = np.random.default_rng(seed)
    column = rng.normal(size=3000) + np.repeat([0.0, 5.0], 1500)
    kept = np.flatnonzero(rng.random(3000) >= 0.4 * share)
    values: list[Any] = [None] * 3000
    for at in kept:
        values[at] = float(column[at])
    _, found = run_one(values, detectors=["feature:a=adwin:delta=0.002"])
    assert [d.index for d in found] == [kept[at] for at in scored_indices(AdwinConfig(), column[kept])]
    assert all(d.ts == make_prediction(d.index)["ts"] for d in found)


def test_an_errors_index_is_that_of_the_prediction_whose_label_it_was() -> None:
    right = [make_prediction(at, prediction=1) for at in range(2000)]
    labels = [make_label(at, 1 if at < 1000 else 0) for at in range(2000)]
    _, found = run([*right, *labels], detectors=["error=adwin:delta=0.002"])
    errors = np.repeat([0.0, 1.0], 1000)
    assert [(d.index, d.ts) for d in found] == [
        (at, make_prediction(at)["ts"]) for at in river_indices(AdwinConfig(), errors)
    ]


def test_a_spec_watches_only_its_signals() -> None:
    column = drifting(0)
    _, found = run(feature_events({"a": column, "b": column}), detectors=["feature:a=adwin:delta=0.002"])
    assert {(d.signal, d.detector) for d in found} == {("feature:a", "adwin")}


def test_a_batch_is_cut_as_a_stream_is() -> None:
    """The helper of these tests itself: nothing is lost in cutting."""
    assert [part.tolist() for part in cut(np.arange(4.0), [0.0, 0.5, 1.0])] == [[], [0.0, 1.0], [2.0, 3.0], []]
    assert SignalMonitor.update.__doc__
