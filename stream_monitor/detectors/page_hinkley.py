"""Page-Hinkley: a cumulative sum of deviations from the running mean."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field
from scipy.signal import lfilter

from stream_monitor.detectors.base import Change, DetectorConfig, Floats

Mode = Literal["up", "down", "both"]
ONE = (1.0,)
#: Values scanned at once: what stands behind a detection is scanned again, which must not become quadratic.
CHUNK = 4096


class PageHinkleyConfig(DetectorConfig):
    """Adds up deviations from the running mean and fires when the sum leaves its extreme (Page 1954)."""

    kind: Literal["page_hinkley"] = "page_hinkley"
    min_instances: int = Field(30, ge=1, description="values before the first detection")
    delta: float = Field(0.005, ge=0, description="deviation that is tolerated")
    threshold: float = Field(50.0, gt=0, description="lambda: larger is slower and quieter")
    alpha: float = Field(1 - 0.0001, gt=0, le=1, description="forgetting factor of the sum")
    mode: Mode = Field("both", description="direction of the change that is looked for")

    def make(self) -> PageHinkley:
        return PageHinkley(self)


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
        self._n = 0
        self._total = 0.0
        # River starts the falling side's extreme at -1, the rising side's at infinity.
        starts = {"up": (1.0, np.inf), "down": (-1.0, 1.0)}
        modes = starts if self._config.mode == "both" else (self._config.mode,)
        self._sides = [_Side(self._config, *starts[mode]) for mode in modes]

    def update_many(self, values: Floats) -> list[Change]:
        changes: list[Change] = []
        start = 0
        while start < len(values):
            part = values[start : start + CHUNK]
            change = self._advance(part)
            if change is None:
                start += len(part)
                continue
            changes.append(change._replace(index=start + change.index))
            self._reset()
            start += change.index + 1
        return changes

    def _advance(self, values: Floats) -> Change | None:
        """Take all the values, or stop at the first drift: what is known then is of no more use."""
        totals = np.cumsum(np.concatenate(([self._total], values)))[1:]
        counts = np.arange(self._n + 1.0, self._n + len(values) + 1.0)
        deviations = values - totals / counts
        too_early = max(self._config.min_instances - 1 - self._n, 0)
        hits = [(hit, side) for side in self._sides if (hit := side.scan(deviations, too_early)) is not None]
        if hits:
            hit, side = min(hits, key=lambda pair: pair[0])
            side.keep(hit, counts, totals)
            return _change(hit, side, float(counts[hit]), float(totals[hit]))
        for side in self._sides:
            side.keep(len(values) - 1, counts, totals)
        self._n, self._total = int(counts[-1]), float(totals[-1])
        return None

    def state(self) -> dict[str, Any]:
        return {"n": self._n, "total": self._total, "sides": [side.state() for side in self._sides]}

    def restore(self, state: dict[str, Any]) -> None:
        self._n, self._total = state["n"], state["total"]
        for side, values in zip(self._sides, state["sides"], strict=True):
            side.restore(values)


class _Side:
    """The test in one direction (sign 1 or -1): its sum, the sum's minimum, and what was known at the minimum."""

    def __init__(self, config: PageHinkleyConfig, sign: float, minimum: float) -> None:
        self._config = config
        self._sign = sign
        self._sum = 0.0
        self._minimum = minimum
        self.n_at_minimum = 0.0
        self.total_at_minimum = 0.0

    def scan(self, deviations: Floats, too_early: int) -> int | None:
        """The first drift in the next values; `keep` then moves on."""
        alpha = self._config.alpha
        steps = self._sign * deviations - self._config.delta
        self._sums, _ = lfilter(ONE, (1.0, -alpha), steps, zi=(alpha * self._sum,))
        self._minima = np.minimum(np.minimum.accumulate(self._sums), self._minimum)
        hits = (self._sums - self._minima)[too_early:] > self._config.threshold
        first = int(hits.argmax()) if len(hits) else 0
        return too_early + first if len(hits) and hits[first] else None

    def keep(self, last: int, counts: Floats, totals: Floats) -> None:
        """Take up the values scanned, up to and with position ``last``."""
        if self._minima[last] < self._minimum:
            lowest = int(self._sums[: last + 1].argmin())
            self._minimum = float(self._minima[last])
            self.n_at_minimum, self.total_at_minimum = float(counts[lowest]), float(totals[lowest])
        self._sum = float(self._sums[last])

    def state(self) -> list[float | None]:
        minimum = self._minimum if np.isfinite(self._minimum) else None
        return [self._sum, minimum, self.n_at_minimum, self.total_at_minimum]

    def restore(self, state: list[Any]) -> None:
        self._sum, minimum, self.n_at_minimum, self.total_at_minimum = state
        self._minimum = np.inf if minimum is None else minimum


def _change(index: int, side: _Side, n: float, total: float) -> Change:
    """The means before and after the sum's minimum, which is the estimated change point."""
    after = (total - side.total_at_minimum) / max(n - side.n_at_minimum, 1.0)
    before = side.total_at_minimum / side.n_at_minimum if side.n_at_minimum else after
    return Change(index, before, after)
