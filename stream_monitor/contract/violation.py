"""Violations of an input contract, and the rules that they break."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Rule(StrEnum):
    """Rules of an input contract: the values of ``feature_violations_total{rule}``."""

    MISSING = "missing"
    TYPE = "type"
    RANGE = "range"
    CATEGORY = "category"
    PATTERN = "pattern"
    UNKNOWN = "unknown"


class Violation(NamedTuple):
    """One value that breaks a rule.

    Attributes:
        feature: The name of the feature.
        rule: The rule.
        expected: The values that are allowed, in words.
        received: The value, in words.
        fix: The change that mends it.

    >>> print(Violation("age", Rule.TYPE, "a number", "the text '41'", "send 41 without quotes"))
    age: expected a number, got the text '41'; send 41 without quotes
    """

    feature: str
    rule: Rule
    expected: str
    received: str
    fix: str

    def __str__(self) -> str:
        return f"{self.feature}: {self.explanation}"

    @property
    def explanation(self) -> str:
        """The violation in words, without the feature."""
        return f"expected {self.expected}, got {self.received}; {self.fix}"
