"""Contracts of training data: derived, written as YAML, and read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_monitor.contract.derivation import derive
from stream_monitor.contract.feature import BooleanSchema, CategorySchema, IntegerSchema, NumberSchema
from stream_monitor.contract.input_contract import InputContract
from stream_monitor.contract.loading import parse
from stream_monitor.contract.writing import to_yaml
from stream_monitor.core.errors import ConfigError
from stream_monitor.profiles.profile import Profile
from tests.unit.profiles.training import MAPPED, ROWS, profile_of

RNG = np.random.default_rng(3)


def _contract(column: list[Any]) -> tuple[InputContract, Profile]:
    profile = profile_of([{"a": value, "b": 1} for value in column])
    return derive(profile), profile


def test_training_data_keeps_its_own_contract() -> None:
    profile = profile_of(ROWS, fields=MAPPED)
    contract = derive(profile)
    for row in ROWS:
        assert contract.check({name: row[name] for name in contract.features}) == []


#: Columns, and the schemas derived from them.
COLUMNS: dict[str, tuple[list[Any], Any]] = {
    "amounts": ([*RNG.uniform(3, 90, 500).tolist(), 3.0, 90.0], NumberSchema(minimum=0.0, maximum=99.0)),
    "shares": ([*RNG.uniform(0.2, 0.99, 500).tolist(), 0.2, 0.99], NumberSchema(minimum=0.12, maximum=1.0)),
    "an end where values pile up": (
        [*RNG.uniform(-50, 100, 500).tolist(), *[100.0] * 20, -50.0],
        NumberSchema(minimum=-70.0, maximum=100.0),
    ),
    "hours": (list(range(24)) * 20, IntegerSchema(minimum=0, maximum=23)),
    "counts": ([*range(10, 60)], IntegerSchema(minimum=5, maximum=64)),
    "a constant": ([7.5] * 50, NumberSchema(minimum=7.5, maximum=7.5)),
    "flags": ([0, 1] * 20, BooleanSchema()),
    "truth values and null": ([True, False, None] * 20, BooleanSchema(required=False)),
    "categories": (["b", "a", "b", None], CategorySchema(categories=("b", "a"), required=False)),
    "more categories than a profile lists": ([f"c{n}" for n in range(200)], CategorySchema()),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_schema_is_derived_from_a_column(name: str) -> None:
    column, schema = COLUMNS[name]
    assert _contract(column)[0].features["a"] == schema


@pytest.mark.parametrize("name", COLUMNS)
def test_what_is_written_is_read_again(name: str) -> None:
    contract, profile = _contract(COLUMNS[name][0])
    assert parse(InputContract, to_yaml(contract, profile)) == contract


ODD = [
    "NO",
    "on",
    "1",
    "1e3",
    "null",
    "~",
    "",
    " a",
    "a: b",
    "#",
    "é",
    "a\nb",
    "[",
    "'",
    '"',
    "\u2028",
    "-",
    "yes",
    "0x1",
]


def test_odd_names_are_written_so_that_they_are_read_again() -> None:
    names = [*ODD, "y" * 300]
    profile = profile_of([dict.fromkeys(names, value) for value in ODD])
    contract = derive(profile)
    assert list(contract.features) == names
    assert parse(InputContract, to_yaml(contract, profile)) == contract


def test_the_comments_tell_of_the_training_data() -> None:
    text = to_yaml(derive(profile := profile_of(ROWS, fields=MAPPED)), profile)
    assert "# Derived from 2,500 rows of x; it is yours to edit." in text
    assert "    type: integer           # from 18 to 89, mean " in text
    assert "    type: category          # DE 60" in text
    assert "of the training rows have none" in text
    assert max(map(len, text.splitlines())) < 120


def test_a_profile_without_values_gives_no_contract(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no feature of the profile has a value"):
        derive(profile_of([{"a": None}]))
