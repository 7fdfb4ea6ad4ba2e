"""The whole way of a signal, from raw values to a detection: quiet on any marginal, awake to any kind of drift."""

from __future__ import annotations

import itertools
import json
import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.signal import lfilter

from stream_monitor.app.wiring import UNKNOWN_RATE
from stream_monitor.core.arrays import ColumnKind
from stream_monitor.core.events import Detection, ModelVersion, Prediction
from stream_monitor.detectors import KINDS
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.drift.budget import Budget
from stream_monitor.monitors.model import ModelMonitor
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal import SignalContext, SignalMonitor
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.signals.spread import SPREAD_OF, Spread, warmup_of
from stream_monitor.stats.normal_scores import NormalScores
from stream_monitor.stats.reference import NumericReference
from stream_monitor.testing import make_prediction
from tests.harness import feature_events, run

KEY = ModelVersion("m", "1")
COUNT = 100_000


def _watch(
    values: Any, kind: ColumnKind = "number", run_length: float = 100_000.0, season: float = 0.0
) -> tuple[SignalMonitor, list[Detection]]:
    """The default detector over a signal whose events are a second apart."""
    categories = CategoryEncoder() if kind == "category" else None
    signal = SignalMonitor(
        KEY, "feature:x", kind, {"glr": KINDS["glr"]()}, SignalContext(season=season), run_length, None, categories
    )
    column = categories.column(values) if categories else np.asarray(values, dtype=float)
    found: list[Detection] = []
    for start in range(0, len(column), 2000):
        index = np.arange(start, min(start + 2000, len(column)))
        found += signal.update(Column(column[index], index, index.astype(float)))
    return signal, found


def _ar(rng: np.random.Generator, phi: float) -> Any:
    noise, values = rng.normal(size=COUNT), np.empty(COUNT)
    last = 0.0
    for at, step in enumerate(noise.tolist()):
        last = phi * last + step
        values[at] = last
    return values


QUIET: dict[str, tuple[Callable[[np.random.Generator], Any], ColumnKind]] = {
    "normal": (lambda rng: rng.normal(size=COUNT), "number"),
    "tiny": (lambda rng: 1e-6 * rng.normal(size=COUNT), "number"),
    "lognormal": (lambda rng: rng.lognormal(size=COUNT), "number"),
    "student t(2)": (lambda rng: rng.standard_t(2, size=COUNT), "number"),
    "many zeros": (lambda rng: np.where(rng.random(COUNT) < 0.95, 0.0, rng.lognormal(size=COUNT)), "number"),
    "counts": (lambda rng: rng.poisson(2.0, size=COUNT), "number"),
    "two values": (lambda rng: rng.random(COUNT) < 0.02, "number"),
    "share": (lambda rng: rng.random(COUNT) < 0.1, "share"),
    "categories": (lambda rng: rng.choice(list("abcde"), p=[0.3, 0.25, 0.2, 0.15, 0.1], size=COUNT), "category"),
    "long tail": (lambda rng: np.minimum(rng.zipf(1.5, size=COUNT), 9999).astype(str), "category"),
    "AR(1) 0.9": (lambda rng: _ar(rng, 0.9), "number"),
    "AR(1) 0.3": (lambda rng: _ar(rng, 0.3), "number"),
}


@pytest.mark.parametrize("name", QUIET)
def test_false_alarms_keep_to_the_budget(name: str) -> None:
    """One is expected in as many values as the budget says; five or more would come by chance once in 270 times."""
    make, kind = QUIET[name]
    values = make(np.random.default_rng(7))
    _, found = _watch(values.tolist() if kind == "category" else values, kind)
    assert len(found) < 5


def test_a_season_is_taken_out_where_one_is_asked_for() -> None:
    wave = 0.5 * np.sin(2 * np.pi * np.arange(COUNT) / 10_000)
    values = np.random.default_rng(1).normal(size=COUNT) + wave
    assert len(_watch(values, season=10_000.0)[1]) < 5 < 30 < len(_watch(values)[1])
    values[60_000:] += 1.0
    _, found = _watch(values, season=10_000.0)
    assert any(60_000 <= one.index < 60_200 for one in found)


def _delay(before: Any, after: Any, kind: ColumnKind = "number") -> int:
    values = [*np.asarray(before).tolist(), *np.asarray(after).tolist()]
    _, found = _watch(values, kind)
    return next((one.index + 1 - len(before) for one in found if one.index >= len(before)), 10**9)


