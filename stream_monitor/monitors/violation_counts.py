"""Counts of the violations of the input contract by one model version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from stream_monitor.contract.input_contract import InputContract
from stream_monitor.core.violations import FeatureRule, Violations


class ViolationCounts:
    """Counts the predictions that break each rule of the input contract, and those that break any.

    Attributes:
        rules: The predictions that break each rule, by feature and rule; each rule of the contract is there from the
            start.
        invalid: The predictions with a violation.
    """

    def __init__(self, contract: InputContract | None) -> None:
        self.rules: Counter[FeatureRule] = Counter(
            {(name, rule.value): 0 for name, rule in contract.rules} if contract else {}
        )
        self.invalid = 0

    def add(self, violations: Violations) -> None:
        """Count the violations of the next predictions."""
        self.rules.update(violations.counts())
        self.invalid += int(violations.is_invalid().sum())

    def state(self) -> dict[str, Any]:
        """Return the counts as JSON values, without those of rules that were never broken."""
        return {"rules": [[*rule, count] for rule, count in self.rules.items() if count], "invalid": self.invalid}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned, but for rules that the contract no longer has."""
        self.rules.update({(name, rule): n for name, rule, n in state["rules"] if (name, rule) in self.rules})
        self.invalid = state["invalid"]
