"""The statistical test of equal proportions (STEPD): the share in the newest values against the share before them."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.detectors.base import NO_CONTEXT, Change, DetectorConfig, DetectorContext
from stream_monitor.detectors.scan import Zone, first_hit, running_totals, scan


class StepdConfig(DetectorConfig):
    """A test for equal shares in the newest values and in all earlier ones (Nishida and Yamauchi 2007)."""

    takes: ClassVar[frozenset[ColumnKind]] = frozenset({"share"})
    batch_means: ClassVar[bool] = False

    kind: Literal["stepd"] = "stepd"
    window_size: int = Field(30, ge=1, le=100_000, description="newest values to compare with all earlier ones")
    alpha_drift: float = Field(
        0.003, gt=0, lt=1, description="significance level; smaller: later detection, fewer false alarms"
    )
    alpha_warning: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="significance level of the warning zone; its start is the estimated change point",
    )

    def make(self, context: DetectorContext = NO_CONTEXT) -> Stepd:
        return Stepd(self)


class Stepd:
    """The statistical test of equal proportions, vectorised.

    The test is the two-sided test of two proportions with continuity correction, made at each value from twice the
    window size on, on the values since the last drift. A difference below the correction counts as none; MOA uses the
    absolute value there, and therefore has false alarms on stationary streams whose ones are rare. The estimated
    change point is the start of the latest run of values at which the test at ``alpha_warning`` rejects.

    Source: Nishida, Yamauchi, "Detecting concept drift using statistical testing", Discovery Science 2007,
    pp. 264-269.

    >>> import numpy as np
    >>> values = np.concatenate([np.tile([0.0, 0.0, 0.0, 1.0], 250), np.ones(500)])
    >>> [(change.index, change.width) for change in StepdConfig().make().update_many(values)]
    [(1010, 5)]
    """

    def __init__(self, config: StepdConfig) -> None:
        self._size = config.window_size
        self._drift, self._warning = _two_sided(config.alpha_drift), _two_sided(config.alpha_warning)
        self._reset()

    def _reset(self) -> None:
        self._n, self._total = 0, 0.0
        #: The newest values, at most the window size.
        self._newest: Floats = np.empty(0)
        self._zone = Zone()

    def update_many(self, values: Floats) -> list[Change]:
        return scan(values, self._advance)

    def _advance(self, values: Floats) -> Change | None:
        """Process the values up to the first drift; return it after a reset, else None."""
        size, held, n = self._size, len(self._newest), self._n
        known = np.concatenate((self._newest, values))
        totals = running_totals(known, self._total - float(self._newest.sum()))
        statistic = self._statistic(len(values), totals)
        hit = first_hit(statistic > self._drift)
        last = len(values) if hit is None else hit + 1
        inside = statistic[:last] > min(self._drift, self._warning)
        self._zone = self._zone.grown(inside, np.arange(n, n + last + 1.0), totals[held:])
        self._n, self._total = n + last, float(totals[held + last])
        self._newest = known[max(len(known) - size, 0) :]
        return None if hit is None else self._change(hit)

    def _statistic(self, count: int, totals: Floats) -> Floats:
        """Return the test statistic after each of the newest ``count`` values, in standard deviations; 0 if none."""
        size = self._size
        statistic = np.zeros(count)
        tested = statistic[max(2 * size - 1 - self._n, 0) :]
        if not len(tested):
            return statistic
        n = np.arange(self._n + count - len(tested) + 1.0, self._n + count + 1.0)
        start, end = totals[len(totals) - len(tested) - size : -size], totals[-len(tested) :]
        # The difference less the correction, times size * (n - size): exact, so that no difference is exactly 0.
        excess = np.abs(start * size - (end - start) * (n - size)) - n / 2.0
        deviation = np.sqrt(end * (n - end) / n * size * (n - size))
        np.divide(excess, deviation, out=tested, where=(excess > 0) & (deviation > 0))
        return statistic

    def _change(self, index: int) -> Change:
        change = self._zone.change(index, self._n, self._total)
        self._reset()
        return change

    def state(self) -> dict[str, Any]:
        return {"n": self._n, "total": self._total, "newest": self._newest.tolist(), "zone": list(self._zone)}

    def restore(self, state: dict[str, Any]) -> None:
        self._n, self._total = state["n"], state["total"]
        self._newest, self._zone = np.array(state["newest"], dtype=np.float64), Zone(*state["zone"])


def _two_sided(alpha: float) -> float:
    """Return the number of standard deviations that a normal value exceeds, on either side, with this probability."""
    return -NormalDist().inv_cdf(max(alpha / 2.0, 5e-324))
