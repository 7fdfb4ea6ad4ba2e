"""The input contract by columns against its definition event by event; and its JSON Schema and YAML."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from stream_monitor.contract.columns import ColumnValidator
from stream_monitor.contract.feature import (
    BooleanSchema,
    CategorySchema,
    FeatureSchema,
    IntegerSchema,
    NumberSchema,
    TextSchema,
)
from stream_monitor.contract.input_contract import OTHERS, InputContract
from stream_monitor.contract.violation import Rule
from stream_monitor.core.feature_table import FeatureTable
from tests.examples import examples

CATEGORIES = ["DE", "NO", "1", "2.5", "True", "", " de"]
BOUNDS = st.none() | st.integers(-3, 3) | st.floats(-3, 3)
REQUIRED = st.booleans()


def _ordered(kind: type[NumberSchema], required: bool, bounds: tuple[Any, Any]) -> NumberSchema:
    low, high = bounds
    if low is not None and high is not None and low > high:
        low, high = high, low
    return kind(required=required, minimum=low, maximum=high)


NUMBERS = st.builds(_ordered, st.sampled_from([NumberSchema, IntegerSchema]), REQUIRED, st.tuples(BOUNDS, BOUNDS))
CATEGORICAL = st.builds(
    CategorySchema,
    required=REQUIRED,
    categories=st.none() | st.lists(st.sampled_from(CATEGORIES), min_size=1, unique=True).map(tuple),
)
TEXTS = st.builds(TextSchema, required=REQUIRED, pattern=st.sampled_from([None, "^[A-Z]{2}$", "[0-9]"]))
SCHEMAS = NUMBERS | CATEGORICAL | TEXTS | st.builds(BooleanSchema, required=REQUIRED)
CONTRACTS = st.builds(
    InputContract,
    additional_features=st.booleans(),
    features=st.fixed_dictionaries({"a": SCHEMAS}, optional={"b": SCHEMAS, "c": SCHEMAS}),
)
USUAL = st.sampled_from([None, "DE", "NO", 1, 2, 2.5, True])
#: Values that JSON can say.
PLAIN = st.one_of(
    USUAL,
    USUAL,
    st.sampled_from([0, 3.0, -1, False, "41", "1.0", "de", [], [1], {"x": 1}, *CATEGORIES]),
    st.integers(-4, 4) | st.floats(-4, 4),
)
VALUES = PLAIN | st.sampled_from([float("nan"), float("inf"), 10**400, 2**60, 1e300])


def _rows(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    names = dict.fromkeys(("a", "b", "c", "d", "A"), values)
    return st.lists(st.fixed_dictionaries({}, optional=names), min_size=1, max_size=5)


@settings(max_examples=examples(600))
@given(CONTRACTS, _rows(VALUES))
def test_columns_and_events_have_the_same_violations(contract: InputContract, rows: list[dict[str, Any]]) -> None:
    validator = ColumnValidator(contract)
    validated = validator.validate(FeatureTable.of(rows, validator.is_received))
    assert set(validated.violations.rules) <= set(contract.rules)
    for at, row in enumerate(rows):
        found = contract.check(row)
        broken = {(OTHERS if one.rule is Rule.UNKNOWN else one.feature, one.rule) for one in found}
        assert {
            rule for place, rule in enumerate(validated.violations.rules) if validated.violations.broken[at, place]
        } == broken


@settings(max_examples=examples(600))
@given(CONTRACTS, _rows(VALUES))
def test_a_value_of_a_wrong_type_is_null_and_no_other_is(contract: InputContract, rows: list[dict[str, Any]]) -> None:
    validator = ColumnValidator(contract)
    table = FeatureTable.of(rows, validator.is_received)
    found = validator.validate(table).features
    assert _content(table) == _content(FeatureTable.of(rows, validator.is_received))
    typed = [dict(row) for row in rows]
    for row in typed:
        for one in contract.check(row):
            if one.rule is Rule.TYPE:
                row[one.feature] = None
    wanted = FeatureTable.of(typed, validator.is_received)
    assert _content(found) == _content(wanted)


def _content(table: FeatureTable) -> dict[str, Any]:
    """Return the columns of a table by name, with the numbers and what is present of a matrix."""
    present = [[True] * len(table.names)] * len(table) if table.present is None else table.present.tolist()
    numbers = {
        name: [(repr(row[at]), there[at]) for row, there in zip(table.numbers.tolist(), present, strict=True)]
        for at, name in enumerate(table.names)
    }
    return {**numbers, **{name: list(map(repr, column)) for name, column in table.raw.items()}}


@settings(max_examples=examples(600))
@given(CONTRACTS, _rows(PLAIN))
def test_the_json_schema_accepts_what_the_contract_accepts(
    contract: InputContract, rows: list[dict[str, Any]]
) -> None:
    schema = contract.json_schema()
    Draft202012Validator.check_schema(schema)
    for row in rows:
        if any(_is_told_apart_by_json(contract.features.get(name), value) for name, value in row.items()):
            continue
        assert Draft202012Validator(schema).is_valid(row) == (not contract.check(row)), contract.check(row)


def _is_told_apart_by_json(schema: FeatureSchema | None, value: Any) -> bool:
    """Return whether the schema is strict where the contract is not: truth values and numbers."""
    if isinstance(schema, NumberSchema):
        return type(value) is bool
    return isinstance(schema, BooleanSchema) and type(value) in (int, float)
