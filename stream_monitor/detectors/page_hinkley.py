"""The Page-Hinkley test: a cumulative sum of deviations from the running mean."""

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
#: Values per chunk after a detection: values behind the next detection have to be scanned a second time.
CHUNK = 1024


class PageHinkleyConfig(DetectorConfig):
    """A cumulative sum of deviations from the running mean, tested against its extreme (Page 1954)."""

    budgeted: ClassVar[str | None] = "threshold"

    kind: Literal["page_hinkley"] = "page_hinkley"
    min_instances: int = Field(30, ge=1, description="values before the first detection")
    delta: float = Field(0.005, ge=0, description="tolerated deviation from the running mean")
    threshold: float = Field(
        50.0, gt=0, description="detection threshold (lambda); larger: later detection, fewer false alarms"
    )
    alpha: float = Field(1 - 0.0001, gt=0, le=1, description="forgetting factor of the sum")
    mode: Mode = Field("both", description="direction of the changes to detect")

    def make(self, context: DetectorContext = NO_CONTEXT) -> PageHinkley:
        if math.isinf(context.run_length) or "threshold" in self.model_fields_set:
            return PageHinkley(self)
        threshold = page_hinkley_threshold(context.run_length, self.delta, 2 if self.mode == "both" else 1)
        return PageHinkley(self.model_copy(update={"threshold": threshold}))


class PageHinkley:
    """The Page-Hinkley test, vectorised; it detects at the same indices as river's class.

    The sum ``s[t] = alpha s[t-1] + x[t] - mean[t] -+ delta`` is a linear recurrence, so a column is computed in a few
    numpy passes. The estimated change point is where the sum was at its extreme.

    Source: E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954), pp. 100-115; with the forgetting
    factor of river's implementation.

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
        # One row per direction: the falling side is the rising side of the negated values. River initialises the
        # rising side's minimum to infinity and the falling side's maximum to -1.
        self._signs = np.array([[1.0 if mode == "up" else -1.0] for mode in wanted])
        self._minima = np.array([np.inf if mode == "up" else 1.0 for mode in wanted])
        self._sums = np.zeros(len(wanted))
        # The count and total of the values up to each sum's minimum, shape (2, directions).
        self._at_minima = np.zeros((2, len(wanted)))
        self._n, self._total = 0, 0.0

    def update_many(self, values: Floats) -> list[Change]:
        return scan(values, self._advance, max(len(values), 1), CHUNK)

    def _advance(self, values: Floats) -> Change | None:
        """Process the values up to the first drift; return it after a reset, else None."""
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
        """Update the state with the values up to the end of ``sums``."""
        last = sums.shape[1] - 1
        for side in np.flatnonzero(minima < self._minima):
            lowest = sums[side].argmin()
            self._at_minima[:, side] = counts[lowest], totals[lowest]
        self._minima, self._sums = minima, sums[:, -1]
        self._n, self._total = int(counts[last]), float(totals[last])

    def _change(self, index: int, side: int) -> Change:
        """Return the change from the mean before the sum's minimum, the estimated change point, to that after it."""
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
