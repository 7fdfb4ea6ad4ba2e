"""Violations in words: the value that came, and the change that mends it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from typing import Any

from stream_monitor.contract.feature import CategorySchema, FeatureSchema, NumberSchema, TextSchema, is_missing
from stream_monitor.contract.violation import Rule
from stream_monitor.core.feature_values import ABSENT, as_float
from stream_monitor.core.formatting import counted, plain
from stream_monitor.decoding.values import spelled
from stream_monitor.stats.reference import category_name

#: Characters of a value that are shown.
MAX_SHOWN = 60
_WORDS = {None: "null", True: "true", False: "false"}


def received(value: Any) -> str:
    """Return a value in words, on one line, cut where it is long.

    >>> received("41"), received(True), received([1, 2]), received(ABSENT)
    ("the text '41'", 'true', 'a list of 2 values', 'nothing')
    """
    if value is ABSENT:
        return "nothing"
    if value is None or type(value) is bool:
        return _WORDS[value]
    if type(value) is str:
        shown = value if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]}…"
        return f"the text {plain(repr(shown))}"
    if type(value) in (int, float):
        return str(value) if len(str(value)) <= MAX_SHOWN else f"{str(value)[:MAX_SHOWN]}…"
    if isinstance(value, list | tuple):
        return f"a list of {counted(len(value), 'value')}"
    return "an object" if isinstance(value, dict) else f"a {type(value).__name__}"


def fix(schema: FeatureSchema, rule: Rule, value: Any, unknown: Collection[str] = (), name: str = "") -> str:
    """Return the change that mends a violation.

    Args:
        schema: The schema of the feature.
        rule: The rule that is broken.
        value: The value that came.
        unknown: The names of the event's features that the contract does not have.
        name: The name of the feature.
    """
    if rule is Rule.MISSING:
        return _fix_missing(value, unknown, name)
    return _FIXES[rule](schema, value)


def fix_unknown(name: str, absent: Iterable[str]) -> str:
    """Return the change that mends a feature which the contract does not have; ``absent``: those the event lacks."""
    near = difflib.get_close_matches(name, list(absent), n=1)
    return f"rename it to {near[0]}" if near else "leave it out, or add it to the contract"


def _fix_missing(value: Any, unknown: Collection[str], name: str) -> str:
    lowered = {each.lower(): each for each in unknown}
    near = difflib.get_close_matches(name.lower(), list(lowered), n=1)
    if value is ABSENT and near:
        return f"rename {lowered[near[0]]} to {name}"
    return "send a value with every event, or set required: false in the contract"


def _fix_type(schema: FeatureSchema, value: Any) -> str:
    if isinstance(schema, TextSchema) and type(value) in (int, float, bool):
        return f"send {received(value)} in quotes"
    if type(value) is str:
        number = spelled(value.strip())
        if number is not None and schema.broken_by_present(number) is not Rule.TYPE:
            return f"send {received(number)} without quotes"
    if isinstance(value, list | tuple) and len(value) == 1 and schema.broken_by(value[0]) is None:
        return "send the value itself, without a list"
    if isinstance(schema, NumberSchema) and not is_missing(value) and as_float(value) == as_float(value):
        return "round it, or set type: number in the contract"
    single = (
        ", not a list" if isinstance(value, list | tuple) else ", not an object" if isinstance(value, dict) else ""
    )
    return f"send {schema.noun}{single}" + ("" if schema.required else ", or null")


def _fix_range(schema: FeatureSchema, value: Any) -> str:
    assert isinstance(schema, NumberSchema)
    bound = "minimum" if as_float(value) < schema.bounds[0] else "maximum"
    return f"if {received(value)} is right, change the {bound} in the contract"


def _fix_category(schema: FeatureSchema, value: Any) -> str:
    assert isinstance(schema, CategorySchema) and schema.categories
    name = category_name(value)
    spellings = {_folded(each): each for each in schema.categories}
    if _folded(name) in spellings:
        return f"send {spellings[_folded(name)]!r}"
    near = difflib.get_close_matches(name, schema.categories[:1_000], n=1)
    hint = f"send {near[0]!r}, if that is meant" if near else "send one of these"
    return f"{hint}, or add {plain(repr(name[:MAX_SHOWN]))} to the categories in the contract"


def _fix_pattern(schema: FeatureSchema, value: Any) -> str:
    assert isinstance(schema, TextSchema) and schema.compiled
    if schema.compiled.is_in(value.strip()):
        return "send it without the white space around it"
    for change, word in ((str.upper, "upper"), (str.lower, "lower")):
        if schema.compiled.is_in(change(value)):
            return f"send it in {word} case"
    return "send a text that does, or change the pattern in the contract"


def _folded(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


_FIXES: dict[Rule, Callable[[FeatureSchema, Any], str]] = {
    Rule.TYPE: _fix_type,
    Rule.RANGE: _fix_range,
    Rule.CATEGORY: _fix_category,
    Rule.PATTERN: _fix_pattern,
}
