"""The measures of performance: formulas over sums of one value per outcome.

To add a measure, add a `Measure` to the table of its task below, and a `Sum` if it takes a value that none gives yet.
`/metrics`, the landing page, `replay`, its report and the documentation follow from the tables. A new `Sum` changes
what a saved state holds: raise the state's format.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import truediv
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import Target

#: Name of the sum of ones, which every task has: the number of outcomes, or their weight.
OUTCOMES = "outcomes"


class ClassOutcomes(NamedTuple):
    """A batch of n outcomes of a classification; ``correct`` is 1.0 where both are equal, else 0.0, shape (n,)."""

    y_true: Sequence[Target]
    y_pred: Sequence[Target]
    correct: Floats


class NumericOutcomes(NamedTuple):
    """A batch of n outcomes of a regression, shape (n,) each.

    ``residual`` is absolute; ``offset`` is ``y_true`` less the first label of the stream, so that a large mean costs
    no digits.
    """

    y_true: Floats
    y_pred: Floats
    residual: Floats
    offset: Floats


_Batch = TypeVar("_Batch", ClassOutcomes, NumericOutcomes)


@dataclass(frozen=True)
class Sum(Generic[_Batch]):
    """A sum of one value per outcome.

    Attributes:
        name: Name that measures refer to.
        values: Returns the value of each outcome of a batch, shape (n,).
        help: Help text of the counter ``outcomes_<name>_total``; None for a sum that does not add up over versions
            and replicas, which is not exported.
    """

    name: str
    values: Callable[[_Batch], Floats]
    help: str | None = None


@dataclass(frozen=True)
class Measure:
    """A measure of performance.

    Attributes:
        name: Value of the label ``measure``, and the name in the output of ``replay``.
        sums: Names of the sums that the formula takes, in this order.
        formula: Returns the measure, NaN where it is not defined. It is called with at least one outcome.
        description: One line for the documentation.
        is_unitless: Whether it has no unit; else it has the unit of the target.
        minimum, maximum: Bounds of its values; None where there is none.
    """

    name: str
    sums: tuple[str, ...]
    formula: Callable[..., float]
    description: str
    is_unitless: bool = False
    minimum: float | None = None
    maximum: float | None = None

    @property
    def is_share(self) -> bool:
        """True if it is a share from 0 to 1."""
        return (self.minimum, self.maximum) == (0.0, 1.0)


@dataclass(frozen=True)
class MeasureTable(Generic[_Batch]):
    """The sums and the measures of one task."""

    sums: tuple[Sum[_Batch], ...]
    measures: tuple[Measure, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all sums, in the order of `rows`."""
        return (OUTCOMES, *(each.name for each in self.sums))

    @property
    def exported(self) -> frozenset[str]:
        """The names of the sums that add up over versions and replicas."""
        return frozenset((OUTCOMES, *(each.name for each in self.sums if each.help)))

    def rows(self, batch: _Batch) -> Floats:
        """Return the values to add up, shape (len(names), n)."""
        return np.stack((np.ones(len(batch.y_true)), *(each.values(batch) for each in self.sums)))


def _rmse(squared_error: float, count: float) -> float:
    return math.sqrt(squared_error / count)


def _r2(squared_error: float, offset: float, squared_offset: float, count: float) -> float:
    deviation = squared_offset - offset**2 / count
    # The sums' bound on rounding errors: no more than that is left of a constant target.
    rounding = 4.0 * sys.float_info.epsilon * count * squared_offset
    return 1.0 - squared_error / deviation if deviation > rounding else math.nan


CLASSIFICATION = MeasureTable[ClassOutcomes](
    sums=(Sum("correct", lambda batch: batch.correct, "Outcomes whose prediction was right (classification)."),),
    measures=(
        Measure(
            "accuracy",
            ("correct", OUTCOMES),
            truediv,
            "share of predictions that are equal to their label",
            is_unitless=True,
            minimum=0.0,
            maximum=1.0,
        ),
    ),
)

REGRESSION = MeasureTable[NumericOutcomes](
    sums=(
        Sum(
            "absolute_error",
            lambda batch: batch.residual,
            "Sum of absolute residuals (regression), in the target's unit.",
        ),
        Sum(
            "squared_error",
            lambda batch: batch.residual**2,
            "Sum of squared residuals (regression), in the target's unit squared.",
        ),
        Sum("offset", lambda batch: batch.offset),
        Sum("squared_offset", lambda batch: batch.offset**2),
    ),
    measures=(
        Measure("mae", ("absolute_error", OUTCOMES), truediv, "mean absolute error", minimum=0.0),
        Measure("rmse", ("squared_error", OUTCOMES), _rmse, "root mean squared error", minimum=0.0),
        Measure(
            "r2",
            ("squared_error", "offset", "squared_offset", OUTCOMES),
            _r2,
            "1 less the squared error over the squared deviation from the mean label (NaN of a constant target)",
            is_unitless=True,
            maximum=1.0,
        ),
    ),
)

_TABLES: tuple[MeasureTable[Any], ...] = (CLASSIFICATION, REGRESSION)
#: Every measure, by name.
MEASURES: Mapping[str, Measure] = {measure.name: measure for table in _TABLES for measure in table.measures}
#: The help text of every exported sum, by name.
EXPORTED_SUMS: Mapping[str, str] = {each.name: each.help for table in _TABLES for each in table.sums if each.help}


def evaluate(sums: Mapping[str, float]) -> dict[str, float]:
    """Return every measure whose sums are given, by name; none without outcomes.

    >>> evaluate({"outcomes": 4.0, "absolute_error": 2.0, "squared_error": 4.0})
    {'mae': 0.5, 'rmse': 1.0}
    """
    return dict(_evaluated(sums)) if sums.get(OUTCOMES) else {}


def _evaluated(sums: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    for measure in MEASURES.values():
        if all(name in sums for name in measure.sums):
            yield measure.name, measure.formula(*(sums[name] for name in measure.sums))
