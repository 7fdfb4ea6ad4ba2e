"""What a drift detector is.

A detector lives in a file of its own: a frozen pydantic config with a literal ``kind`` and checked ranges, and the
class it makes. One line in ``detectors/__init__.py`` adds it to the union; flags, documentation and contract tests
follow from there.
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
    """What a detector is told of the column that it is made for.

    ``run_length``: mean number of values between two false alarms that it may have; infinite where nobody said.
    ``weight``: independent values that one fed value stands for (a block mean may be worth two, or a half).
    """

    kind: ColumnKind = "number"
    run_length: float = math.inf
    weight: float = 1.0
    categories: int = 0


NO_CONTEXT = DetectorContext()


class Change(NamedTuple):
    """One drift found in a column: where it was raised, and the mean on both sides of the estimated change.

    ``width``: how many of the newest values, the one at ``index`` included, are after the estimated change; 0 where
    the detector does not tell. ``category``: which one's share changed, of a column of categories.
    """

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    before: float
    after: float
    width: int = 0
    category: int | None = None


class Detector(Protocol):
    """Finds changes in a column of finite floats of about unit scale."""

    def update_many(self, values: Floats) -> list[Change]:
        """Take the next values, shape (n,), and return the changes raised in them, in order.

        ``Change.index`` counts within ``values``. Cutting a stream into other batches gives the same changes.
        """
        ...

    def state(self) -> dict[str, Any]:
        """Everything the detector knows, as JSON has it: finite numbers, text, null, lists."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the state of a detector with the same config."""
        ...


class DetectorConfig(BaseModel):
    """The base of every detector's config. Subclasses add ``kind`` and the parameters."""

    #: Columns that it can read. A column of categories comes as codes only to those that name it; to others it
    #: comes as the share of its most frequent category.
    takes: ClassVar[frozenset[ColumnKind]] = frozenset({"number", "share"})
    #: Whether block means may stand for single values, where those depend on each other.
    blocks: ClassVar[bool] = True
    #: The parameter that follows from ``DetectorContext.run_length``; None: its parameters set the false-alarm rate.
    budgeted: ClassVar[str | None] = None

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    def make(self, terms: DetectorContext = NO_CONTEXT) -> Detector:
        """A fresh detector with these parameters for a column of these terms."""
        raise NotImplementedError