@pytest.mark.parametrize(
    ("most", "kind", "make"),
    [
        (450, "number", lambda rng: (rng.normal(size=5000), rng.normal(0.25, 1, 5000))),
        (40, "number", lambda rng: (rng.normal(size=5000), rng.normal(1.0, 1, 5000))),
        (15, "number", lambda rng: (rng.normal(size=5000), rng.normal(2.0, 1, 5000))),
        (350, "share", lambda rng: (rng.random(5000) < 0.01, rng.random(5000) < 0.05)),
        (90, "share", lambda rng: (rng.random(5000) < 0.1, rng.random(5000) < 0.3)),
        (600, "category", lambda rng: (rng.choice(list("abcd"), 5000, p=[0.3, 0.3, 0.2, 0.2]),
                                       rng.choice(list("abcd"), 5000, p=[0.2, 0.3, 0.3, 0.2]))),
        (600, "category", lambda rng: (rng.choice(list("abc"), 5000), rng.choice(list("abcn"), 5000,
                                       p=[0.33, 0.33, 0.33, 0.01]))),
    ],
)  # fmt: skip
def test_changes_are_found_in_time(most: int, kind: ColumnKind, make: Callable[[np.random.Generator], Any]) -> None:
    delays = [_delay(*make(np.random.default_rng(seed)), kind) for seed in range(15)]
    assert float(np.median(delays)) <= most


def _spread(values: Any, run_length: float = 100_000.0) -> list[Detection]:
    """What is found in the spread of numbers, under a run length in numbers."""
    index = np.arange(len(values))
    context = SignalContext(warmup=warmup_of("spread:x", 500))
    signal = SignalMonitor(KEY, "spread:x", "number", {"glr": KINDS["glr"]()}, context, run_length / SPREAD_OF)
    return signal.update(Spread().column(Column(values, index, index.astype(float))))


def test_a_wider_spread_is_found_and_a_level_is_none() -> None:
    delays = []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        found = _spread(np.concatenate((rng.normal(size=5000), rng.normal(0, 2, 1000))))
        delays.append(next((one.index - 5000 for one in found if one.index >= 5000), 10**9))
    assert float(np.median(delays)) <= 60
    level = np.random.default_rng(1).normal(np.repeat([0.0, 2.0], 5000))
    assert _spread(level) == []


@pytest.mark.parametrize("shape", ["normal", "lognormal", "student t(2)", "AR(1) 0.5"])
def test_the_spread_is_quiet_whatever_the_distribution(shape: str) -> None:
    """A wild value, or a skewed distribution, must not make neighbours that depend on each other."""
    rng = np.random.default_rng(8)
    make = {
        "normal": lambda: rng.normal(size=10 * COUNT),
        "lognormal": lambda: rng.lognormal(size=10 * COUNT),
        "student t(2)": lambda: rng.standard_t(2, size=10 * COUNT),
        "AR(1) 0.5": lambda: lfilter([1.0], [1.0, -0.5], rng.normal(size=10 * COUNT)),
    }[shape]
    # 10 are allowed; more than 20 of them come once in 600 times.
    assert len(_spread(make())) <= 20


