"""Checks of single events."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stream_monitor.contract.input_contract import InputContract
from stream_monitor.contract.loading import parse
from stream_monitor.contract.violation import Rule

TEXT = """
additional_features: false
features:
  age: {type: integer, minimum: 18, maximum: 99}
  income: {type: number, minimum: 0, required: false}
  member: {type: boolean, required: false}
  country: {type: category, categories: [DE, FR, NO], required: false}
  zip: {type: text, pattern: '^[0-9]{5}$', required: false}
"""
CONTRACT = parse(InputContract, TEXT)
VALID: dict[str, Any] = {"age": 41, "income": 1.5, "member": True, "country": "NO", "zip": "10115"}

#: Values of a feature, the rule that each breaks, and what is said of it.
WRONG: list[tuple[dict[str, Any], Rule, str]] = [
    (
        {"age": "41"},
        Rule.TYPE,
        "age: expected a whole number from 18 to 99, got the text '41'; send 41 without quotes",
    ),
    ({"age": 41.5}, Rule.TYPE, "got 41.5; round it, or set type: number in the contract"),
    ({"age": [41]}, Rule.TYPE, "got a list of 1 value; send the value itself, without a list"),
    ({"age": [41, 2]}, Rule.TYPE, "got a list of 2 values; send a whole number, not a list"),
    ({"age": 120}, Rule.RANGE, "got 120; if 120 is right, change the maximum in the contract"),
    ({"age": 17}, Rule.RANGE, "got 17; if 17 is right, change the minimum in the contract"),
    ({"age": None}, Rule.MISSING, "got null; send a value with every event, or set required: false in the contract"),
    ({"age": float("nan")}, Rule.MISSING, "got nan; send a value with every event"),
    ({"income": "much"}, Rule.TYPE, "expected a number of at least 0, got the text 'much'; send a number, or null"),
    ({"income": {"eur": 1}}, Rule.TYPE, "got an object; send a number, not an object, or null"),
    ({"member": "true"}, Rule.TYPE, "expected true or false, got the text 'true'; send true without quotes"),
    ({"member": 2}, Rule.TYPE, "got 2; send true or false, or null"),
    ({"country": "de"}, Rule.CATEGORY, "country: expected DE, FR or NO, got the text 'de'; send 'DE'"),
    ({"country": "XX"}, Rule.CATEGORY, "send one of these, or add 'XX' to the categories in the contract"),
    ({"country": 7}, Rule.CATEGORY, "got 7; send one of these, or add '7' to the categories"),
    ({"zip": 10115}, Rule.TYPE, "expected a text that matches ^[0-9]{5}$, got 10115; send 10115 in quotes"),
    ({"zip": " 10115"}, Rule.PATTERN, "send it without the white space around it"),
    ({"zip": "D-10115"}, Rule.PATTERN, "send a text that does, or change the pattern in the contract"),
    ({"size": 1}, Rule.UNKNOWN, "size: expected no such feature, got 1; leave it out, or add it to the contract"),
]


def test_a_valid_event_has_no_violation() -> None:
    assert CONTRACT.check(VALID) == []
    assert CONTRACT.check({"age": 18.0}) == []


@pytest.mark.parametrize(("values", "rule", "said"), WRONG)
def test_a_violation_says_what_was_expected_what_came_and_what_mends_it(
    values: dict[str, Any], rule: Rule, said: str
) -> None:
    (found,) = CONTRACT.check({**VALID, **values})
    assert (found.feature, found.rule) == (next(iter(values)), rule)
    assert said in str(found)


def test_a_renamed_feature_is_told() -> None:
    missing, unknown = CONTRACT.check({"Age": 41})
    assert missing.fix == "rename Age to age"
    assert unknown.fix == "rename it to age"


def test_a_text_is_shown_in_part_and_on_one_line() -> None:
    (found,) = CONTRACT.check({"age": "x\n" * 5_000})
    assert len(str(found)) < 300
    assert "\n" not in str(found)


def test_rules_are_bounded_by_the_contract() -> None:
    assert CONTRACT.rules[:3] == (("age", Rule.MISSING), ("age", Rule.TYPE), ("age", Rule.RANGE))
    assert CONTRACT.rules[-1] == ("(others)", Rule.UNKNOWN)


def test_a_serving_layer_loads_neither_client_nor_detectors(tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(TEXT)
    code = (
        "import sys\nfrom stream_monitor import InputContract\n"
        "print(*InputContract.load(sys.argv[1]).check({'age': '41'}), sep='|')\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    said, modules = done.stdout.splitlines()
    assert said == WRONG[0][2]
    heavy = {"kafka", "river", "scipy", "prometheus_client", "rocksdict", "click", "pyarrow"}
    assert not heavy & {name.split(".")[0] for name in modules.split()}


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    import stream_monitor

    with pytest.raises(AttributeError, match="no attribute 'OutputContract'"):
        _ = stream_monitor.OutputContract
