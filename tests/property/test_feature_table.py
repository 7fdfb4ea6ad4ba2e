"""Tables of features against their plain definition: a column for each name, value by value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.feature_values import ABSENT
from tests.examples import examples

VALUES = st.one_of(
    st.floats(), st.integers(), st.booleans(), st.none(), st.just(10**400), st.just("x"), st.lists(st.just(1))
)
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"a": st.floats() | st.none(), "b": VALUES, "c": VALUES, "": st.just(1)}),
    max_size=6,
)


def _is_category(name: str) -> bool:
    return name == "c"


def _number(value: Any) -> float:
    """Return a value as a finite float, else NaN."""
    try:
        return float(value) if type(value) in (int, float, bool) and math.isfinite(value) else math.nan
    except OverflowError:
        return math.nan


def _plain(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return each feature's column: numbers and presence, or all as received."""
    columns = {
        name: [row.get(name, ABSENT) for row in rows] for name in dict.fromkeys(n for row in rows for n in row)
    }
    plain: dict[str, Any] = {}
    for name, column in columns.items():
        if not _is_category(name) and all(
            value is None or value is ABSENT or type(value) in (int, float, bool) for value in column
        ):
            plain[name] = repr(([_number(value) for value in column], [value is not ABSENT for value in column]))
        else:
            plain[name] = repr(column)
    return plain


def _columns(table: FeatureTable) -> dict[str, str]:
    present = np.ones(table.numbers.shape, bool) if table.present is None else table.present
    numbers = zip(table.names, table.numbers.T.tolist(), present.T.tolist(), strict=True)
    return {name: repr((values, carried)) for name, values, carried in numbers} | {
        name: repr(list(values)) for name, values in table.raw.items()
    }


@given(ROWS)
@settings(max_examples=examples(300))
def test_a_table_is_its_columns(rows: list[dict[str, Any]]) -> None:
    table = FeatureTable.of(rows, _is_category)
    assert _columns(table) == _plain(rows)
    assert len(table) == len(rows)
    assert [table.carried(at) for at in range(len(rows))] == [sorted(row) for row in rows]


@given(ROWS, ROWS)
@settings(max_examples=examples(300))
def test_tables_one_after_the_other(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    both = FeatureTable.of([*one, *other], _is_category)
    parts = []
    for rows in (one, other):
        table = FeatureTable.of(rows, _is_category)
        mixed = {name: [row.get(name, ABSENT) for row in rows] for name in both.raw if name in table.names}
        parts.append(table.as_received(mixed))
    assert _columns(parts[0].followed_by(parts[1])) == _columns(both)


@given(ROWS, st.data())
@settings(max_examples=examples(200))
def test_what_is_left_of_a_table(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    kept = [at for at in range(len(rows)) if data.draw(st.booleans())]
    left = FeatureTable.of(rows, _is_category).take(np.array(kept, np.int64)).without_numbers_in_raw(_is_category)
    expected = FeatureTable.of([rows[at] for at in kept], _is_category)
    found = _columns(left)
    assert {name: found[name] for name in expected.all_names} == _columns(expected)
    assert [left.carried(at) for at in range(len(kept))] == [sorted(rows[at]) for at in kept]
