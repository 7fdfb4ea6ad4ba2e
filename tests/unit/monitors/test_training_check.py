"""Signals against the training data: what is told, when, and that the same data are not told to differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.records import Record
from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors.training import make_training
from stream_monitor.monitors.training_check import NO_DAY, TrainingCheck
from stream_monitor.profiles.profiler import Profiler
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.training_verdict import Verdict

KEY = ModelVersion("m", "1")
COUNT = 5000


def _check(train: Sequence[Any], *, has_times: bool = False, kind: Any = "number") -> tuple[TrainingCheck, Any]:
    """Return the check of a feature with these training data, and the encoder of its categories."""
    profiler, categories = Profiler(), CategoryEncoder() if kind == "category" else None
    rows = [{"features": {"x": value}, **({"ts": 60.0 * at} if has_times else {})} for at, value in enumerate(train)]
    profiler.add([Record("rows", at, row) for at, row in enumerate(rows)])
    name = "missing:x" if kind == "share" else "feature:x"
    training = make_training(profiler.profile([], ""), name, kind, categories)
    assert training
    return TrainingCheck(training, KEY, name), categories


def _feed(check: TrainingCheck, values: Floats, seconds: float = np.nan, cuts: Sequence[int] = ()) -> list[Detection]:
    """Feed all values, in parts; return the skews that are told."""
    found: list[Alarm] = []
    history = np.empty(0)
    for begin, end in pairwise((0, *cuts, len(values))):
        index = np.arange(begin, end)
        history = np.concatenate((history[-1000:], values[begin:end]))
        found += check.update(Column(values[begin:end], index, index * seconds), history, begin, ())
    return [each.detection for each in found]


def _verdict(train: Any, production: Any, **options: Any) -> Verdict:
    check, categories = _check(list(train), **options)
    values = categories.column(list(production)) if categories else np.asarray(production, float)
    told = _feed(check, values)
    assert [one.kind for one in told] == (["skew"] if check.verdict.verdict == "shifted" else [])
    return check.verdict


def _normal(seed: int, count: int = COUNT) -> Floats:
    return np.random.default_rng(seed).normal(size=count)


def test_values_that_are_the_same_are_told_to_be() -> None:
    found = [_verdict(_normal(seed), _normal(100 + seed)) for seed in range(30)]
    assert {each.verdict for each in found} == {"same"}
    assert all(each.value <= each.threshold for each in found)


def test_a_shift_by_a_standard_deviation_is_told_once_after_500_values() -> None:
    check, _ = _check(_normal(1).tolist())
    (one,) = _feed(check, _normal(2) + 1.0)
    assert (one.index, one.kind, one.signal, one.detector) == (499, "skew", "feature:x", "profile")
    assert one.before == pytest.approx(0.0, abs=0.05) and one.after == pytest.approx(1.0, abs=0.1)
    assert one.effect == pytest.approx(1.0, abs=0.2)
    verdict = check.verdict
    assert verdict.verdict == "shifted" and verdict.is_skew and verdict.values == 4000
    assert verdict.measure == "kolmogorov_smirnov" and verdict.value == pytest.approx(0.38, abs=0.03)


def test_a_significant_difference_that_is_tiny_is_the_same() -> None:
    found = _verdict(_normal(1, 50_000), _normal(2, 64_000) + 0.05)
    assert found.verdict == "same" and found.threshold == pytest.approx(0.0399, abs=1e-3)


@pytest.mark.parametrize(
    ("train", "production"),
    [
        (np.full(COUNT, 2015), np.full(COUNT, 2016)),
        (np.full(COUNT, 3), _normal(1)),
        (_normal(1), np.zeros(COUNT)),
        (np.random.default_rng(1).random(COUNT) < 0.01, np.random.default_rng(2).random(COUNT) < 0.04),
        (np.random.default_rng(1).random(COUNT) < 0.5, np.ones(COUNT)),
        (_normal(1), np.where(np.arange(COUNT) % 30 == 0, -999.0, _normal(2))),
        (_normal(1), 1.5 * _normal(2)),
        (_normal(1) * 1e307, _normal(2) * 1e307 + 3e307),
        (np.where(np.arange(COUNT) % 10, 0.0, _normal(1) ** 2), np.where(np.arange(COUNT) % 10, 0.0, 5.0)),
    ],
)
def test_differences_of_numbers(train: Any, production: Any) -> None:
    assert _verdict(train.astype(float).tolist(), production).verdict == "shifted"


def test_a_new_category_is_named() -> None:
    found = _verdict(["EUR"] * COUNT, ["USD"] * COUNT, kind="category")
    assert found.verdict == "shifted"
    assert [tuple(each) for each in found.parts] == [("EUR", 1.0, 0.0), ("USD", 0.0, 1.0)]
    rng = np.random.default_rng(1)
    some = _verdict(
        rng.choice(["a", "b"], COUNT).tolist(),
        rng.choice(["a", "b", "c"], COUNT, p=(0.48, 0.48, 0.04)),
        kind="category",
    )
    assert some.verdict == "shifted" and some.parts[0].name == "c"


def test_the_share_of_missing_values() -> None:
    rng = np.random.default_rng(1)
    train = [None if missing else 1.0 for missing in rng.random(COUNT) < 0.02]
    assert _verdict(train, rng.random(COUNT) < 0.08, kind="share").verdict == "shifted"
    same = _verdict(train, rng.random(COUNT) < 0.02, kind="share")
    assert same.verdict == "same" and same.before == pytest.approx(0.02, abs=0.01)


def test_few_values_are_not_enough() -> None:
    assert _verdict(_normal(1, 30), _normal(2)).verdict == "not enough data"
    check, _ = _check(_normal(1).tolist())
    _feed(check, _normal(2, 400))
    assert check.verdict_after(400) == Verdict(values=400)
    assert _verdict(_normal(1, 300), _normal(2)).verdict == "same"


def test_of_values_that_depend_on_each_other_the_independent_number_counts() -> None:
    def series(seed: int) -> Floats:
        found = [0.0]
        for step in np.random.default_rng(seed).normal(size=COUNT - 1).tolist():
            found.append(0.9 * found[-1] + step)
        return np.array(found)

    found = [_verdict(series(seed), series(100 + seed)) for seed in range(20)]
    assert "shifted" not in {each.verdict for each in found}
    assert all(each.effective < 400 for each in found)


def test_a_window_within_a_cycle_is_not_enough() -> None:
    def cycle(seed: int, count: int, begin: int) -> Floats:
        return np.sin((begin + np.arange(count)) / 2880 * 2 * np.pi) * 1.5 + _normal(seed, count)

    for begin in range(0, 2880, 360):
        early = _verdict(cycle(1, 40_000, 0), cycle(2, 1500, begin))
        assert early.verdict == "not enough data"
    check, _ = _check(cycle(1, 40_000, 0).tolist())
    _feed(check, cycle(2, 40_000, 700))
    assert check.verdict.verdict != "shifted"


def test_a_level_that_has_left_the_training_data_since_is_told() -> None:
    """Values that rise slowly, as with the time of year: all of them together are half inside."""
    training = np.cumsum(_normal(1, 20_000)) / 100.0
    rising = np.linspace(np.median(training), training.max() + 1.0, 16_000)
    found = _verdict(training, rising)
    # Its figures are those of the newest window, which it was found in.
    assert found.verdict == "shifted" and found.values == 1000
    assert found.after == pytest.approx(rising[-1000:].mean()) and found.parts[0].after == 1.0
    assert _verdict(training, rising[:8000]).verdict == "not enough data"


def test_without_times_in_the_training_data_a_difference_in_its_range_waits_for_a_day() -> None:
    check, _ = _check(_normal(1).tolist())
    (one,) = _feed(check, _normal(2) + 1.0, seconds=60.0)
    assert one.index == 1999
    quick, _ = _check(_normal(1).tolist())
    assert _feed(quick, _normal(2) + 1.0, seconds=1.0) == []
    assert quick.verdict.verdict == "not enough data" and quick.verdict.reason == NO_DAY
    timed, _ = _check(_normal(1).tolist(), has_times=True)
    assert _feed(timed, _normal(2) + 1.0, seconds=1.0)[0].index == 499
    outside, _ = _check(_normal(1).tolist())
    assert _feed(outside, _normal(2) + 9.0, seconds=1.0)[0].index == 499


def test_after_a_drift_values_are_compared_anew_and_no_skew_is_told() -> None:
    check, _ = _check(_normal(1).tolist())
    values = np.concatenate((_normal(2, 1200), _normal(3, 3000) + 2.0))
    index = np.arange(len(values))
    drift = Alarm(1299, Detection(1299, None, *KEY, "feature:x", "glr", 0.0, 2.0))
    assert check.update(Column(values, index, index * np.nan), values, 0, [drift]) == []
    assert check.verdict.verdict == "shifted" and not check.verdict.is_since_start
    assert check.verdict.values == 2000 and check.verdict.after == pytest.approx(2.0, abs=0.2)


def test_the_result_does_not_depend_on_cuts_or_a_restart() -> None:
    values, rng = _normal(2, 9000) + 0.12, np.random.default_rng(4)
    whole, _ = _check(_normal(1).tolist())
    told = _feed(whole, values)
    for _ in range(5):
        parts, _ = _check(_normal(1).tolist())
        assert _feed(parts, values, cuts=sorted(rng.integers(1, 8999, 40).tolist())) == told
        assert json.dumps(parts.state()) == json.dumps(whole.state())
    again, _ = _check(_normal(1).tolist())
    again.restore(json.loads(json.dumps(whole.state())), 9000)
    assert json.dumps(again.state()) == json.dumps(whole.state())
    other, _ = _check(_normal(7).tolist())
    other.restore(whole.state(), 9000)
    assert other.verdict_after(9100) == Verdict(values=100)
