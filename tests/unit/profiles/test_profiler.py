"""The profile of training data: columns, order and dependence."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_monitor.profiles.column import MAX_COUNTED, SAMPLE, Column, Numbers
from stream_monitor.sources.files import BATCH_SIZE
from stream_monitor.stats.reference import NumericReference
from tests.files import write
from tests.unit.profiles.training import (
    COUNTRIES,
    FLAGS,
    FORMATS,
    INCOMES,
    MAPPED,
    ROWS,
    categorical_of,
    made,
    numeric_of,
    profile_of,
    series,
    timed_rows,
)


@pytest.mark.parametrize("form", FORMATS)
def test_all_formats_give_the_same_profile(tmp_path: Path, form: str) -> None:
    rows = [{k: "" if v is None and form[0] == "c" else v for k, v in row.items()} for row in ROWS]
    path = write(tmp_path / f"x.{form}", rows, form.partition(".")[0])
    profile = made(tmp_path, path, *FLAGS)
    assert list(profile.features) == ["age", "income", "country"]
    expected = profile_of(ROWS, BATCH_SIZE, fields=MAPPED)
    assert profile.model_dump(exclude={"files", "hash"}) == expected.model_dump(exclude={"files", "hash"})
    assert (profile.files, profile.hash) == ([path.name], hashlib.sha256(path.read_bytes()).hexdigest())


def test_numbers_are_those_of_the_column() -> None:
    profile = profile_of(ROWS, fields=MAPPED)
    income = np.array([value for value in INCOMES if value is not None])
    reference = numeric_of(profile.features["income"])
    assert (reference.count, reference.sampled) == (len(income), len(income))
    assert math.isclose(reference.mean, income.mean()) and math.isclose(reference.std, income.std())
    assert (reference.minimum, reference.maximum) == (income.min(), income.max())
    assert np.allclose(reference.shares(income)[1], (income <= income[:, None]).mean(axis=1), atol=0.011)
    assert math.isclose(profile.features["income"].missing_share, 1 - len(income) / len(INCOMES))
    assert profile.missing_share("income") == profile.features["income"].missing_share
    assert profile.missing_share("nobody") is None


def test_categories_are_those_of_the_column() -> None:
    profile = profile_of(ROWS, fields=MAPPED)
    reference = categorical_of(profile.features["country"])
    assert dict(zip(reference.categories, reference.counts, strict=True)) == Counter(COUNTRIES)
    assert reference.is_complete


def test_what_comes_late_was_missing_before() -> None:
    profile = profile_of([{"a": 1}, {"a": 2, "b": 3}, {"b": 4}, {"b": None}], batch=1)
    assert [profile.features[name].missing_share for name in "ab"] == [0.5, 0.5]


def test_every_row_is_in_the_profile_however_it_was_cut() -> None:
    rows = [{"x": float(x), "c": f"c{x % 7:.0f}"} for x in np.random.default_rng(1).normal(size=3000).round(3)]
    profiles = [profile_of(rows, batch) for batch in (1, 999, 3000)]
    for profile in profiles[1:]:
        assert profile.features["c"].model_dump() == profiles[0].features["c"].model_dump()
        ours, theirs = numeric_of(profile.features["x"]), numeric_of(profiles[0].features["x"])
        assert ours.values.tolist() == theirs.values.tolist()
        assert math.isclose(ours.mean, theirs.mean, abs_tol=1e-12) and math.isclose(ours.std, theirs.std)


def test_more_values_than_the_sample_holds() -> None:
    values = np.concatenate((np.linspace(0, 1, 3 * SAMPLE), [9.0]))
    learned = [Numbers(), Numbers()]
    for numbers, parts in zip(learned, (7, 1000), strict=True):
        for part in np.array_split(values, parts):
            numbers.add(part)
    assert learned[0].sample.tolist() == learned[1].sample.tolist()
    assert len(learned[0].sample) == SAMPLE
    reference = learned[0].reference()
    assert (reference.count, reference.sampled) == (len(values), SAMPLE)
    assert (reference.minimum, reference.maximum, reference.values[-1]) == (0.0, 9.0, 9.0)
    x = np.linspace(0, 1, 200)
    assert np.abs(reference.shares(x)[1] - x).max() < 0.015  # 2 / sqrt(50,000), and the knots
    assert NumericReference.restored(reference.state()).state() == reference.state()


def test_a_hundred_thousand_categories_stay_bounded() -> None:
    column = Column()
    for start in range(0, 100_000, 1000):
        column.add([f"c{n}" for n in range(start, start + 1000)] + ["often"] * 500 + ["seldom"] * 20)
        assert len(column.categories.counts) <= MAX_COUNTED
    reference = categorical_of(column.profile(152_000, False))
    assert reference.categories[:2] == ("often", "seldom") and reference.counts[0] == 50_000
    assert reference.count == 152_000 and not reference.is_complete


def test_the_sample_is_fair() -> None:
    """Of rising values, each fifth contributes equally many."""
    numbers = Numbers()
    for part in np.array_split(np.arange(10.0 * SAMPLE), 50):
        numbers.add(part)
    counts = np.histogram(numbers.sample, bins=5, range=(0, 10 * SAMPLE))[0]
    assert np.abs(counts - SAMPLE / 5).max() < 4 * math.sqrt(SAMPLE / 5)


# Order and dependence


def test_rows_in_order_of_time_tell_rate_and_dependence() -> None:
    profile = profile_of(timed_rows())
    assert profile.rate and math.isclose(profile.rate, 4.0)
    slow, noise = profile.features["slow"], profile.features["noise"]
    assert slow.autocorrelation and math.isclose(slow.autocorrelation, 0.9, abs_tol=0.02)
    assert math.isclose(profile.autocorrelation_time("feature:slow"), 19, rel_tol=0.25)
    assert noise.autocorrelation_time and math.isclose(noise.autocorrelation_time, 1, abs_tol=0.15)


@pytest.mark.parametrize("change", [{"ts": 0}, {"ts": None}, {"ts": "soon"}])
def test_without_order_neither_is_known(change: dict[str, Any]) -> None:
    rows = timed_rows()
    rows[2000] |= change
    profile = profile_of(rows)
    assert profile.rate is None
    assert profile.features["slow"].autocorrelation is profile.features["slow"].autocorrelation_time is None
    assert profile.autocorrelation_time("feature:slow") == 1.0


def test_the_dependence_is_that_of_the_first_values_of_many() -> None:
    values = np.array(series(SAMPLE + 5000))
    column = Column()
    for part in np.array_split(values, 40):
        column.add(part.tolist(), is_series=True)
    profile = column.profile(len(values), is_series=True)
    assert profile.autocorrelation_time and math.isclose(profile.autocorrelation_time, 19, rel_tol=0.15)


@pytest.mark.parametrize(
    ("name", "shift", "low", "high"),
    [
        ("step", lambda at: 3.0 * (at > 10_000), 1.0, 1.3),
        ("two steps", lambda at: 3.0 * (at > 5_000) - 5.0 * (at > 12_000), 1.0, 1.3),
        ("trend", lambda at: at / 4_000, 1.0, 1.3),
        ("daily cycle", lambda at: 2.0 * np.sin(at * 2 * np.pi / 1_440), 1.0, 1.6),
        ("step in an autoregression", lambda at: 3.0 * (at > 10_000), 13.0, 22.0),
        ("autoregression", lambda at: 0.0 * at, 16.0, 22.0),
    ],
)
def test_seasons_steps_and_trends_are_no_dependence(name: str, shift: Any, low: float, high: float) -> None:
    noise = np.random.default_rng(5).normal(size=20_000)
    values = np.array(series(20_000)) if "autoregression" in name else noise
    column = Column()
    column.add((values / values.std() + shift(np.arange(20_000))).tolist(), is_series=True)
    found = column.profile(20_000, is_series=True).autocorrelation_time
    assert found and low <= found <= high


def test_two_values_depend_on_each_other_as_they_are() -> None:
    switched = np.repeat([0.0, 1.0] * 50, 20).tolist()
    profile = profile_of([{"x": x, "ts": at} for at, x in enumerate(switched)])
    assert profile.features["x"].autocorrelation and profile.features["x"].autocorrelation > 0.85


def test_a_constant_has_no_dependence() -> None:
    profile = profile_of([{"x": 1, "ts": at} for at in range(500)])
    assert profile.features["x"].autocorrelation_time is None


def test_rows_of_one_moment_have_no_rate() -> None:
    assert profile_of([{"x": n, "ts": 7} for n in range(5)]).rate is None
