"""A tally of the violations in rows of a file, with the first example of each rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.contract.columns import ColumnValidator
from stream_monitor.contract.input_contract import OTHERS, InputContract
from stream_monitor.contract.violation import Rule, Violation
from stream_monitor.core.events import Features
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.violations import FeatureRule


class Example(NamedTuple):
    """The first violation of a rule.

    Attributes:
        row: Its row, from 1 on.
        violation: The violation.
    """

    row: int
    violation: Violation


class Tally:
    """Counts the rows that break each rule of a contract.

    Attributes:
        rows: Rows so far.
        invalid: Rows with a violation.
        counts: Rows that break each rule.
        examples: The first violation of each rule that is broken.

    >>> from stream_monitor.contract.feature import NumberSchema
    >>> tally = Tally(InputContract(features={"age": NumberSchema(maximum=99)}))
    >>> tally.add([{"age": 41}, {"age": 120}])
    >>> tally.invalid, tally.examples["age", "range"].row
    (1, 2)
    """

    def __init__(self, contract: InputContract) -> None:
        self._contract, self._validator = contract, ColumnValidator(contract)
        self.rows = self.invalid = 0
        self.counts: Counter[FeatureRule] = Counter(dict.fromkeys(contract.rules, 0))
        self.examples: dict[FeatureRule, Example] = {}

    def add(self, rows: Sequence[Features]) -> None:
        """Count the violations in the features of the next rows."""
        table = FeatureTable.of(rows, self._validator.is_received)
        violations = self._validator.validate(table).violations
        self.counts.update(violations.counts())
        self.invalid += int(violations.is_invalid().sum())
        for place, rule in enumerate(violations.rules):
            if rule not in self.examples and violations.broken[:, place].any():
                at = int(np.argmax(violations.broken[:, place]))
                self.examples[rule] = Example(self.rows + at + 1, violation_of(self._contract, rows[at], rule))
        self.rows += len(rows)


def violation_of(contract: InputContract, features: Features, rule: FeatureRule) -> Violation:
    """Return the first violation of a rule in an event that has one."""
    return next(one for one in contract.check(features) if rule in ((one.feature, one.rule), _of_others(one)))


def _of_others(violation: Violation) -> FeatureRule | None:
    """Return the rule of features that the contract does not have, if it is broken."""
    return (OTHERS, Rule.UNKNOWN) if violation.rule is Rule.UNKNOWN else None
