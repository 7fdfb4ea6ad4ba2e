"""Page-Hinkley: a cumulative sum of deviations from the running mean."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from stream_monitor.core.arrays import Floats, fading_sums
from stream_monitor.detectors.base import NO_CONTEXT, Change, DetectorConfig, DetectorContext
from stream_monitor.detectors.run_length import page_hinkley_threshold
from stream_monitor.detectors.scan import scan

Mode = Literal["up", "down", "both"]
#: Values scanned at once after a detection: what stands behind the next one is scanned again, and again.
CHUNK = 1024


class PageHinkleyConfig(DetectorConfig):
    """Adds up deviations from the running mean and fires when the sum leaves its extreme (Page 1954)."""

    budgeted: ClassVar[str | None] = "threshold"

    kind: Literal["page_hinkley"] = "page_hinkley"
    min_instances: int = Field(30, ge=1, description="values before the first detection")
    delta: float = Field(0.005, ge=0, description="deviation that is tolerated")
    threshold: float = Field(50.0, gt=0, description="lambda: larger is slower and quieter")
    alpha: float = Field(1 - 0.0001, gt=0, le=1, description="forgetting factor of the sum")
    mode: Mode = Field("both", description="direction of the change that is looked for")

    def make(self, terms: DetectorContext = NO_CONTEXT) -> PageHinkley:
        if math.isinf(terms.run_length) or "threshold" in self.model_fields_set:
            return PageHinkley(self)
        threshold = page_hinkley_threshold(terms.run_length, self.delta, 2 if self.mode == "both" else 1)
        return PageHinkley(self.model_copy(update={"threshold": threshold}))


class PageHinkley:
    """The Page-Hinkley test, vectorised: the same indices as river's class.

    Source: E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954), pp. 100-115; with the forgetting
    factor of river's implementation. The sum ``s[t] = alpha s[t-1] + x[t] - mean[t] -+ delta`` is a linear
    recurrence, so a column costs a handful of numpy passes.

    >>> import numpy as np
    >>> values = np.repeat([0.0, 1.0], 500)
    >>> [change.index for change in PageHinkleyConfig(threshold=20).make().update_many(values)]
    [520]
    """

    def __init__(self, config: PageHinkleyConfig) -> None:
        self._config = config
        self._reset()

    def _reset(self) -> None:
        config = self._config
        wanted = [mode for mode in ("up", "down") if config.mode in (mode, "both")]
        # One row a direction: the falling side is the rising one of the negated values. River starts the rising
        # side's minimum at infinity, and the falling side's maximum at -1.
        self._signs = np.array([[1.0 if mode == "up" else -1.0] for mode in wanted])
        self._minima = np.array([np.inf if mode == "up" else 1.0 for mode in wanted])
        self._sums = np.zeros(len(wanted))
        # How many values there were, and their total, when each sum was at its minimum.
        self._at_minima = np.zeros((2, len(wanted)))
        self._n, self._total = 0, 0.0

    def update_many(self, values: Floats) -> list[Change]:
        return scan(values, self._advance, max(len(values), 1), CHUNK)

    def _advance(self, values: Floats) -> Change | None:
        """Take all the values, or stop at the first drift: what is known then is of no more use."""
        totals = np.cumsum(np.concatenate(([self._total], values)))[1:]
        counts = np.arange(self._n + 1.0, self._n + len(values) + 1.0)
        deviations = values - totals / counts
        steps = self._signs * deviations - self._config.delta
        pairs = zip(steps, self._sums, strict=True)
        sums = np.stack([fading_sums(row, self._config.alpha, start) for row, start in pairs])
        minima = np.minimum(np.minimum.accumulate(sums, axis=1), self._minima[:, None])
        over = sums - minima > self._config.threshold
        over[:, : max(self._config.min_instances - 1 - self._n, 0)] = False
        hits = over.any(axis=0)
        last = int(hits.argmax())
        hit = bool(hits[last])
        last = last if hit else len(values) - 1
        self._keep(sums[:, : last + 1], minima[:, last], counts, totals)
        if not hit:
            return None
        change = self._change(last, int(over[:, last].argmax()))
        self._reset()
        return change

    def _keep(self, sums: Floats, minima: Floats, counts: Floats, totals: Floats) -> None:
        """Take up all that was scanned up to the end of ``sums``."""
        last = sums.shape[1] - 1
        for side in np.flatnonzero(minima < self._minima):
            lowest = sums[side].argmin()
            self._at_minima[:, side] = counts[lowest], totals[lowest]
        self._minima, self._sums = minima, sums[:, -1]
        self._n, self._total = int(counts[last]), float(totals[last])

    def _change(self, index: int, side: int) -> Change:
        """The means before and after the sum's minimum, which is the estimated change point."""
        n_before, total_before = self._at_minima[:, side].tolist()
        after = (self._total - total_before) / max(self._n - n_before, 1.0)
        return Change(index, total_before / n_before if n_before else after, after, int(self._n - n_before))

    def state(self) -> dict[str, Any]:
        return {
            "n": self._n,
            "total": self._total,
            "sums": self._sums.tolist(),
            "minima": [minimum if np.isfinite(minimum) else None for minimum in self._minima.tolist()],
            "at_minima": self._at_minima.tolist(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._n, self._total = state["n"], state["total"]
        self._sums = np.array(state["sums"], dtype=np.float64)
        self._minima = np.array([np.inf if minimum is None else minimum for minimum in state["minima"]])
        self._at_minima = np.array(state["at_minima"], dtype=np.float64)
