"""Violations of an input contract in a batch of predictions, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stream_monitor.core.arrays import Bools, Floats
from stream_monitor.core.sequences import Rows

#: A feature and the rule that its values may break.
FeatureRule = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Violations:
    """Violations in n predictions.

    Attributes:
        rules: The rules that are broken, each with its feature; those that no prediction breaks may be left out.
        broken: True where a prediction breaks a rule, shape (n, len(rules)).

    >>> found = Violations([("age", "range")], np.array([[True], [False]]))
    >>> found.counts(), found.is_invalid()
    ({('age', 'range'): 1}, array([1., 0.]))
    """

    rules: Sequence[FeatureRule]
    broken: Bools

    @classmethod
    def none(cls, count: int) -> Violations:
        """Return no violations in so many predictions."""
        return cls((), np.zeros((count, 0), bool))

    def __len__(self) -> int:
        return len(self.broken)

    def take(self, rows: Rows) -> Violations:
        """Return those of some of the predictions, in this order."""
        return Violations(self.rules, self.broken[rows])

    def is_invalid(self) -> Floats:
        """Return 1.0 for each prediction with a violation and 0.0 for any other, shape (n,)."""
        is_invalid: Bools = np.any(self.broken, axis=1)
        return is_invalid.astype(np.float64)

    def counts(self) -> dict[FeatureRule, int]:
        """Return the number of predictions that break each rule, without those that none breaks."""
        counts = self.broken.sum(axis=0).tolist()
        return {rule: count for rule, count in zip(self.rules, counts, strict=True) if count}
