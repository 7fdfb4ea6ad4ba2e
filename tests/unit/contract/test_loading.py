"""Contracts as files: what can be read, and one line for what can't."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream_monitor.contract.feature import CategorySchema, NumberSchema
from stream_monitor.contract.input_contract import InputContract
from stream_monitor.contract.loading import parse
from stream_monitor.core.errors import ConfigError

#: Contracts that can't be, each with what is said of it.
WRONG = {
    "": "is empty; make one with stream-monitor contract",
    "# only a comment": "is empty",
    "- a": "holds a list; allowed: keys with values",
    "features: {}": "features: a dict; allowed: at least one feature with its type",
    "contract: 1": "features: nothing; allowed: at least one feature with its type",
    "features: [age]": "features: a list; allowed: at least one feature",
    "contract: 2\nfeatures: {a: {type: number}}": "contract: 2 is an unknown version; allowed: 1",
    "contract: true\nfeatures: {a: {type: number}}": "contract: True is an unknown version; allowed: 1",
    "feature: {a: {type: number}}": "unknown key 'feature'; did you mean features?",
    "features: {age: number}": "age: 'number'; allowed: keys such as type: number",
    "features: {age: {minimum: 1}}": "age: has no type; allowed: number, integer, boolean, category, text",
    "features: {age: {type: float}}": "age: type: 'float'; allowed: number, integer, boolean, category, text",
    "features: {age: {type: number, minimun: 1}}": "age: unknown key 'minimun'; did you mean minimum?",
    "features: {a: {type: category, minimum: 1}}": "a: unknown key 'minimum'; allowed for the type category: type",
    "features: {age: {type: number, minimum: 99, maximum: 18}}": "age: maximum 18 is below minimum 99; allowed: the",
    "features: {age: {type: number, minimum: '1'}}": "age: minimum: '1' must be a valid number",
    "features: {age: {type: number, minimum: .nan}}": "age: minimum: nan must be a finite number",
    "features: {age: {type: integer, required: perhaps}}": "age: required: 'perhaps' must be a valid boolean",
    "features: {c: {type: category, categories: []}}": "c: categories: a list of 0 values; allowed: 1 to 10,000",
    "features: {c: {type: category, categories: DE}}": "c: categories: 'DE' must be a valid tuple",
    "features: {c: {type: category, categories: [[DE]]}}": "c: categories: must be texts, numbers or truth values",
    "features: {t: {type: text, pattern: '('}}": "pattern: '(' is not a pattern that can be matched: unclosed",
    r"features: {t: {type: text, pattern: '(a)\1'}}": "backreferences are not supported",
    "features: {t: {type: text, pattern: 'a{1000}{1000}'}}": "exceeds size limit",
    "features: {t: {type: text, pattern: "
    + "a" * 1001
    + "}}": "a pattern of 1,001 characters; allowed: at most 1,000",
    "features: {a: {type: number}, a: {type: text}}": "is not YAML: the key 'a' is there twice in",
    "features: [": "is not YAML: while parsing a flow node",
    "features: {? [a] : 1}": "is not YAML: a key must be a text",
}


@pytest.mark.parametrize(("text", "said"), WRONG.items())
def test_one_line_says_what_came_and_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        InputContract.load(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert said in message
    assert "\n" not in message


def test_files_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"can't read .*: No such file"):
        InputContract.load(tmp_path / "none.yaml")
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not a text in UTF-8"):
        InputContract.load(str(tmp_path / "x"))


def test_norway_is_a_text_and_categories_are_named_as_their_values_are() -> None:
    found = parse(InputContract, "features: {1: {type: category, categories: [NO, on, 1, 2.0, 2026-11-28]}}")
    schema = found.features["1"]
    assert isinstance(schema, CategorySchema)
    assert schema.categories == ("NO", "on", "1", "2", "2026-11-28")
    assert found.check({"1": 2}) == []


def test_numbers_in_every_spelling() -> None:
    found = parse(InputContract, "features: {a: {type: number, minimum: -1.5e1, maximum: +.5}}")
    schema = found.features["a"]
    assert isinstance(schema, NumberSchema)
    assert schema.bounds == (-15.0, 0.5)