@given(
    values=st.lists(st.floats(-1e308, 1e308), min_size=4, max_size=20),
    unit=st.sampled_from((1e-300, 1e-6, 1.0, 1e6)),
)
def test_the_spread_of_four_is_that_of_numpy(values: list[float], unit: float) -> None:
    column = np.array(values) * (unit if max(map(abs, values)) < 1e100 else 1.0)
    index = np.arange(len(column))
    spread = Spread().column(Column(column, index, index * 1.0))
    fours = column[: len(column) // 4 * 4].reshape(-1, 4)
    scale = np.maximum(np.abs(fours).max(axis=1, keepdims=True), 1e-300)
    # The largest float is the most that it says.
    with np.errstate(over="ignore"):
        expected = np.minimum(np.std(fours / scale, axis=1, ddof=1), np.finfo(np.float64).max / scale[:, 0])
    np.testing.assert_allclose(spread.values / scale[:, 0], expected, rtol=1e-9, atol=1e-9)
    assert spread.index.tolist() == list(range(3, len(fours) * 4, 4))


def test_normal_scores_are_those_of_scipy() -> None:
    values = np.random.default_rng(2).lognormal(size=5000)
    scores = NormalScores(NumericReference.learn(values)).of(values, np.arange(5000))
    expected = stats.norm.ppf((stats.rankdata(values) - 0.5) / 5000)
    assert np.abs(scores - expected).max() < 0.15
    assert np.abs(scores - expected)[np.abs(expected) < 2].max() < 0.03


def test_an_atom_is_spread_out_evenly() -> None:
    values = np.where(np.random.default_rng(3).random(20_000) < 0.7, 0.0, 5.0 + np.arange(20_000.0))
    scores = NormalScores(NumericReference.learn(values)).of(values, np.arange(20_000))
    assert stats.kstest(scores, "norm").pvalue > 1e-4


def test_the_budget_is_spent_once() -> None:
    """The rates of all detectors together are that of the model."""
    specs = [parse_spec("glr"), parse_spec("error=adwin"), parse_spec("score=glr:threshold=9")]
    features = [f"f{at}" for at in range(30)]
    names = [
        "error",
        "prediction",
        "score",
        *(f"{kind}:{f}" for f in features for kind in ("feature", "spread", "missing")),
    ]
    lengths = Budget(specs, 1000.0).run_lengths(names, features)
    detectors = {name: 2 if name == "error" else 1 for name in names}
    assert math.isinf(lengths["score"])
    # In predictions: of the spread, each value stands for four.
    each = {name: length * 4 if name.startswith("spread:") else length for name, length in lengths.items()}
    assert math.fsum(detectors[name] / length for name, length in each.items()) == pytest.approx(1 / 1000.0)
    assert lengths["error"] < lengths["prediction"] < lengths["feature:f0"] < lengths["missing:f0"]


def test_what_a_detection_says() -> None:
    rng = np.random.default_rng(4)
    values = rng.lognormal(10.0, 0.3, size=8000)
    values[5000:] *= 1.5
    _, found = _watch(values)
    first = found[0]
    assert 5000 <= first.index < 5060
    assert abs((first.changed_index or 0) - 5000) <= 8
    assert first.direction == "up"
    assert first.before == pytest.approx(values[:5000].mean(), rel=0.01)
    assert first.after == pytest.approx(values[5000:].mean(), rel=0.25)
    assert (first.effect or 0) > 1
    assert first.n_before + first.n_after == first.index + 1


@pytest.mark.parametrize("detector", ["page_hinkley:threshold=50", "glr"])
@pytest.mark.parametrize("phi", [0.0, 0.9])
def test_means_are_among_the_values_though_the_change_is_long_ago(detector: str, phi: float) -> None:
    """A slow rise: what came after its beginning is more than is remembered value by value."""
    ramp = np.clip((np.arange(20_000) - 3000) / 8000, 0.0, 1.0) * 1.5
    values = np.random.default_rng(8).normal(size=20_000) + ramp
    if phi:
        values = _ar(np.random.default_rng(8), phi)[:20_000] + 4 * ramp
    _, found = run(feature_events({"a": 100.0 + values}), detectors=[f"feature:a={detector}"])
    assert found
    for one in found:
        until = 100.0 + values[: one.index + 1]
        assert until.min() <= one.before <= until.max()
        assert until.min() <= one.after <= until.max()
    # Later ones may be found in values that were held for a warm-up, before they are raised.
    first = found[0]
    until = 100.0 + values[: first.index + 1]
    assert first.after == pytest.approx(until[-first.n_after :].mean(), rel=1e-9)
    assert first.before == pytest.approx(until[: -first.n_after].mean(), rel=1e-6)


def test_one_change_in_many_features_is_one_episode() -> None:
    rng = np.random.default_rng(5)
    columns = {name: rng.normal(size=6000) for name in "abc"}
    columns["a"][3000:] += 1.0
    columns["b"][3000:] += 3.0
    pipeline, found = run(feature_events(columns), detectors=["glr"])
    (monitor,) = pipeline.processor.fleet.monitors.values()
    newest = monitor.episodes.newest
    assert newest and monitor.episodes.count == 1
    assert {one.episode for one in found} == {newest.id}
    assert [one.signal for one in newest.ranked][:2] == ["feature:b", "feature:a"]


def test_an_alarm_is_active_until_the_signal_is_back() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=9000)
    values[3000:5000] += 2.0
    signal, found = _watch(values[:5000])
    assert found and signal.active_since is not None
    signal, _ = _watch(values)
    assert signal.active_since is None


