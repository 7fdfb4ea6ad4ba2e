"""The ADWIN detector (adaptive windowing), on river's compiled implementation."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from itertools import compress, count
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from river._river_rust.drift import AdaptiveWindowing

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors.base import NO_CONTEXT, Change, DetectorConfig, DetectorContext
from stream_monitor.detectors.run_length import adwin_delta


class AdwinConfig(DetectorConfig):
    """An adaptive window that shrinks when the means of two of its parts differ (Bifet and Gavaldà 2007)."""

    budgeted: ClassVar[str | None] = "delta"

    kind: Literal["adwin"] = "adwin"
    delta: float = Field(
        0.002, gt=0, lt=1, description="significance level; smaller: later detection, fewer false alarms"
    )
    clock: int = Field(32, ge=1, description="values between two checks")
    max_buckets: int = Field(5, ge=2, description="maximum number of buckets of each size; above it two are merged")
    min_window_length: int = Field(5, ge=1, description="minimum length of a part of the window to compare")
    grace_period: int = Field(10, ge=0, description="values before the first check")

    def make(self, context: DetectorContext = NO_CONTEXT) -> Adwin:
        if math.isinf(context.run_length) or "delta" in self.model_fields_set:
            return Adwin(self)
        return Adwin(self.model_copy(update={"delta": adwin_delta(context.run_length)}))


class Adwin:
    """River's compiled adaptive window behind `update_many`, with the same parameters and the same indices.

    As in river's Python class, the window is reset after a detection.

    Source: Bifet, Gavaldà, "Learning from time-changing data with adaptive windowing", SDM 2007, pp. 443-448.

    >>> import numpy as np
    >>> values = np.repeat([0.0, 1.0], 500)
    >>> [change.index for change in AdwinConfig().make().update_many(values)]
    [511]
    """

    def __init__(self, config: AdwinConfig) -> None:
        self._parameters = (
            config.delta,
            config.clock,
            config.max_buckets,
            config.min_window_length,
            config.grace_period,
        )
        self._reset()

    def _reset(self) -> None:
        self._window = AdaptiveWindowing(*self._parameters)
        self._n, self._total = 0, 0.0

    def update_many(self, values: Floats) -> list[Change]:
        changes: list[Change] = []
        numbers = values.tolist()
        start = 0
        while start < len(numbers):
            # All in C: update the window until it first returns True, and find the index of that value.
            updates = map(self._window.update, numbers[start:] if start else numbers)
            hit = next(compress(count(start), updates), None)
            end = len(numbers) if hit is None else hit + 1
            self._add(values[start:end])
            if hit is not None:
                changes.append(self._change(hit))
                self._reset()
            start = end
        return changes

    def _add(self, values: Floats) -> None:
        """Add values to the count and total since the last reset, in order: the sum must not depend on batches."""
        self._n += len(values)
        self._total = float(np.cumsum(np.concatenate(([self._total], values)))[-1])

    def _change(self, index: int) -> Change:
        """Return the change from the mean of the values just dropped to the mean of those still in the window."""
        kept, kept_total = self._window.get_width(), self._window.get_total()
        before = (self._total - kept_total) / max(self._n - kept, 1)
        return Change(index, before, kept_total / max(kept, 1))

    def state(self) -> dict[str, Any]:
        return {"window": b64encode(self._window.__getstate__()).decode(), "n": self._n, "total": self._total}

    def restore(self, state: dict[str, Any]) -> None:
        self._window.__setstate__(b64decode(state["window"]))
        self._n, self._total = state["n"], state["total"]
