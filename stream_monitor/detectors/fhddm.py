"""The fast Hoeffding drift detection method (FHDDM): the share in a sliding window against its best so far."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from stream_monitor.core.arrays import Bools, ColumnKind, Floats
from stream_monitor.detectors.base import NO_CONTEXT, Change, DetectorConfig, DetectorContext
from stream_monitor.detectors.scan import first_hit, running_totals, scan


class FhddmConfig(DetectorConfig):
    """A test of the share in a sliding window against its best so far by Hoeffding's bound (Pesaranghader 2016)."""

    takes: ClassVar[frozenset[ColumnKind]] = frozenset({"share"})
    batch_means: ClassVar[bool] = False

    kind: Literal["fhddm"] = "fhddm"
    sliding_window_size: int = Field(100, ge=1, le=100_000, description="values in the sliding window")
    confidence_level: float = Field(
        0.000001, gt=0, lt=1, description="significance level; smaller: later detection, fewer false alarms"
    )
    short_window_size: int = Field(
        0, ge=0, description="values in a second, shorter window, at most sliding_window_size; 0 for none"
    )
    mode: Literal["up", "down", "both"] = Field(
        "up", description="direction of the changes to detect; river's class detects down"
    )

    @field_validator("short_window_size")
    @classmethod
    def _fits(cls, short: int, info: ValidationInfo) -> int:
        size = info.data.get("sliding_window_size")
        if size is not None and short > size:
            raise ValueError(f"must be at most sliding_window_size, which is {size}")
        return short

    def make(self, context: DetectorContext = NO_CONTEXT) -> Fhddm:
        return Fhddm(self)


class Fhddm:
    """The fast Hoeffding drift detection method, vectorised; with two windows its stacking variant, FHDDMS.

    It detects a drift when the share in the window is worse than the best so far by more than Hoeffding's bound. In
    the paper a one is a correct prediction, so the method detects falls; river's class does too, although there a one
    is an error. Here a one is an error and ``mode`` is ``up`` by default; ``down`` gives river's indices.

    Source: Pesaranghader, Viktor, "Fast Hoeffding drift detection method for evolving data streams", ECML PKDD 2016,
    pp. 96-111; two windows: Pesaranghader, Viktor, Paquet, "Reservoir of diverse adaptive learners and stacking fast
    Hoeffding drift detection methods for evolving data streams", Machine Learning 107 (2018), pp. 1711-1743.

    >>> import numpy as np
    >>> values = np.concatenate([np.tile([0.0, 0.0, 0.0, 1.0], 250), np.ones(500)])
    >>> [(change.index, change.width) for change in FhddmConfig().make().update_many(values)]
    [(1034, 100)]
    """

    def __init__(self, config: FhddmConfig) -> None:
        size, short = config.sliding_window_size, config.short_window_size
        self._sizes = (size, short) if short else (size,)
        logarithm = math.log(1.0 / config.confidence_level)
        self._bounds = [math.sqrt(logarithm / (2 * window)) for window in self._sizes]
        self._modes = [mode for mode in ("up", "down") if config.mode in (mode, "both")]
        self._reset()

    def _reset(self) -> None:
        self._n, self._total = 0, 0.0
        #: The newest values, one fewer than the size of the longest window.
        self._newest: Floats = np.empty(0)
        # The best share of each window, shape (modes, windows): the largest of zeros for `up`, of ones for `down`.
        self._best = np.zeros((len(self._modes), len(self._sizes)))

    def update_many(self, values: Floats) -> list[Change]:
        return scan(values, self._advance)

    def _advance(self, values: Floats) -> Change | None:
        """Process the values up to the first drift; return it after a reset, else None."""
        size = self._sizes[0]
        known = np.concatenate((self._newest, values))
        totals = running_totals(known, self._total - float(self._newest.sum()))
        # Shape (windows, positions), for the positions at which the longest window is full.
        full = max(len(totals) - size, 0)
        starts = [totals[size - window : size - window + full] for window in self._sizes]
        sums = totals[size:] - np.stack(starts)
        hits = np.stack([self._side(mode, sums) for mode in range(len(self._modes))])
        hit = first_hit(np.logical_or.reduce(hits, axis=(0, 1)))
        if hit is None:
            self._n, self._total = self._n + len(values), float(totals[-1])
            self._newest = known[max(len(known) - size + 1, 0) :]
            return None
        window = int(hits[:, :, hit].any(axis=0).argmax())
        index = hit + size - 1 - len(self._newest)
        change = self._change(index, window, float(totals[hit + size]), float(sums[window, hit]))
        self._reset()
        return change

    def _side(self, side: int, sums: Floats) -> Bools:
        """Return a mask of the drifts in one direction, with the shape of ``sums``."""
        sizes = np.array(self._sizes, dtype=np.float64)[:, None]
        good = (sums if self._modes[side] == "down" else sizes - sums) / sizes
        best = np.maximum(np.maximum.accumulate(good, axis=1), self._best[side][:, None])
        if sums.shape[1]:
            self._best[side] = best[:, -1]
        hits: Bools = best - good > np.array(self._bounds)[:, None]
        return hits

    def _change(self, index: int, window: int, total: float, after: float) -> Change:
        """Return the change from the mean of all values before the window to the mean of the window."""
        width = self._sizes[window]
        before = (total - after) / (self._n + index + 1 - width)
        return Change(index, before, after / width, width)

    def state(self) -> dict[str, Any]:
        return {"n": self._n, "total": self._total, "newest": self._newest.tolist(), "best": self._best.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        self._n, self._total = state["n"], state["total"]
        self._newest = np.array(state["newest"], dtype=np.float64)
        self._best = np.array(state["best"], dtype=np.float64)
