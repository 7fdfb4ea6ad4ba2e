"""The windows that the GLR detector tests, and the limits above which they show a change."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats

#: Lengths of the windows of level j, in blocks of ``clock 2^j`` values; level 0 has the short ones as well.
BLOCKS = (8, 10, 12, 14)
SHORT_BLOCKS = (1, 2, 3, 4, 5, 6, 7)
#: Block boundaries stored for each level: the longest window of a level, rounded up to a power of two.
RING = 16
#: Values before the first check, and minimum number of values before a change.
MIN_BEFORE = 32
#: Minimum number of ones (for a falling share: zeros) in the newest window: three in a row, however rare, are not
#: reported as a drift.
MIN_HITS = 4
#: The threshold applies to windows of ``LONG`` values and more; for a shorter window of n values it is higher by
#: ``SURCHARGE * log(LONG / n)``. There are far more independent short windows than long ones, so with equal
#: thresholds nearly all false alarms would come from the shortest; the surcharge spreads them over the lengths (the
#: scale-dependent penalty of Duembgen and Spokoiny, Annals of Statistics 29 (2001), p. 124). Of several pairs of
#: values compared at the same number of false alarms, these detected small changes first, and large ones at most one
#: value later.
LONG, SURCHARGE = 512, 1.5
#: Largest part of the variance that is taken to be hidden in the mean of all values.
MAX_LOST = 0.9


class Grid(NamedTuple):
    """The grid of window boundaries: ``clock`` values between two of them, and the number of levels."""

    clock: int
    levels: int


class Windows(NamedTuple):
    """The windows to test at the boundaries of a chunk; the same for all columns with equal counts.

    A pair is a boundary and a window that ends there; arrays have shape (pairs,) unless stated.

    Attributes:
        at: The index of the boundary in the chunk.
        start: The index of the window's first boundary in the concatenation of ring and chunk.
        width: The number of values in the window.
        surcharge: The amount by which the pair's threshold is higher than that of long windows.
        n: The number of values up to each boundary, shape (boundaries,).
        total: The number of values up to the pair's boundary.
        share_before: The share of the values that precede the window.
        gain: The factor from the squared excess of the window's sum to the sum of squares between the parts.
        ring_to: The indices in the ring at which the newest boundaries are stored.
        ring_from: The indices in the chunk of those boundaries.
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


class Limits(NamedTuple):
    """The limits that define a change.

    For numbers the limit on the sum of squares is exact; for shares it is a lower bound, because KL <= chi2.
    """

    threshold: float
    weight: float
    exact: bool
    weights: tuple[float, ...] = ()

    def of(self, windows: Windows) -> tuple[Floats, Floats, Floats]:
        """Return each pair's minimum likelihood ratio, weight, and minimum share of squares for a change."""
        ratio = self.threshold + windows.surcharge
        weight = self._weight(windows)
        needed = ratio / (windows.total * weight)
        return ratio, weight, -np.expm1(-2.0 * needed) if self.exact else needed

    def _weight(self, windows: Windows) -> Floats:
        """Return the weight of a value in each pair's window.

        The variance of dependent numbers is underestimated by that of their mean; both are compared at all values.
        """
        weight = self.at(windows.width)
        if not self.exact or not self.weights:
            return weight
        lost = np.minimum(1.0 / (windows.n * self.at(windows.n)), MAX_LOST)
        seen: Floats = weight * (1.0 - lost)[windows.at]
        return seen

    def at(self, lengths: Floats) -> Floats:
        """Return the weight of a value in means of these lengths; it is linear in their logarithm."""
        if not self.weights:
            return np.full(lengths.shape, self.weight)
        weights: Floats = np.interp(np.log2(lengths), np.arange(len(self.weights)), self.weights)
        return weights


class Plan(NamedTuple):
    """The windows, with each pair's minimum likelihood ratio, weight, and gain over the least share of squares."""

    windows: Windows
    least: Floats
    weight: Floats
    gain: Floats


@lru_cache(maxsize=16)
def plan_of(grid: Grid, block: int, count: int, limits: Limits) -> Plan:
    """Return the plan for the ``count`` boundaries after boundary number ``block``."""
    windows = _windows(grid, block, count)
    ratio, weight, least = limits.of(windows)
    return Plan(windows, ratio, weight, windows.gain / least)


@lru_cache(maxsize=8)
def _windows(grid: Grid, block: int, count: int) -> Windows:
    parts = [_pairs(grid, level, block, block + count) for level in range(grid.levels)]
    at, start, width, surcharge, ring_to, ring_from = (np.concatenate(part) for part in zip(*parts, strict=True))
    n = np.arange(block + 1.0, block + count + 1.0) * grid.clock
    total = n[at]
    before = total - width
    return Windows(
        at, start, width, surcharge, n, total, before / total, total / (width * before), ring_to, ring_from
    )


def _pairs(grid: Grid, level: int, block: int, end: int) -> tuple[NDArray[Any], ...]:
    """Return the pairs of one level: ``at``, ``start``, ``width``, ``surcharge``, ``ring_to`` and ``ring_from``."""
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


def bernoulli(mean: Floats, n: Floats) -> Floats:
    """Return the maximum log-likelihood of n values of 0 and 1 with this mean."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ones = np.where(mean > 0, mean * np.log(mean), 0.0)
        zeros = np.where(mean < 1, (1 - mean) * np.log1p(-mean), 0.0)
    likelihood: Floats = n * (ones + zeros)
    return likelihood
