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
        self.window = AdaptiveWindowing(*self._parameters)
        self.n, self.total = 0, 0.0

    def update_many(self, values: Floats) -> list[Change]:
        return self.changes(values, self.first_hit(values.tolist()))

    def first_hit(self, numbers: list[float]) -> int | None:
        """Update the window, all in C, until it first detects a change, and return the index of that number."""
        return next(compress(count(), map(self.window.update, numbers)), None)

    def changes(self, values: Floats, hit: int | None) -> list[Change]:
        """Return the changes in values that the window has been fed up to its first detection, at index ``hit``."""
        changes: list[Change] = []
        start = 0
        while hit is not None:
            end = start + hit + 1
            self._add(values[start:end])
            changes.append(self._change(end - 1))
            self._reset()
            hit, start = self.first_hit(values[end:].tolist()), end
        self._add(values[start:])
        return changes

    def _add(self, values: Floats) -> None:
        """Add values to the count and total since the last reset, in order: the sum must not depend on batches."""
        self.n += len(values)
        self.total = float(np.cumsum(np.concatenate(([self.total], values)))[-1])

    def _change(self, index: int) -> Change:
        """Return the change from the mean of the values just dropped to the mean of those still in the window."""
        kept, kept_total = self.window.get_width(), self.window.get_total()
        before = (self.total - kept_total) / max(self.n - kept, 1)
        return Change(index, before, kept_total / max(kept, 1))

    def state(self) -> dict[str, Any]:
        return {"window": b64encode(self.window.__getstate__()).decode(), "n": self.n, "total": self.total}

    def restore(self, state: dict[str, Any]) -> None:
        self.window.__setstate__(b64decode(state["window"]))
        self.n, self.total = state["n"], state["total"]
