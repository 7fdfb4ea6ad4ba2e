"""The types of columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.decoding.values import read_cell
from stream_monitor.profiles.column import split
from stream_monitor.profiles.findings import findings
from stream_monitor.profiles.rows import cells
from stream_monitor.signals.columns import feature_columns
from tests.unit.profiles.training import (
    MAPPED,
    ROWS,
    categorical_of,
    numeric_of,
    profile_of,
    profiler_of,
)

JSON_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**400), 10**400), st.floats(), st.text(max_size=3), st.just([1])
)
CELLS = st.one_of(
    st.none(),
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(
        ("1_000", "inf", "-Infinity", "NaN", "1e999", "true", "False", "x", "٣", "1.", ".5", "+1e-3", "0x1")
    ),
)


@given(st.lists(JSON_VALUES, max_size=12))
@settings(max_examples=400, deadline=None)
def test_a_column_is_split_as_the_monitor_does(column: list[Any]) -> None:
    found = split(column)
    (theirs,) = feature_columns(FeatureTable.of([{"x": value} for value in column]), ["x"]).values()
    assert found.numbers.tolist() == theirs.values[np.isfinite(theirs.values)].tolist()
    assert (len(found.texts), found.other) == (theirs.text, theirs.other)


@given(st.lists(CELLS, min_size=1, max_size=8))
@settings(max_examples=400, deadline=None)
def test_cells_are_read_as_the_codec_does(column: list[str | None]) -> None:
    column = [None if cell is None else cell.strip() or None for cell in column]
    ours = [value for value in cells(column) if value is not None]
    theirs = [value for value in map(read_cell, column) if value is not None]
    assert [(type(value), value) for value in ours] == [(type(value), value) for value in theirs]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2.5, None], "numeric"),
        (["a", None, "b"], "categorical"),
        ([True, False], "numeric"),
        ([1, 2, "x"], "numeric"),
        (["x", "y", 1], "categorical"),
        ([1, "x"], "numeric"),
        ([None, float("nan"), float("inf")], None),
        ([[1], {"a": 1}], None),
    ],
)
def test_the_type_is_that_of_most_values(values: list[Any], expected: str | None) -> None:
    profile = profile_of([{"x": value} for value in values])
    assert profile.features["x"].type == profile.feature_type("x") == expected


def test_values_of_the_other_type_are_counted_and_told() -> None:
    profiler = profiler_of([{"x": 1}, {"x": 2}, {"x": "n/a"}, {"x": [1]}, {"x": None}])
    column = profiler.profile([], "").features["x"]
    assert (column.other, column.missing_share, numeric_of(column).count) == (2, 0.2, 2)
    assert findings(profiler) == [
        "'x' is numeric: its 1 value that is text is left out; --feature-type overrides this",
        "'x' has 1 value that is neither number nor text: left out",
    ]


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_numbers_in_a_column_of_text_are_categories(batch: int) -> None:
    """Also those that came before the first text."""
    values = [7, 7, "a", 7, "b", "a", "a", None]
    profiler = profiler_of([{"x": value} for value in values], batch)
    reference = categorical_of(profiler.profile([], "").features["x"])
    assert dict(zip(reference.categories, reference.counts, strict=True)) == {"7": 3, "a": 3, "b": 1}
    assert "its 3 numbers are taken as such" in findings(profiler)[0]


def test_a_given_type_holds() -> None:
    rows = [{"zip": 10115, "size": "L"}, {"zip": 10115.0, "size": 3}, {"zip": "A1", "size": 4}]
    profiler = profiler_of(rows, types={"zip": "categorical", "size": "numeric"})
    profile = profiler.profile([], "")
    assert dict(
        zip(
            categorical_of(profile.features["zip"]).categories,
            categorical_of(profile.features["zip"]).counts,
            strict=True,
        )
    ) == {"10115": 2, "A1": 1}
    assert (numeric_of(profile.features["size"]).count, profile.features["size"].other) == (2, 1)
    assert findings(profiler) == ["'size' is numeric: its 1 value that is text is left out"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"x": n} for n in range(200)], "rises from row to row"),
        ([{"x": f"id-{n}"} for n in range(2000)], "too many different values to be compared"),
        ([{"x": f"c{n % 150}"} for n in range(9000)], "has 150 categories: the 100 most frequent"),
        ([{"x": "a" if n % 2 else f"c{n}"} for n in range(30_000)], "more than 5,000 categories"),
        ([{"x": None, "y": 2}], "'x' has no value in any row"),
        ([{"x": 1, "id": 3, "model": "golf"}], "not features: id, model"),
        ([{"x": 1, "ts": 3}, {"x": 2, "ts": "soon"}], "1 row has no time"),
        ([{"x": 1, "ts": 3}, {"x": 2, "ts": 2}], "not in order of time"),
    ],
)
def test_what_is_odd_is_told(rows: list[dict[str, Any]], expected: str) -> None:
    profiler = profiler_of(rows)
    profiler.profile([], "")
    assert any(expected in line for line in findings(profiler))


def test_what_is_as_it_should_be_is_not_told() -> None:
    profiler = profiler_of(ROWS, fields=MAPPED)
    profiler.profile([], "")
    assert findings(profiler) == []
