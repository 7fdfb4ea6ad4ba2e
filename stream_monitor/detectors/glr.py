"""The generalised likelihood ratio (GLR) detector: the newest values against all earlier ones, at many lengths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from stream_monitor.core.arrays import ColumnKind, Floats, pack, unpack
from stream_monitor.detectors.base import NO_CONTEXT, Change, DetectorConfig, DetectorContext
from stream_monitor.detectors.glr_windows import BLOCKS, MIN_HITS, RING, Grid, Limits, Plan, bernoulli, plan_of
from stream_monitor.detectors.run_length import glr_threshold
from stream_monitor.detectors.scan import scan

#: Values per chunk: bounds the memory used for a long column.
CHUNK = 4096
#: Ratios that differ by less than this part of them are equal.
TIE = 1e-9
#: Values per chunk after a detection: values behind the next detection have to be scanned a second time.
CHUNK_AFTER = 512
#: A share is outside 0 to 1 by more than rounding errors from here on.
ROUNDING = 1e-9


class GlrConfig(DetectorConfig):
    """A test of the newest values against all earlier ones, over windows of many lengths at once (Lai 1995)."""

    takes: ClassVar[frozenset[ColumnKind]] = frozenset({"number", "share", "category"})
    budgeted: ClassVar[str | None] = "threshold"

    kind: Literal["glr"] = "glr"
    threshold: float = Field(
        9.5,
        gt=0,
        description="log-likelihood ratio of a change in windows of 512 values or more; shorter windows need more",
    )
    clock: int = Field(4, ge=1, le=1024, description="values between two checks, and the shortest window")
    max_window: int = Field(20_000, ge=64, description="maximum length of the window of newest values")
    min_effect: float = Field(
        0.05, ge=0, description="minimum size of a reported change, in standard deviations of the values"
    )

    def make(self, context: DetectorContext = NO_CONTEXT) -> Glr:
        if math.isinf(context.run_length) or "threshold" in self.model_fields_set:
            return Glr(self, context)
        threshold = glr_threshold(context.run_length * max(context.categories, 1))
        return Glr(self.model_copy(update={"threshold": threshold}), context)


@dataclass
class Statistics:
    """The sufficient statistics of the values since the last change.

    Attributes:
        n: The number of values.
        sums: The sum of each row, shape (rows,).
        squares: The sum of squares of numbers.
        offset: The first number, which is subtracted from all; None before it, and for shares and categories.
        ring: The sums at the newest boundaries of each level, shape (rows, levels * RING); those at boundary number
            q of a level stand at ``q % RING``.
    """

    n: int
    sums: Floats
    squares: float
    offset: float | None
    ring: Floats

    @classmethod
    def empty(cls, rows: int, levels: int) -> Statistics:
        """Return the statistics of no values."""
        return cls(0, np.zeros(rows), 0.0, None, np.zeros((rows, levels * RING)))


class Glr:
    """The window-limited generalised likelihood ratio ``n0 KL(m0 || m) + n1 KL(m1 || m)``.

    The means before (``m0``, of ``n0`` values), after (``m1``, of ``n1``) and over both (``m``) are compared for
    windows of ``n1`` newest values from ``clock`` to ``max_window``, spaced by factors of about 1.15; longer windows
    use coarser sums and are checked less often. Numbers are modelled as normal with unknown variance, for which the
    ratio is ``-n/2 ln(1 - B/S)`` (B: sum of squares between the two parts, S: total sum of squares); shares as
    Bernoulli; categories as one Bernoulli share each. The window with the highest ratio gives the estimated change
    point.

    Source: T. L. Lai, "Sequential changepoint detection in quality control and dynamical systems", JRSS B 57 (1995),
    pp. 613-658, section 3; D. Siegmund, E. S. Venkatraman, "Using the generalized likelihood ratio statistic for
    sequential detection of a change-point", Annals of Statistics 23 (1995), pp. 255-271.

    >>> import numpy as np
    >>> values = np.random.default_rng(1).normal(np.repeat([0.0, 1.0], 1000))
    >>> [(change.index, change.width) for change in GlrConfig().make().update_many(values)]
    [(1035, 20)]
    """

    def __init__(self, config: GlrConfig, context: DetectorContext = NO_CONTEXT) -> None:
        self.config, self.context = config, context
        self.rows = max(context.categories, 1) if context.kind == "category" else 1
        self.levels = max(int(math.log2(config.max_window / (BLOCKS[-1] * config.clock))), 0) + 1
        self.limits = Limits(config.threshold, context.weight, context.kind == "number", context.weights)
        self.statistics = Statistics.empty(self.rows, self.levels)

    def update_many(self, values: Floats) -> list[Change]:
        return scan(values, self._advance, CHUNK, CHUNK_AFTER)

    def _advance(self, values: Floats) -> Change | None:
        """Process the values up to the first change; return it after a reset, else None."""
        clock, statistics = self.config.clock, self.statistics
        columns = self._columns(values)
        sums = np.cumsum(np.concatenate((statistics.sums[:, None], columns), axis=1), axis=1)
        first = clock - statistics.n % clock
        boundaries = sums[:, first::clock]
        squares = self._add_squares(columns, slice(first, None, clock))
        block = statistics.n // clock
        statistics.sums, statistics.n = sums[:, -1].copy(), statistics.n + len(values)
        if not boundaries.shape[1]:
            return None
        plan = plan_of(Grid(clock, self.levels), block, boundaries.shape[1], self.limits)
        known = np.concatenate((statistics.ring, boundaries), axis=1)
        change = self._best(plan, known, boundaries, squares) if len(plan.windows.at) else None
        if change is None:
            statistics.ring[:, plan.windows.ring_to] = boundaries[:, plan.windows.ring_from]
            return None
        self.statistics = Statistics.empty(self.rows, self.levels)
        return change._replace(index=first - 1 + change.index * clock)

    def _columns(self, values: Floats) -> Floats:
        """Return the values as rows, shape (rows, n): numbers minus the first one, or an indicator per category.

        Indicators that are given as such, shape (n, rows), may be less a season.
        """
        if values.ndim == 2:
            return np.ascontiguousarray(values.T)
        if self.context.kind == "category":
            rows: Floats = (values == np.arange(self.rows)[:, None]).astype(np.float64)
            return rows
        if self.context.kind == "share":
            return values[None, :]
        if self.statistics.offset is None:
            self.statistics.offset = float(values[0])
        return (values - self.statistics.offset)[None, :]

    def _add_squares(self, columns: Floats, at: slice) -> Floats:
        """Return the running sums of squares at the boundaries; empty for shares, which need none."""
        if self.context.kind != "number":
            return columns[0, :0]
        squares = np.cumsum(np.concatenate(([self.statistics.squares], columns[0] ** 2)))
        self.statistics.squares = float(squares[-1])
        return squares[at]

    def _best(self, plan: Plan, known: Floats, boundaries: Floats, squares: Floats) -> Change | None:
        """Return the most likely change at the first boundary that has any; its index is that of the boundary."""
        found = []
        for row in range(self.rows):
            total = boundaries[row]
            if total[-1] == 0.0 and self.context.kind != "number":
                continue
            spread = self._spread(plan, total, squares)
            # The window's sum above its share of the total; squared and scaled, the sum of squares between the parts.
            excess = total[plan.windows.at] * plan.windows.share_before - known[row, plan.windows.start]
            between = excess * excess * plan.gain
            hits = np.flatnonzero(between > spread[plan.windows.at])
            if len(hits):
                found += self._judge(plan, hits, row, total, excess[hits], spread)
        if not found:
            return None
        at = min(place for place, *_ in found)
        first = [(ratio, change) for place, ratio, change in found if place == at]
        # Of equal ratios but for rounding, which hangs on the processor, the first one counts: that of the first
        # category, and of the shortest window.
        most = max(ratio for ratio, _ in first) * (1.0 - TIE)
        return next(change for ratio, change in first if ratio >= most)

    def _spread(self, plan: Plan, total: Floats, squares: Floats) -> Floats:
        """Return the sum of squared deviations from the mean up to each boundary, shape (boundaries,)."""
        if self.context.kind == "number":
            # A constant column has only rounding errors; the floor is a thousand times larger than those.
            return np.maximum(squares - total * total / plan.windows.n, 1e-12 * squares)
        return total * (1.0 - total / plan.windows.n)

    def _judge(
        self,
        plan: Plan,
        hits: NDArray[np.intp],
        row: int,
        total: Floats,
        excess: Floats,
        spread: Floats,
    ) -> list[tuple[int, float, Change]]:
        """Return the changes among the hits, as (boundary, ratio above the minimum, change) each."""
        at, after = plan.windows.at[hits], plan.windows.width[hits]
        n = plan.windows.n[at]
        before = n - after
        mean_after = total[at] / n + excess / after
        mean_before = total[at] / n - excess / before
        if self.context.kind == "number":
            squares = excess * excess * n / (before * after)
            ratio = -n / 2.0 * np.log1p(-np.minimum(squares / spread[at], 1 - 1e-12)) * plan.weight[hits]
            keep = np.ones(len(hits), dtype=bool)
        else:
            ratio, mean_before, mean_after = _share_ratio(total[at] / n, (mean_before, before), (mean_after, after))
            ratio *= plan.weight[hits]
            moved = np.where(excess > 0, mean_after, 1.0 - mean_after) * after
            keep = (ratio > plan.least[hits]) & (moved > MIN_HITS - 0.5)
            # An empty share is exactly 0, without rounding errors.
            mean_after, mean_before = np.round(mean_after, 12), np.round(mean_before, 12)
        keep &= (mean_after - mean_before) ** 2 >= self.config.min_effect**2 * spread[at] / n
        category = row if self.context.kind == "category" else None
        shift = self.statistics.offset or 0.0
        return [
            (
                int(at[i]),
                float(ratio[i] - plan.least[hits[i]]),
                Change(
                    int(at[i]), float(mean_before[i]) + shift, float(mean_after[i]) + shift, int(after[i]), category
                ),
            )
            for i in np.flatnonzero(keep)
        ]

    def mean(self, row: int = 0) -> float:
        """Return the mean of the values since the last change, or the share of a category; NaN without any."""
        statistics = self.statistics
        if not statistics.n:
            return math.nan
        return float(statistics.sums[row]) / statistics.n + (statistics.offset or 0.0)

    def state(self) -> dict[str, Any]:
        statistics = self.statistics
        return {
            "n": statistics.n,
            "sums": statistics.sums.tolist(),
            "squares": statistics.squares,
            "offset": statistics.offset,
            "ring": pack(statistics.ring),
        }

    def restore(self, state: dict[str, Any]) -> None:
        ring = unpack(state["ring"]).reshape(self.statistics.ring.shape)
        sums = np.array(state["sums"], dtype=np.float64)
        self.statistics = Statistics(state["n"], sums, state["squares"], state["offset"], ring)


def _share_ratio(
    mean: Floats, before: tuple[Floats, Floats], after: tuple[Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """Return the log-likelihood ratio of changes of a share, and the means before and after them within 0 to 1.

    Args:
        mean: The mean of all values, shape (changes,).
        before: The mean before each change, and the number of values.
        after: The same after it.
    """
    (mean_before, n_before), (mean_after, n_after) = before, after
    n = n_before + n_after
    is_outside = np.minimum(mean_after, mean_before) < -ROUNDING
    is_outside |= np.maximum(mean_after, mean_before) > 1.0 + ROUNDING
    mean_after, mean_before = np.clip(mean_after, 0.0, 1.0), np.clip(mean_before, 0.0, 1.0)
    # Less a season, a share may be below 0 or above 1: the mean is then that of the nearest possible ones.
    mean = np.where(is_outside, (mean_after * n_after + mean_before * n_before) / n, mean)
    ratio = bernoulli(mean_after, n_after) + bernoulli(mean_before, n_before) - bernoulli(mean, n)
    return ratio, mean_before, mean_after
