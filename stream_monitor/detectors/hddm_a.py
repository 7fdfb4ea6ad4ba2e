"""Hoeffding's drift detection method on averages (HDDM-A): the mean of all values against that up to a cut point."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from stream_monitor.core.arrays import Bools, ColumnKind, Floats
from stream_monitor.detectors.base import NO_CONTEXT, Change, DetectorConfig, DetectorContext
from stream_monitor.detectors.scan import Zone, first_hit, latest_minima, running_totals, scan


class HddmAConfig(DetectorConfig):
    """A test of the mean so far against its minimum by Hoeffding's bound (Frías-Blanco et al. 2015)."""

    takes: ClassVar[frozenset[ColumnKind]] = frozenset({"share"})
    batch_means: ClassVar[bool] = False

    kind: Literal["hddm_a"] = "hddm_a"
    drift_confidence: float = Field(
        0.001, gt=0, lt=1, description="significance level; smaller: later detection, fewer false alarms"
    )
    warning_confidence: float = Field(
        0.005,
        gt=0,
        lt=1,
        description="significance level of the warning zone; its start is the estimated change point",
    )
    two_sided_test: bool = Field(False, description="detect falls of the share as well as rises")

    def make(self, context: DetectorContext = NO_CONTEXT) -> HddmA:
        return HddmA(self)


class _Side(NamedTuple):
    """The result of one direction on a chunk of n values.

    Attributes:
        drift: A mask of the drifts, shape (n,).
        warning: A mask of the warnings, shape (n,).
        cut: The index of the cut point after each value, shape (n + 1,); 0 stands for the one before the chunk.
    """

    drift: Bools
    warning: Bools
    cut: NDArray[np.intp]


class HddmA:
    """Hoeffding's drift detection method on averages, vectorised; it detects at the same indices as river's class.

    The cut point is where the mean plus its bound was lowest. A drift is detected when the mean of all values exceeds
    that of the values up to the cut point by more than the bound on the difference. The estimated change point is the
    start of the latest run of values at which the same test at ``warning_confidence`` rejects.

    Source: Frías-Blanco, del Campo-Ávila, Ramos-Jiménez, Morales-Bueno, Ortiz-Díaz, Caballero-Mota, "Online and
    non-parametric drift detection methods based on Hoeffding's bounds", IEEE Transactions on Knowledge and Data
    Engineering 27 (2015), pp. 810-823.

    >>> import numpy as np
    >>> values = np.concatenate([np.tile([0.0, 0.0, 0.0, 1.0], 250), np.tile([0.0, 1.0], 250)])
    >>> [(change.index, change.width) for change in HddmAConfig().make().update_many(values)]
    [(1059, 11)]
    """

    def __init__(self, config: HddmAConfig) -> None:
        self._config = config
        self._signs = (1.0, -1.0) if config.two_sided_test else (1.0,)
        self._log_cut = math.log(1.0 / config.drift_confidence)
        self._log_drift = math.log(2.0 / config.drift_confidence)
        self._log_warning = math.log(2.0 / config.warning_confidence)
        self._reset()

    def _reset(self) -> None:
        self._n, self._total = 0, 0.0
        # The count and total of the values up to the cut point of each side.
        self._cuts = [(0, 0.0) for _ in self._signs]
        self._zones = [Zone() for _ in self._signs]

    def update_many(self, values: Floats) -> list[Change]:
        return scan(values, self._advance)

    def _advance(self, values: Floats) -> Change | None:
        """Process the values up to the first drift; return it after a reset, else None."""
        totals = running_totals(values, self._total)
        counts = np.arange(float(self._n), self._n + len(totals))
        sides = [self._side(side, counts, totals) for side in range(len(self._signs))]
        hit = first_hit(np.logical_or.reduce([side.drift for side in sides]))
        last = len(values) if hit is None else hit + 1
        for place, side in enumerate(sides):
            self._zones[place] = self._zones[place].grown((side.drift | side.warning)[:last], counts, totals)
            cut = int(side.cut[last])
            if cut:
                self._cuts[place] = int(counts[cut]), float(totals[cut])
        self._n, self._total = int(counts[last]), float(totals[last])
        return None if hit is None else self._change(hit, [bool(side.drift[hit]) for side in sides].index(True))

    def _side(self, side: int, counts: Floats, totals: Floats) -> _Side:
        sign, (n, total) = self._signs[side], self._cuts[side]
        size = np.concatenate(([max(n, 1)], counts[1:]))
        mean = np.concatenate(([total], totals[1:])) / size
        level = sign * mean + np.sqrt(1.0 / (2.0 * size) * self._log_cut)
        if not n:
            level[0] = np.inf
        cut = latest_minima(level)
        share = ((size - size[cut]) / size[cut] * (1.0 / size))[1:]
        rise = (sign * (mean - mean[cut]))[1:]
        behind = cut[1:] <= np.arange(len(share))
        drift = behind & (rise >= np.sqrt(share / 2.0 * self._log_drift))
        return _Side(drift, behind & (rise >= np.sqrt(share / 2.0 * self._log_warning)), cut)

    def _change(self, index: int, side: int) -> Change:
        change = self._zones[side].change(index, self._n, self._total)
        self._reset()
        return change

    def state(self) -> dict[str, Any]:
        return {
            "n": self._n,
            "total": self._total,
            "cuts": [list(cut) for cut in self._cuts],
            "zones": [list(zone) for zone in self._zones],
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._n, self._total = state["n"], state["total"]
        self._cuts = [(n, total) for n, total in state["cuts"]]
        self._zones = [Zone(*zone) for zone in state["zones"]]