@pytest.mark.parametrize("shares", [(0.1, 0.15), (0.02, 0.05), (0.5, 0.42)])
def test_an_alarm_of_a_share_is_active_as_long_as_the_fault_lasts(shares: tuple[float, float]) -> None:
    """Though no distance is above its threshold."""
    rng = np.random.default_rng(8)
    # Each hundred has its share, so that no thousand is nearer to the other by chance.
    usual, wrong = (rng.permuted(np.tile(np.arange(100) < 100 * share, (100, 1)), axis=1).ravel() for share in shares)
    signal, found = _watch(np.concatenate((usual, wrong)), "share")
    assert found and min(one.index for one in found) >= 10_000 and signal.active_since == found[-1].ts
    assert all(each.value <= each.threshold for each in signal.distances().values())
    restored, _ = _watch([], "share")
    restored.restore(json.loads(json.dumps(signal.state())))
    for one in (signal, restored):
        index = np.arange(20_000, 30_000)
        back = one.update(Column(usual.astype(float), index, index.astype(float)))
        assert back[0].after == pytest.approx(shares[0], abs=0.03)
        assert one.active_since is None


def test_a_new_version_goes_on_with_the_features_alone() -> None:
    rng = np.random.default_rng(7)
    columns = {"a": rng.normal(size=1300), "k": rng.choice(["x", "y"], 1300)}
    columns["a"][1250:] += 4.0
    events = feature_events(columns, score=0.5)
    for at, event in enumerate(events):
        event["version"] = "1" if at < 1000 else "2"
    pipeline, found = run(events, detectors=["glr"])
    old, new = pipeline.processor.fleet.monitors.values()
    # It has had 300 predictions, fewer than a warm-up; and yet it knows what is usual.
    assert [one.version for one in found if one.signal == "feature:a"] == ["2"]
    assert new.features["k"].type == "categorical"
    assert not any(runner.is_ready for runner in new.signals["prediction"].detectors.runners.values())
    assert old.signals["feature:a"].detectors.drifts["glr"].count == 0


def test_a_budget_in_time_follows_the_rate() -> None:
    events = [make_prediction(at, ts=1_795_435_200.0 + at / 10, features={"a": at % 7}) for at in range(600)]
    pipeline, _ = run(events, detectors=["glr"], run_seconds=86_400.0)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    assert monitor._rate.run_length == pytest.approx(864_000.0, rel=0.01)


@pytest.mark.parametrize("times", [(0.0,), (9e8, *range(600)), (None,)], ids=["equal", "from the future", "none"])
@pytest.mark.parametrize("batch", [1, 77, 600])
def test_times_that_tell_no_rate_leave_the_run_length_in_events(
    times: Sequence[float | None], batch: int, caplog: pytest.LogCaptureFixture
) -> None:
    monitor = ModelMonitor(KEY, MonitorSettings(run_seconds=86_400.0), lambda *_: None)
    found = [(at, Prediction(str(at), ts, KEY, "yes", {})) for at, ts in zip(range(600), itertools.cycle(times))]
    for start in range(0, 600, batch):
        monitor.update(found[start : start + batch])
    assert monitor._rate.run_length == UNKNOWN_RATE
    (told,) = caplog.messages
    assert told.startswith("m/1: the times of its first 500 predictions tell no rate")
    assert "1e+06 predictions" in told


@pytest.mark.parametrize(
    "values",
    [
        [5.0] * 4000,
        [None] * 4000,
        ["only"] * 4000,
        [f"id-{at}" for at in range(4000)],
        [1e308 if at % 3 else -1e308 for at in range(4000)],
        [float(at) for at in range(4000)],
    ],
    ids=["constant", "missing", "one category", "ids", "1e308", "drifting from the start"],
)
def test_no_endless_alarm(values: list[Any]) -> None:
    _, found = run(feature_events({"a": values}), detectors=["glr"])
    assert len(found) <= 4000 / 500 * 2


