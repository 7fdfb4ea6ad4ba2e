"""Lists, pairs and addresses as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from stream_monitor.config.value_types import parse_address, read_pairs, split_commas, split_list


@pytest.mark.parametrize("wrong", ["", "a", ":1", "a:", "a:x", "a:-1", "a:65536", "a:1:", "a:²"])
def test_no_address(wrong: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        parse_address(wrong)


@pytest.mark.parametrize(("given", "values"), [("a b,c", ["a", "b,c"]), ("", []), (["a b"], ["a b"])])
def test_a_list_by_white_space(given: Any, values: list[str]) -> None:
    assert split_list(given) == values


@pytest.mark.parametrize(("given", "values"), [("a b,c", ["a", "b", "c"]), (["a b", "c, d"], ["a", "b", "c", "d"])])
def test_a_list_by_commas(given: Any, values: list[str]) -> None:
    assert split_commas(given) == values


def test_neither_text_nor_a_list() -> None:
    with pytest.raises(ValueError, match="must be text or a list"):
        split_commas(5)


@pytest.mark.parametrize(
    ("given", "pairs"),
    [("a=1 b=x=y", {"a": "1", "b": "x=y"}), (["a= 1"], {"a": "1"}), ({"a": 1}, {"a": 1}), ("a=", {"a": ""})],
)
def test_pairs(given: Any, pairs: dict[str, Any]) -> None:
    assert read_pairs(given) == pairs


@pytest.mark.parametrize("given", ["a", "=1", ["a=1", "b"]])
def test_what_is_no_pair(given: Any) -> None:
    with pytest.raises(ValueError, match="is not NAME=VALUE"):
        read_pairs(given)
