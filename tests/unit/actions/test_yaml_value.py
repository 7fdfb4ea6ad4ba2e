"""A value of a YAML file is replaced, and every other byte stays."""

from __future__ import annotations

import pytest
import yaml

from stream_monitor.actions.yaml_value import MAX_BYTES, YamlValue, YamlValueError


@pytest.mark.parametrize(
    ("content", "key", "new", "expected"),
    [
        ("a: {b: 3} # x\r\nc: 'q'\r\n", "a.b", "4", "a: {b: 4} # x\r\nc: 'q'\r\n"),
        ("a: v3\n", "a", "v4", "a: v4\n"),
        ("a: v3\n", "a", "4", 'a: "4"\n'),
        ("a: 3\n", "a", "v4", "a: v4\n"),
        ("a: 1.9\n", "a", "1.10", 'a: "1.10"\n'),
        ("a: 3\n", "a", "null", 'a: "null"\n'),
        ("a: 3\n", "a", "x: y # z", 'a: "x: y # z"\n'),
        ("a: 3\n", "a", "4\nb: 5", 'a: "4\\nb: 5"\n'),
        ("a: 2026-11-01\n", "a", "2026-99-01", 'a: "2026-99-01"\n'),
        ("a: 'it''s'   # x\n", "a", "that's", "a: 'that''s'   # x\n"),
        ('a: "3"\n', "a", '4"', 'a: "4\\""\n'),
        ("l:\n- n: x\n  v: 3\n", "l.0.v", "4", "l:\n- n: x\n  v: 4\n"),
        ("a: 3\n---\nb: 3\n...\n", "b", "4", "a: 3\n---\nb: 4\n...\n"),
        ("x.io/v: 3\n", "x\\.io/v", "4", "x.io/v: 4\n"),
        ("\ufeffä: 3", "ä", "4", "\ufeffä: 4"),
    ],
)
def test_one_value_is_replaced(content: str, key: str, new: str, expected: str) -> None:
    value = YamlValue(content.encode(), key)
    assert value.replaced(new).decode() == expected
    assert YamlValue(value.replaced(new), key).text == new
    assert str(list(yaml.safe_load_all(expected))[-1]).count(new.splitlines()[0]) >= 1


@pytest.mark.parametrize(
    ("content", "key", "problem"),
    [
        ("a: 3\n", "b", "has no key b"),
        ("a: 3\n", "a.b", "has no key a.b"),
        ("a: [3]\n", "a.1", "has no key a.1"),
        ("a: 3\na: 4\n", "a", "has the key a 2 times"),
        ("a: 3\n---\na: 4\n", "a", "has the key a 2 times"),
        ("a:\nb: 3\n", "a", "has no value at a"),
        ("a: {b: 3}\n", "a", "has no value at a"),
        ("a: &x 3\nb: *x\n", "a", "anchor"),
        ("a: &x {c: 3}\nb: *x\n", "b.c", "alias"),
        ("a: !!str 3\n", "a", "tag"),
        ("a: |\n  3\n", "a", "block"),
        ("a: {\n", "a", "is no YAML"),
        ("[" * 5_000, "a", "nested too deeply"),
        ("a: 3\n" + "#" * MAX_BYTES, "a", "allowed: 1,048,576"),
    ],
)
def test_what_can_not_be_replaced_is_told(content: str, key: str, problem: str) -> None:
    with pytest.raises(YamlValueError, match=problem):
        YamlValue(content.encode(), key)


def test_bytes_that_are_no_text_are_told() -> None:
    with pytest.raises(YamlValueError, match="is no YAML"):
        YamlValue(b"a: \xff\n", "a")
