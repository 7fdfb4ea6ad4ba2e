"""GLR: the newest values against all before them, over windows of every length at once."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from stream_monitor.core.arrays import ColumnKind, Floats, pack, unpack
from stream_monitor.detectors.base import NO_CONTEXT, Change, DetectorConfig, DetectorContext
from stream_monitor.detectors.run_length import glr_threshold
from stream_monitor.detectors.scan import scan

#: Windows of level j are so many blocks of ``clock 2^j`` values; the lowest level has shorter ones too.
BLOCKS = (8, 10, 12, 14)
SHORT_BLOCKS = (1, 2, 3, 4, 5, 6, 7)
#: Block boundaries that a level remembers: the longest window of it, and the next power of two.
RING = 16
#: Values before the first check, and fewest values before a change.
MIN_BEFORE = 32
#: Fewest ones (of a falling share: zeros) in the newest window: three in a row are no drift, however rare they are.
MIN_HITS = 4
#: The threshold holds for windows of so many values and more; in shorter ones it is higher, by so much per log of
#: how much shorter they are. There are far more independent windows of a short length, so at an equal threshold
#: nearly all false alarms would come from the shortest; this shares them out (the scale-dependent penalty of Duembgen
#: and Spokoiny, Annals of Statistics 29 (2001), p. 124). Of several slopes and ends, at the same number of false
#: alarms, these found small changes soonest, and large ones one value later at most.
LONG, SURCHARGE = 512, 1.5
#: Values that are scanned at once: it bounds the memory that a long column takes.
CHUNK = 4096
#: Values scanned at once behind a detection: what stands behind the next one is scanned again.
CHUNK_AFTER = 512


class GlrConfig(DetectorConfig):
    """Compares the newest values with all before them, at many lengths at once (Lai 1995)."""

    takes: ClassVar[frozenset[ColumnKind]] = frozenset({"number", "share", "category"})
    budgeted: ClassVar[str | None] = "threshold"

    kind: Literal["glr"] = "glr"
    threshold: float = Field(
        9.5, gt=0, description="log-likelihood ratio that is a change in 512 values or more; in fewer, more"
    )
    clock: int = Field(4, ge=1, le=1024, description="values between two checks, and the shortest window")
    max_window: int = Field(20_000, ge=64, description="longest window of newest values")
    min_effect: float = Field(
        0.05, ge=0, description="smallest change that is reported, in standard deviations of the values"
    )

    def make(self, terms: DetectorContext = NO_CONTEXT) -> Glr:
        if math.isinf(terms.run_length) or "threshold" in self.model_fields_set:
            return Glr(self, terms)
        threshold = glr_threshold(terms.run_length * max(terms.categories, 1))
        return Glr(self.model_copy(update={"threshold": threshold}), terms)


class _Grid(NamedTuple):
    """Where windows begin and end."""

    clock: int
    levels: int


class _Windows(NamedTuple):
    """Which sums are compared at the boundaries of a chunk; the same for all columns in step.

    Of pair p: its boundary ``at[p]`` in the chunk, the place ``start[p]`` of the window's first boundary among ring
    and chunk, the window's ``width[p]`` of ``total[p]`` values, by how much its threshold is higher (``surcharge``),
    and what its sum and its square are weighed with. ``n`` counts values at each boundary.
    """

    at: NDArray[np.intp]
    start: NDArray[np.intp]
    width: Floats
    surcharge: Floats
    n: Floats
    total: Floats
    share_before: Floats
    gain: Floats
    ring_to: NDArray[np.intp]
    ring_from: NDArray[np.intp]


class _Limits(NamedTuple):
    """What a change is: of numbers the limit on the sum of squares is exact; of shares a bound, since KL <= chi2."""

    threshold: float
    weight: float
    exact: bool

    def of(self, windows: _Windows) -> tuple[Floats, Floats]:
        """For each pair: the least ratio that is a change, and the least share of the sum of squares."""
        ratio = self.threshold + windows.surcharge
        needed = ratio / (windows.total * self.weight)
        return ratio, -np.expm1(-2.0 * needed) if self.exact else needed


class _Plan(NamedTuple):
    """The windows with what a change is: the ``least`` ratio, and the ``gain`` that brings a square to the limit."""

    windows: _Windows
    least: Floats
    gain: Floats


class Glr:
    """The window-limited generalised likelihood ratio ``n0 KL(m0 || m) + n1 KL(m1 || m)``.

    The means before (``m0``, of ``n0`` values), after (``m1``, of ``n1``) and over both (``m``) are compared for
    windows of ``n1`` newest values from ``clock`` to ``max_window``, spaced by factors of about 1.15; longer ones on
    coarser sums and less often. A number is taken as normal with unknown variance, for which the ratio is
    ``-n/2 ln(1 - B/S)`` (B: sum of squares between the two parts, S: over all); a share as Bernoulli; categories as
    one share each. The best window is the estimate of the change point.

    Source: T. L. Lai, "Sequential changepoint detection in quality control and dynamical systems", JRSS B 57 (1995),
    pp. 613-658, section 3; D. Siegmund, E. S. Venkatraman, "Using the generalized likelihood ratio statistic for
    sequential detection of a change-point", Annals of Statistics 23 (1995), pp. 255-271.

    >>> import numpy as np
    >>> values = np.random.default_rng(1).normal(np.repeat([0.0, 1.0], 1000))
    >>> [(change.index, change.width) for change in GlrConfig().make().update_many(values)]
    [(1035, 20)]
    """

    def __init__(self, config: GlrConfig, terms: DetectorContext = NO_CONTEXT) -> None:
        self._config, self._terms = config, terms
        self._rows = max(terms.categories, 1) if terms.kind == "category" else 1
        self._levels = max(int(math.log2(config.max_window / (BLOCKS[-1] * config.clock))), 0) + 1
        self._limits = _Limits(config.threshold, terms.weight, terms.kind == "number")
        self._reset()

    def _reset(self) -> None:
        self._n = 0
        self._sums = np.zeros(self._rows)
        self._squares = 0.0
        self._offset: float | None = None
        self._ring = np.zeros((self._rows, self._levels * RING))

    def update_many(self, values: Floats) -> list[Change]:
        return scan(values, self._advance, CHUNK, CHUNK_AFTER)

    def _advance(self, values: Floats) -> Change | None:
        """Take all the values, or stop at the first change: what is known then is of no more use."""
        columns = self._columns(values)
        sums = np.cumsum(np.concatenate((self._sums[:, None], columns), axis=1), axis=1)
        first = self._config.clock - self._n % self._config.clock
        boundaries = sums[:, first :: self._config.clock]
        squares = self._add_squares(columns, slice(first, None, self._config.clock))
        block = self._n // self._config.clock
        self._sums, self._n = sums[:, -1], self._n + len(values)
        if not boundaries.shape[1]:
            return None
        plan = _plan(_Grid(self._config.clock, self._levels), block, boundaries.shape[1], self._limits)
        known = np.concatenate((self._ring, boundaries), axis=1)
        change = self._best(plan, known, boundaries, squares) if len(plan.windows.at) else None
        if change is None:
            self._ring[:, plan.windows.ring_to] = boundaries[:, plan.windows.ring_from]
            return None
        self._reset()
        return change._replace(index=first - 1 + change.index * self._config.clock)

    def _columns(self, values: Floats) -> Floats:
        """One row of numbers, shape (rows, n): the values, less the first one ever; or whether each is a category."""
        if self._terms.kind == "category":
            rows: Floats = (values == np.arange(self._rows)[:, None]).astype(np.float64)
            return rows
        if self._terms.kind == "share":
            return values[None, :]
        if self._offset is None:
            self._offset = float(values[0])
        return (values - self._offset)[None, :]

    def _add_squares(self, columns: Floats, at: slice) -> Floats:
        """The sums of squares at the boundaries; of shares nobody needs them."""
        if self._terms.kind != "number":
            return columns[0, :0]
        squares = np.cumsum(np.concatenate(([self._squares], columns[0] ** 2)))
        self._squares = float(squares[-1])
        return squares[at]

    def _best(self, plan: _Plan, known: Floats, boundaries: Floats, squares: Floats) -> Change | None:
        """The likeliest change at the first boundary where there is one; its index is the boundary's."""
        found = []
        for row in range(self._rows):
            total = boundaries[row]
            if total[-1] == 0.0 and self._terms.kind != "number":
                continue
            spread = self._spread(plan, total, squares)
            # What the window has more than its share of all; squared and weighed, the sum of squares between.
            excess = total[plan.windows.at] * plan.windows.share_before - known[row, plan.windows.start]
            between = excess * excess * plan.gain
            hits = np.flatnonzero(between > spread[plan.windows.at])
            if len(hits):
                found += self._judge(plan, hits, row, total, excess[hits], between[hits], spread)
        if not found:
            return None
        at = min(place for place, *_ in found)
        _, _, change = max((one for one in found if one[0] == at), key=lambda one: one[1])
        return change

    def _spread(self, plan: _Plan, total: Floats, squares: Floats) -> Floats:
        """The sum of squared deviations from the mean at each boundary, shape (boundaries,)."""
        if self._terms.kind == "number":
            # A constant has none but rounding errors; what is a thousand times above those is a spread.
            return np.maximum(squares - total * total / plan.windows.n, 1e-12 * squares)
        return total * (1.0 - total / plan.windows.n)

    def _judge(
        self,
        plan: _Plan,
        hits: NDArray[np.intp],
        row: int,
        total: Floats,
        excess: Floats,
        between: Floats,
        spread: Floats,
    ) -> list[tuple[int, float, Change]]:
        """The changes among the hits: (boundary, ratio, change) each."""
        at, after = plan.windows.at[hits], plan.windows.width[hits]
        n = plan.windows.n[at]
        before = n - after
        mean_after = total[at] / n + excess / after
        mean_before = total[at] / n - excess / before
        if self._terms.kind == "number":
            squares = excess * excess * n / (before * after)
            ratio = -n / 2.0 * np.log1p(-np.minimum(squares / spread[at], 1 - 1e-12)) * self._terms.weight
            keep = np.ones(len(hits), dtype=bool)
        else:
            mean_after, mean_before = np.clip(mean_after, 0.0, 1.0), np.clip(mean_before, 0.0, 1.0)
            ratio = _bernoulli(mean_after, after) + _bernoulli(mean_before, before) - _bernoulli(total[at] / n, n)
            ratio *= self._terms.weight
            moved = np.where(excess > 0, mean_after, 1.0 - mean_after) * after
            keep = (ratio > plan.least[hits]) & (moved > MIN_HITS - 0.5)
            # A share of none is 0, not what rounding leaves of it.
            mean_after, mean_before = np.round(mean_after, 12), np.round(mean_before, 12)
        keep &= (mean_after - mean_before) ** 2 >= self._config.min_effect**2 * spread[at] / n
        category = row if self._terms.kind == "category" else None
        shift = self._offset or 0.0
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

    def state(self) -> dict[str, Any]:
        return {
            "n": self._n,
            "sums": self._sums.tolist(),
            "squares": self._squares,
            "offset": self._offset,
            "ring": pack(self._ring),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._n, self._squares, self._offset = state["n"], state["squares"], state["offset"]
        self._sums = np.array(state["sums"], dtype=np.float64)
        self._ring = unpack(state["ring"]).reshape(self._ring.shape)


def _bernoulli(mean: Floats, n: Floats) -> Floats:
    """The largest log-likelihood of n values of 0 and 1 with this mean."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ones = np.where(mean > 0, mean * np.log(mean), 0.0)
        zeros = np.where(mean < 1, (1 - mean) * np.log1p(-mean), 0.0)
    likelihood: Floats = n * (ones + zeros)
    return likelihood


@lru_cache(maxsize=16)
def _plan(grid: _Grid, block: int, count: int, limits: _Limits) -> _Plan:
    """The plan of ``count`` boundaries behind the one of number ``block``."""
    windows = _windows(grid, block, count)
    ratio, least = limits.of(windows)
    return _Plan(windows, ratio, windows.gain / least)


@lru_cache(maxsize=8)
def _windows(grid: _Grid, block: int, count: int) -> _Windows:
    parts = [_pairs(grid, level, block, block + count) for level in range(grid.levels)]
    at, start, width, surcharge, ring_to, ring_from = (np.concatenate(part) for part in zip(*parts, strict=True))
    n = np.arange(block + 1.0, block + count + 1.0) * grid.clock
    total = n[at]
    before = total - width
    return _Windows(
        at, start, width, surcharge, n, total, before / total, total / (width * before), ring_to, ring_from
    )


def _pairs(grid: _Grid, level: int, block: int, end: int) -> tuple[NDArray[Any], ...]:
    """Of one level: boundary, place of the first boundary, and width of each pair; and what its ring takes up."""
    numbers = np.arange((block >> level) + 1, (end >> level) + 1) << level
    blocks = np.array((*SHORT_BLOCKS, *BLOCKS) if level == 0 else BLOCKS) << level
    begin = numbers[:, None] - blocks
    keep = begin * grid.clock >= MIN_BEFORE
    at = np.broadcast_to((numbers - block - 1)[:, None], begin.shape)[keep]
    ring = level * RING + (begin >> level) % RING
    start = np.where(begin > block, grid.levels * RING + begin - block - 1, ring)[keep]
    widths = blocks * float(grid.clock)
    width = np.broadcast_to(widths, begin.shape)[keep]
    surcharge = np.broadcast_to(SURCHARGE * np.log(LONG / np.minimum(widths, LONG)), begin.shape)[keep]
    newest = numbers[-RING:]
    return at, start, width, surcharge, level * RING + (newest >> level) % RING, newest - block - 1
