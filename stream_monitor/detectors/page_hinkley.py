"""The Page-Hinkley test: a cumulative sum of deviations from the running mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from stream_monitor.core.arrays import Bools, Floats
from stream_monitor.core.fading import fading_by
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


@dataclass
class Statistics:
    """The sufficient statistics of the values since the last change.

    Attributes:
        n: The number of values.
        total: Their sum.
        scaled: The scaled cumulative sum of each direction, see `Fading`, shape (directions,).
        minima: The minimum of the cumulative sum, shape (directions,).
        at_minima: The count and the total of the values up to the minimum, shape (2, directions).
    """

    n: int
    total: float
    scaled: Floats
    minima: Floats
    at_minima: Floats


class PageHinkley:
    """The Page-Hinkley test, vectorised; it detects at the same indices as river's class.

    The sum ``s[t] = alpha s[t-1] + x[t] - mean[t] -+ delta`` is a linear recurrence, so a column is computed in a few
    numpy passes, whose last bits are the same on every processor (see `Fading`). The estimated change point is where
    the sum was at its extreme.

    Source: E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954), pp. 100-115; with the forgetting
    factor of river's implementation.

    >>> import numpy as np
    >>> values = np.repeat([0.0, 1.0], 500)
    >>> [change.index for change in PageHinkleyConfig(threshold=20).make().update_many(values)]
    [520]
    """

    def __init__(self, config: PageHinkleyConfig) -> None:
        self.config = config
        # One row per direction: the falling side is the rising side of the negated values.
        self.signs = np.array(
            [[1.0 if mode == "up" else -1.0] for mode in ("up", "down") if config.mode in (mode, "both")]
        )
        self.fading = fading_by(config.alpha)
        self.statistics = self._no_statistics()

    def _no_statistics(self) -> Statistics:
        # River initialises the rising side's minimum to infinity and the falling side's maximum to -1.
        minima = np.where(self.signs[:, 0] > 0.0, np.inf, 1.0)
        return Statistics(0, 0.0, np.zeros(len(minima)), minima, np.zeros((2, len(minima))))

    def update_many(self, values: Floats) -> list[Change]:
        return scan(values, self._advance, max(len(values), 1), CHUNK)

    def _advance(self, values: Floats) -> Change | None:
        """Process the values up to the first drift; return it after a reset, else None."""
        known, config = self.statistics, self.config
        totals = np.cumsum(np.concatenate(([known.total], values)))[1:]
        counts = np.arange(known.n + 1.0, known.n + len(values) + 1.0)
        deviations = values - totals / counts
        sums, known.scaled = self.fading.sums(self.signs * deviations - config.delta, known.scaled, known.n)
        minima = np.minimum(np.minimum.accumulate(sums, axis=1), known.minima[:, None])
        over: Bools = sums - minima > config.threshold
        over[:, : max(config.min_instances - 1 - known.n, 0)] = False
        hits = np.logical_or.reduce(over, axis=0)
        last = int(hits.argmax())
        hit = bool(hits[last])
        last = last if hit else len(values) - 1
        self._keep(sums[:, : last + 1], minima[:, last], counts, totals)
        if not hit:
            return None
        change = self._change(last, int(over[:, last].argmax()))
        self.statistics = self._no_statistics()
        return change

    def _keep(self, sums: Floats, minima: Floats, counts: Floats, totals: Floats) -> None:
        """Update the statistics with the values up to the end of ``sums``."""
        known, last = self.statistics, sums.shape[1] - 1
        for side in np.flatnonzero(minima < known.minima):
            lowest = sums[side].argmin()
            known.at_minima[:, side] = counts[lowest], totals[lowest]
        known.minima = minima.copy()
        known.n, known.total = int(counts[last]), float(totals[last])

    def _change(self, index: int, side: int) -> Change:
        """Return the change from the mean before the sum's minimum, the estimated change point, to that after it."""
        known = self.statistics
        n_before, total_before = known.at_minima[:, side].tolist()
        after = (known.total - total_before) / max(known.n - n_before, 1.0)
        return Change(index, total_before / n_before if n_before else after, after, int(known.n - n_before))

    def state(self) -> dict[str, Any]:
        known = self.statistics
        return {
            "n": known.n,
            "total": known.total,
            "scaled": known.scaled.tolist(),
            "minima": [minimum if np.isfinite(minimum) else None for minimum in known.minima.tolist()],
            "at_minima": known.at_minima.tolist(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        minima = np.array([np.inf if minimum is None else minimum for minimum in state["minima"]])
        scaled, at_minima = np.array(state["scaled"], np.float64), np.array(state["at_minima"], np.float64)
        self.statistics = Statistics(state["n"], state["total"], scaled, minima, at_minima)
