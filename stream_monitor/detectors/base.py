"""What a drift detector is.

A detector lives in a file of its own: a frozen pydantic config with a literal ``kind`` and checked ranges, and the
class it makes. One line in ``detectors/__init__.py`` adds it to the union; flags, documentation and contract tests
follow from there.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Floats = NDArray[np.float64]


class Change(NamedTuple):
    """One drift found in a column: where it was raised, and the mean on both sides of the estimated change."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    before: float
    after: float


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

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    def make(self) -> Detector:
        """A fresh detector with these parameters."""
        raise NotImplementedError
