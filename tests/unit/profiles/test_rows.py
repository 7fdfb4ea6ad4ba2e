"""The fields of an event in training data."""

from __future__ import annotations

import json
import math

import pytest

from stream_monitor.core.records import Record, TextRow
from stream_monitor.profiles.profiler import Profiler
from stream_monitor.stats.reference import CategoricalReference
from tests.unit.profiles.training import (
    INCOMES,
    MAPPED,
    ROWS,
    categorical_of,
    numeric_of,
    profile_of,
)


def test_events_in_the_native_form() -> None:
    event = {
        "id": "r",
        "ts": 5,
        "model": "m",
        "features": {"a": 1},
        "prediction": "yes",
        "score": {"yes": 0.7, "no": 0.3},
    }
    profiler = Profiler()
    profiler.add([Record("x", at, json.dumps(event | {"ts": at}).encode()) for at in range(4)])
    profile = profiler.profile([], "")
    assert list(profile.features) == ["a"]
    assert categorical_of(profile.prediction).categories == ("yes",)
    assert (numeric_of(profile.score).mean, profile.label, profile.rate) == (0.7, None, 1.0)


def test_flat_json_has_features_too() -> None:
    profiler = Profiler({"label": "y"})
    profiler.add([Record("x", 0, b'{"a": 1, "b": "x", "y": 1, "c": NaN}')])
    profile = profiler.profile([], "")
    assert list(profile.features) == ["a", "b", "c"]
    assert categorical_of(profile.label).categories == ("1",)


def test_features_may_be_deeper_down() -> None:
    profiler = Profiler({"features": "input.values", "label": "output.class"})
    profiler.add([Record("x", 0, b'{"input": {"values": {"a": 1}}, "output": {"class": 1.0}}')])
    assert list(profiler.profile([], "").features) == ["a"]


@pytest.mark.parametrize("text", [False, True])
def test_classes_are_one_however_they_are_spelled(text: bool) -> None:
    values = ["1", "1.0", "0", "yes", None, "nan"] if text else [1, 1.0, 0, "yes", None, float("nan")]
    kind = TextRow if text else dict
    profile = profile_of([kind({"a": "1" if text else 1, "label": value}) for value in values])
    reference = categorical_of(profile.label)
    assert dict(zip(reference.categories, reference.counts, strict=True)) == {"1": 2, "0": 1, "yes": 1}
    assert profile.label and math.isclose(profile.label.missing_share, 1 / 3)


def test_a_regression_has_moments() -> None:
    rows = [TextRow({"a": "1", "y": "2.5", "p": "3"}), TextRow({"a": "1", "y": "3.5", "p": None})]
    profile = profile_of(rows, fields={"label": "y", "prediction": "p"}, task="regression")
    assert (numeric_of(profile.label).mean, numeric_of(profile.prediction).count) == (3.0, 1)


def test_what_a_signal_is_compared_with() -> None:
    rows = [{**row, "score": 0.5, "prediction": "yes"} for row in ROWS]
    profile = profile_of(rows, fields=MAPPED)
    assert profile.reference("feature:age") is profile.features["age"].numeric
    assert profile.reference("feature:country") is profile.features["country"].categorical
    assert profile.reference("score") is numeric_of(profile.score)
    assert profile.reference("prediction") is categorical_of(profile.prediction)
    gaps = sum(income is None for income in INCOMES)
    missing = profile.reference("missing:income")
    assert isinstance(missing, CategoricalReference)
    assert dict(zip(missing.categories, missing.counts, strict=True)) == {"0": len(ROWS) - gaps, "1": gaps}
    for other in ("spread:age", "error", "feature:nobody", "missing:nobody", "age", ""):
        assert profile.reference(other) is None
        assert profile.autocorrelation_time(other) == 1.0
