"""Detections of the whole pipeline: they depend neither on batches, nor on scale, nor on what is no number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import Detection
from stream_monitor.detectors.adwin import Adwin, AdwinConfig
from stream_monitor.detectors.page_hinkley import PageHinkley, PageHinkleyConfig
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.testing import make_label, make_prediction
from tests.examples import examples
from tests.harness import RIVERS, feature_events, findings, run
from tests.oracle import scored_indices
from tests.streams import cut, river_indices

KEPT = {
    "value": lambda rng, index: float(rng.normal(loc=3.0 * (index // 400))),
    "whole": lambda rng, index: int(rng.integers(0, 5)),
    "text": lambda rng, index: str(rng.choice(["a", "b"])),
    "null": lambda rng, index: None,
    "flag": lambda rng, index: bool(rng.random() < 0.3),
    "list": lambda rng, index: [1],
    "huge": lambda rng, index: 10**400,
    "wild": lambda rng, index: float(rng.choice([1e308, -1e308, 1.0])),
}


def _mixed_event(rng: np.random.Generator, index: int, features: int) -> dict[str, Any]:
    names = [f"f{number}" for number in range(features) if rng.random() < 0.8]
    kinds = ["value"] * 12 + list(KEPT)
    values = {name: KEPT[str(rng.choice(kinds))](rng, index) for name in names}
    fields: dict[str, Any] = {"features": values, "prediction": str(rng.choice(["yes", "no", "may be"]))}
    if rng.random() < 0.7:
        fields["score"] = float(rng.random() + (index > 500))
    if rng.random() < 0.5:
        fields["label"] = "yes" if index < 600 else "no"
    return make_prediction(index, version=str(rng.integers(1, 4)), **fields)


def _mixed_events(seed: int, count: int, features: int) -> list[dict[str, Any]]:
    """Predictions with all sorts of features, labels inside, before and after them."""
    rng = np.random.default_rng(seed)
    events: list[dict[str, Any]] = []
    for index in range(count):
        if rng.random() < 0.2:
            events.append(make_label(int(rng.integers(0, count)), str(rng.choice(["yes", "no"]))))
        events.append(_mixed_event(rng, index, features))
    return events


def _everything(pipeline: Any) -> dict[str, Any]:
    """All that the pipeline knows in the end."""
    return {
        key: (
            monitor.predictions,
            monitor.features_ignored,
            monitor.performance.measures(),
            monitor.performance.totals(),
            sorted((name, vars(counts)) for name, counts in monitor.features.items()),
            sorted((name, signal.mean) for name, signal in monitor.signals.items()),
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
    events = _mixed_events(seed, 1200, features=4)
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
    """Drifts found in values that were held back, means included."""
    rng = np.random.default_rng(4)
    levels = np.repeat([0.0, 9.0, -9.0], [400, 1100, 1500])
    column = np.concatenate((np.full(constant, 2.0), rng.normal(size=3000) + levels))
    _, expected = run(feature_events({"a": column}), batch_size=len(column), warmup=warmup)
    _, found = run(feature_events({"a": column}), batch_size=batch_size, warmup=warmup)
    assert expected
    assert _plain(found) == _plain(expected)


def _drifting(seed: int, count: int = 2400) -> Floats:
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.normal(scale=3.0, size=4), count // 4)
    shape = [rng.normal(size=count), rng.lognormal(size=count), rng.integers(0, 9, size=count)][seed % 3]
    return level + shape


@given(
    seed=st.integers(0, 2**32 - 1),
    factor=st.one_of(st.sampled_from((1e-6, 1e6, 1e12, 1e-12, 1e-100, 1e100)), st.floats(1e-6, 1e6)),
    negative=st.booleans(),
)
@settings(max_examples=examples(40), deadline=None)
def test_detections_do_not_depend_on_scale(seed: int, factor: float, negative: bool) -> None:
    column = _drifting(seed)
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
    columns = {name: _drifting(seed + at) for at, name in enumerate("abc")}
    watched = [f"feature:*={each}" for each in (*RIVERS, "glr")]
    _, expected = run(feature_events(columns), detectors=watched)
    _, found = run(feature_events({**columns, "b": columns["b"] * factor}), detectors=watched)
    assert findings(found) == findings(expected)


@given(seed=st.integers(0, 2**32 - 1), factor=st.floats(1e-6, 1e6))
@settings(max_examples=examples(10), deadline=None)
def test_the_score_and_the_residual_do_not_depend_on_scale(seed: int, factor: float) -> None:
    truth, score = _drifting(seed), _drifting(seed + 1)
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
    column = _drifting(seed) * 1e4 + 7
    _, found = run(feature_events({"a": column}), batch_size=batch_size)
    for kind, config in {"adwin": AdwinConfig(), "page_hinkley": PageHinkleyConfig()}.items():
        ours = [d.index for d in found if (d.signal, d.detector) == ("feature:a", kind)]
        assert ours == scored_indices(config, column)
    assert found


def test_without_warm_up_values_are_fed_as_they_are() -> None:
    column = _drifting(3) * 20
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


# What is no number


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> list[Floats]:
    """Every column that a detector is given."""
    seen: list[Floats] = []

    def spy(method: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, values: seen.append(values.copy()) or method(self, values)

    for detector in (Adwin, PageHinkley):
        monkeypatch.setattr(detector, "update_many", spy(detector.update_many))
    return seen


@pytest.mark.parametrize("warmup", [0, 2, 50])
@pytest.mark.parametrize("batch_size", [1, 100, 2000])
def test_only_finite_numbers_reach_a_detector(spied: list[Floats], warmup: int, batch_size: int) -> None:
    start = b'{"id": %d, "version": "1", "prediction": 1, "score": Infinity, '
    literals = start + b'"features": {"a": Infinity, "b": -Infinity, "c": NaN}}'
    events: list[Any] = [*_mixed_events(1, 600, features=5)]
    events[::7] = [literals % at for at in range(len(events[::7]))]
    run(events, warmup=warmup, batch_size=batch_size)
    assert sum(map(len, spied)) > 1000
    assert all(np.isfinite(values).all() and values.dtype == np.float64 for values in spied)
    assert warmup == 0 or max(np.abs(values).max(initial=0) for values in spied) <= 1000


def _run_one(values: list[Any], **options: Any) -> tuple[ModelMonitor, list[Detection]]:
    pipeline, found = run(feature_events({"a": values}), **options)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    return monitor, found


def _counts(monitor: ModelMonitor) -> dict[str, int]:
    return {kind: getattr(monitor.features["a"], kind) for kind in ("numeric", "text", "missing", "other")}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, "numeric"),
        (-0.5, "numeric"),
        (True, "numeric"),
        (1e308, "numeric"),
        ("x", "text"),
        ("41", "text"),
        ("", "text"),
        (None, "missing"),
        (10**400, "missing"),
        ([], "other"),
        ({"b": 1}, "other"),
    ],
)
@pytest.mark.parametrize("neighbour", [1.5, None, "x"])
def test_each_value_is_counted_as_one_kind(value: Any, kind: str, neighbour: Any) -> None:
    pipeline, _ = run([{"id": i, "prediction": 1, "features": {"a": v}} for i, v in enumerate([neighbour])])
    base = _counts(next(iter(pipeline.processor.fleet.monitors.values())))
    body = str({"a": value}).replace("'", '"').replace("None", "null").replace("True", "true")
    records: list[Any] = [{"id": 1, "prediction": 1, "features": {"a": neighbour}}]
    pipeline, _ = run([*records, b'{"id": 2, "prediction": 1, "features": %s}' % body.encode()])
    both = _counts(next(iter(pipeline.processor.fleet.monitors.values())))
    assert {name: both[name] - base[name] for name in both if both[name] != base[name]} == {kind: 1}


def test_a_constant_feature_never_drifts() -> None:
    monitor, found = _run_one([5.0] * 8000, warmup=100)
    assert found == []
    assert monitor.signals["feature:a"].mean == 5.0


def test_a_feature_that_was_constant_is_found_when_it_moves() -> None:
    rng = np.random.default_rng(1)
    _, found = _run_one([5.0] * 3000 + (5.0 + rng.normal(size=2000)).tolist() + [50.0] * 500, warmup=100)
    assert any(5000 <= d.index < 5200 for d in found)


def test_a_feature_that_is_always_missing_never_drifts() -> None:
    monitor, found = _run_one([None] * 3000)
    assert found == []
    assert _counts(monitor) == {"numeric": 0, "text": 0, "missing": 3000, "other": 0}
    assert set(monitor.signals) == {"prediction", "missing:a"}


def test_a_feature_that_goes_missing_is_found_by_its_missing_signal() -> None:
    rng = np.random.default_rng(1)
    _, found = _run_one([*rng.normal(size=2000).tolist(), *[None] * 500], detectors=["*=adwin:delta=0.002"])
    assert {d.signal for d in found} == {"missing:a"}
    assert all(2000 <= d.index < 2200 for d in found)
    assert all(d.before < 0.1 and d.after > 0.9 for d in found)


def test_an_absent_feature_is_as_missing_as_a_null_one() -> None:
    events = feature_events({"a": [1.0] * 2000})
    absent = [make_prediction(at, features={}) for at in range(2000, 2500)]
    nulls = [make_prediction(at, features={"a": None}) for at in range(2000, 2500)]
    assert run(events + absent)[1] == run(events + nulls)[1] != []


def test_a_feature_that_turns_to_text_is_counted_and_no_more_fed() -> None:
    rng = np.random.default_rng(2)
    monitor, found = _run_one([*rng.normal(size=2000).tolist(), *["high"] * 1000], detectors=["glr"])
    assert monitor.features["a"].violations == 1000
    assert found == []
    assert _counts(monitor) == {"numeric": 2000, "text": 1000, "missing": 0, "other": 0}


def test_booleans_are_zero_and_one() -> None:
    rng = np.random.default_rng(3)
    flags = (rng.random(4000) < np.repeat([0.1, 0.9], 2000)).tolist()
    monitor, found = _run_one(flags)
    numbers, expected = _run_one([float(flag) for flag in flags])
    assert found == expected != []
    assert _counts(monitor) == _counts(numbers)


def test_values_at_the_end_of_what_a_float_holds() -> None:
    rng = np.random.default_rng(4)
    column = rng.normal(size=4000) + np.repeat([0.0, 4.0], 2000)
    _, expected = _run_one(column.tolist())
    _, found = _run_one((column / np.abs(column).max() * 1.7e308).tolist())
    assert findings(found) == findings(expected)
    assert all(math.isfinite(d.before) and math.isfinite(d.after) for d in found)


def test_one_wild_value_blinds_nobody() -> None:
    rng = np.random.default_rng(5)
    column = rng.normal(size=6000) + np.repeat([0.0, 6.0], 3000)
    column[1000] = 1e308
    _, found = _run_one(column.tolist(), detectors=["page_hinkley"])
    assert any(3000 <= d.index < 3500 for d in found)


@pytest.mark.parametrize("count", [1, 100, 499])
def test_a_signal_shorter_than_the_warm_up_gives_nothing_but_its_mean(count: int) -> None:
    monitor, found = _run_one([float(at) for at in range(count)])
    assert found == []
    assert monitor.signals["feature:a"].mean == (count - 1) / 2


def test_the_first_values_are_not_lost_to_the_detectors() -> None:
    column = np.repeat([0.0, 5.0], 250) + np.random.default_rng(1).normal(size=500)
    _, found = _run_one(column.tolist())
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
    _, found = _run_one(values, detectors=["feature:a=adwin:delta=0.002"])
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
    column = _drifting(0)
    _, found = run(feature_events({"a": column, "b": column}), detectors=["feature:a=adwin:delta=0.002"])
    assert {(d.signal, d.detector) for d in found} == {("feature:a", "adwin")}


def test_a_batch_is_cut_as_a_stream_is() -> None:
    """The helper of these tests itself: nothing is lost in cutting."""
    assert [part.tolist() for part in cut(np.arange(4.0), [0.0, 0.5, 1.0])] == [[], [0.0, 1.0], [2.0, 3.0], []]
    assert SignalMonitor.update.__doc__
