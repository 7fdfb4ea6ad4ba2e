"""The interface of drift detectors: the `Detector` protocol and the base class of their configs.

Each detector has its own file with a frozen pydantic config (a literal ``kind`` and parameters with checked ranges)
and the class that the config makes. One line in ``detectors/__init__.py`` adds it to the union, from which flags,
documentation and contract tests are derived.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from stream_monitor.core.arrays import ColumnKind

Floats = NDArray[np.float64]


class DetectorContext(NamedTuple):
    """Properties of the column that a detector is made for.

    Attributes:
        kind: The kind of the column's values.
        run_length: The average run length (ARL) to keep to: the mean number of values between two false alarms.
            Infinite if none was requested; the detector then uses its default parameters.
        weight: The number of independent values that one value is worth, above 0. A batch mean of dependent values
            may be worth two, or a half.
        categories: The number of categories of a column of category codes, else 0.
        weights: The weight of a value in a mean of 1, 2, 4 ... values, where it depends on their number; `weight` is
            the least of them.
    """

    kind: ColumnKind = "number"
    run_length: float = math.inf
    weight: float = 1.0
    categories: int = 0
    weights: tuple[float, ...] = ()


NO_CONTEXT = DetectorContext()


class Change(NamedTuple):
    """A change found in a column.

    Attributes:
        index: The index of the value at which the change was detected.
        before: The mean of the values before the estimated change point.
        after: The mean of the values after it.
        width: The number of values after the estimated change point, up to and including the one at ``index``; 0 if
            the detector does not estimate a change point.
        category: The code of the category whose share changed, in a column of categories.
    """

    index: int  # type: ignore[assignment]  # shadows tuple.index
    before: float
    after: float
    width: int = 0
    category: int | None = None


class Detector(Protocol):
    """A change detector for a column of finite floats of about unit scale."""

    def update_many(self, values: Floats) -> list[Change]:
        """Process the next values and return the changes detected in them.

        The changes do not depend on the batches in which a stream is passed.

        Args:
            values: The next finite values of the column, in order, shape (n,). A detector of categories also reads
                their indicators less a season, shape (n, categories).

        Returns:
            The changes in order; ``Change.index`` is an index into ``values``.
        """
        ...

    def state(self) -> dict[str, Any]:
        """Return the complete state as JSON values: finite numbers, text, null and lists."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Replace the state by one that `state` returned for a detector with the same config."""
        ...


class DetectorConfig(BaseModel):
    """The base class of every detector's config; subclasses add ``kind`` and the parameters."""

    #: The kinds of column that the detector supports. One that does not list "category" gets, in place of the codes
    #: of a column of categories, an indicator (0 or 1) of the most frequent category.
    takes: ClassVar[frozenset[ColumnKind]] = frozenset({"number", "share"})
    #: True if the detector may be fed batch means in place of single values that depend on each other.
    batch_means: ClassVar[bool] = True
    #: The parameter that is computed from ``DetectorContext.run_length``; None if the detector's own parameters alone
    #: set its false-alarm rate.
    budgeted: ClassVar[str | None] = None

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    def make(self, context: DetectorContext = NO_CONTEXT) -> Detector:
        """Return a new detector with these parameters, for a column with these properties."""
        raise NotImplementedError