def test_a_type_is_told_by_most_of_the_first_values(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    columns = {
        "a": ["n/a", *range(1999)],
        "b": list(range(1000)) + ["x"] * 1000,
        "zip": [10115 + at % 3 for at in range(2000)],
    }
    pipeline, _ = run(feature_events(columns), detectors=["glr"], feature_types={"zip": "categorical"})
    (monitor,) = pipeline.processor.fleet.monitors.values()
    features = monitor.features
    assert {name: counts.type for name, counts in features.items()} == {
        "a": "numeric",
        "b": "numeric",
        "zip": "categorical",
    }
    assert [features[name].violations for name in ("a", "b", "zip")] == [1, 1000, 0]
    assert "feature a of default/default is taken for numeric" in caplog.text
    assert monitor.signals["feature:zip"].kind == "category"


@pytest.mark.parametrize("given", [{}, {"x": "numeric"}])
def test_a_feature_that_turns_to_text_is_told_now_and_then(given: Any, caplog: pytest.LogCaptureFixture) -> None:
    columns = {"x": [at % 7 for at in range(1000)] + ["7.5 EUR"] * 1500, "quiet": [at % 5 for at in range(2500)]}
    run(feature_events(columns), detectors=["glr"], feature_types=given, batch_size=1)
    told = [one for one in caplog.messages if "its values so far" in one]
    assert [int(one.split(" but ")[1].split()[0]) for one in told] == [1, 10, 100, 1000]
    assert told[0] == (
        "feature 'x' of default/default is taken for numeric, but 1 of its values so far are not, and are left out; "
        "--feature-type x=categorical would take it for categorical"
    )


def test_a_feature_that_settles_as_text_has_the_budget_of_then() -> None:
    """Others came while its type was open."""
    rows: list[dict[str, Any]] = [{"k": "xyz"[at % 3]} | ({"late": at % 5} if at > 100 else {}) for at in range(700)]
    events = [make_prediction(at, features=row) for at, row in enumerate(rows)]
    pipeline, _ = run(events, detectors=["glr"], run_length=1e6, batch_size=50)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    signal = monitor.signals["feature:k"]
    expected = Budget([parse_spec("glr")], 1e6).run_length("feature:k", ["k", "late"])
    assert signal.kind == "category"
    assert [one.run_length for one in signal.detectors.runners.values()] == [pytest.approx(expected)]


def test_a_change_in_one_category_makes_no_other_one_known() -> None:
    """A second change soon after the first must not be taken for what is usual since."""
    rng = np.random.default_rng(9)
    first = rng.choice(list("abc"), 3000, p=[0.4, 0.3, 0.3])
    second = rng.choice(list("abc"), 200, p=[0.1, 0.45, 0.45])
    third = rng.choice(list("abcn"), 2000, p=[0.1, 0.35, 0.35, 0.2])
    _, found = _watch(np.concatenate((first, second, third)), "category")
    assert found[0].category == "a" and 3000 <= found[0].index < 3200
    assert [one.category for one in found if one.index >= 3200] == ["(unseen)"]


@pytest.mark.parametrize("detector", ["glr", "adwin"])
def test_with_a_season_a_change_is_told_without_the_hour(detector: str) -> None:
    """The values after a change are of other hours than those before it: their plain means would tell the hour."""
    for seed, change in enumerate(range(4000, 4700, 100)):
        rng, n = np.random.default_rng(seed), np.arange(7000)
        values = 50.0 + 10.0 * (rng.normal(size=7000) + 2.0 * np.sin(2 * np.pi * n / 1440))
        values[change:] += 10.0
        context = SignalContext(season=1440.0)
        signal = SignalMonitor(KEY, "feature:x", "number", {detector: KINDS[detector]()}, context, 100_000.0)
        first = next(one for one in signal.update(Column(values, n, n.astype(float))) if one.index >= change)
        assert first.direction == "up" and 1.0 < first.after - first.before < 25.0
        if detector == "glr":
            assert abs((first.changed_index or 0) - change) <= 16
        else:
            assert first.changed_index is None


def _cycle(amplitude: float, period: float | None, seed: int = 1, shift: float = 0.0) -> list[Detection]:
    """What is found in a daily cycle of 10,000 values, with a shift after twelve days."""
    n = np.arange(140_000)
    values = np.random.default_rng(seed).normal(size=len(n)) + amplitude * np.sin(2 * np.pi * n / 10_000)
    values[120_000:] += shift
    context = SignalContext(season=period)
    signal = SignalMonitor(KEY, "feature:x", "number", {"glr": KINDS["glr"]()}, context, 1_000_000.0)
    return [one for begin in range(0, len(n), 2000) for one in signal.update(_part(values, n, begin))]


def _part(values: Any, n: Any, begin: int) -> Column:
    return Column(values[begin : begin + 2000], n[begin : begin + 2000], n[begin : begin + 2000] * 8.64)


@pytest.mark.parametrize("amplitude", [0.2, 0.5, 1.0, 2.0])
def test_a_season_that_nobody_gave_is_found_out(amplitude: float) -> None:
    """Two days that are alike are enough: from then on it is as quiet as with the period given."""
    assert len([one for one in _cycle(amplitude, 0.0) if one.index > 40_000]) > 20
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
