"""Groups of predictions: their flags, and the value that each prediction has."""

from __future__ import annotations

import random
from typing import Any

import pytest

from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import ModelVersion, Prediction
from stream_monitor.performance.groups import MAX_VALUE_LENGTH, Grouping, SubgroupReader, split_subgroup

KEY = ModelVersion("m", "1")
SEX, AGE = Grouping.parse("sex", "groups.sex"), Grouping.parse("age", "features.age:30,50")


def _read(events: list[Prediction], *groupings: Grouping) -> list[dict[str, str]]:
    batch = SubgroupReader(groupings).read(PredictionBatch.of(range(len(events)), events))
    return [dict(split_subgroup(subgroup)) for subgroup in batch.subgroups or ()]


def _event(features: dict[str, Any], groups: dict[str, str] | None = None) -> Prediction:
    return Prediction("r", 0.0, KEY, "yes", features, groups=groups)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("groups.sex", ("groups", "sex", ())),
        ("features.age:30,50", ("features", "age", (30.0, 50.0))),
        ("features.a.b", ("features", "a.b", ())),
        ("groups.n:-1.5", ("groups", "n", (-1.5,))),
    ],
)
def test_a_path_is_read(path: str, expected: tuple[str, str, tuple[float, ...]]) -> None:
    found = Grouping.parse("x", path)
    assert (found.part, found.field, found.edges) == expected


@pytest.mark.parametrize(
    ("name", "path", "told"),
    [
        ("sex", "sex", "'sex' is no path"),
        ("sex", "groups.", "is no path"),
        ("sex", "prediction.x", "is no path"),
        ("a&b", "groups.sex", "letters, digits"),
        ("age", "features.age:old", "'old' are no numbers"),
        ("age", "features.age:30,,50", "are no numbers"),
        ("age", "features.age:50,30", "rising numbers"),
        ("age", "features.age:" + ",".join(map(str, range(20))), "19 at most"),
    ],
)
def test_a_wrong_path_is_one_line(name: str, path: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as raised:
        Grouping.parse(name, path)
    assert "\n" not in str(raised.value)


def test_values_come_from_groups_and_from_features_in_bins() -> None:
    events = [
        _event({"age": 29.9}, {"sex": "f"}),
        _event({"age": 30}, {"sex": "m", "other": "x"}),
        _event({"age": 50.0}, {}),
        _event({"age": None}, None),
        _event({}, {"sex": ""}),
        _event({"age": "31"}, {"sex": "f"}),
        _event({"age": [1]}, {"sex": "f"}),
    ]
    found = _read(events, SEX, AGE)
    assert [row.get("sex") for row in found] == ["f", "m", None, None, None, "f", "f"]
    assert [row.get("age") for row in found] == ["<30", "[30,50)", ">=50", None, None, "[30,50)", None]


def test_equal_values_are_one_group_whatever_the_other_rows_of_the_batch() -> None:
    """A column of numbers alone is a matrix's, one with text is as received; the groups are the same."""
    values: list[Any] = [1, 1.0, True, "1", 2.5, None, 10**400, float("nan"), "x" * 100, "a\x1fb", 2**60]
    grouping = Grouping.parse("v", "features.v")
    single = [_read([_event({"v": value})], grouping)[0].get("v") for value in values]
    assert single == ["1", "1", "1", "1", "2.5", None, None, None, "x" * MAX_VALUE_LENGTH, "a b", str(2**60)]
    for seed in range(20):
        order = random.Random(seed).sample(range(len(values)), len(values))
        found = _read([_event({"v": values[at]}) for at in order], grouping)
        assert [row.get("v") for row in found] == [single[at] for at in order]


def test_without_groups_a_batch_is_left_as_it_is() -> None:
    batch = PredictionBatch.of([0], [_event({"age": 1.0})])
    assert SubgroupReader([]).read(batch) is batch
