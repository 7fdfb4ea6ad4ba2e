"""Haar wavelet variances: how much means of neighbouring values differ, for blocks of 1, 2, 4 ... values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, column_sums

#: Number of levels; blocks of level j have ``2^j`` values.
LEVELS = 16
#: Blocks of one series that are few.
FEW = 64


class Columns(NamedTuple):
    """The sums of many `HaarVariances`, a column for each, shape (LEVELS, series) each."""

    held: Floats
    sums: Floats
    drifts: Floats
    limits: Floats


class HaarVariances:
    """The sums of squared Haar details of a series, level by level, in memory that does not grow.

    The detail of a pair of neighbouring blocks of ``2^j`` values is the difference of their sums. Blocks do not
    overlap. A step of the level touches only few of the details, and a drift moves all of them alike, so that these
    variances, unlike autocorrelations, hardly take it for dependence. All sums are taken in an order that does not
    depend on how the series is cut.

    Source: D. W. Allan, "Statistics of atomic frequency standards", Proceedings of the IEEE 54 (1966), pp. 221-230;
    D. B. Percival, "On estimation of the wavelet variance", Biometrika 82 (1995), pp. 619-631.

    >>> haar = HaarVariances()
    >>> haar.add(np.array([1.0, 3.0, 2.0, 2.0, 5.0]))
    >>> haar.sums[:2].tolist(), haar.counts[:2].tolist()
    ([4.0, 0.0], [2.0, 1.0])
    """

    def __init__(self) -> None:
        #: Number of values.
        self.count = 0
        #: The sums of squared details and of details of each level, and of the block that has no neighbour yet.
        self.sums, self.drifts, self.held = np.zeros((3, LEVELS))
        #: The largest detail of each level: a larger one counts as this. It is not part of the state.
        self.limits = np.full(LEVELS, np.inf)

    @property
    def counts(self) -> Floats:
        """The number of details of each level, shape (LEVELS,)."""
        return counts_of(self.count)

    def add(self, values: Floats) -> None:
        """Add the next values, shape (n,)."""
        known = Columns(*(each[:, None] for each in (self.held, self.sums, self.drifts, self.limits)))
        blocks, level = values[:, None], 0
        while len(blocks) > FEW and level < LEVELS:
            blocks = _halved(blocks, level, self.count, known)
            level += 1
        self._add_few(blocks[:, 0].tolist(), level)
        self.count += len(values)

    def _add_few(self, blocks: list[float], first: int) -> None:
        """Add the next blocks of a level, one by one, as `advance` does: that is faster for few values."""
        for level in range(first, LEVELS):
            if (self.count >> level) & 1:
                blocks = [float(self.held[level]), *blocks]
                self.held[level] = 0.0
            if len(blocks) % 2:
                self.held[level] = blocks[-1]
            if len(blocks) < 2:
                return
            pairs = list(zip(blocks[::2], blocks[1::2], strict=False))
            total, drift, limit = float(self.sums[level]), float(self.drifts[level]), float(self.limits[level])
            for left, right in pairs:
                detail = min(max(right - left, -limit), limit)
                total, drift = total + detail * detail, drift + detail
            self.sums[level], self.drifts[level] = total, drift
            blocks = [left + right for left, right in pairs]

    def state(self) -> list[float]:
        """Return the state as JSON values."""
        return [self.count, *self.sums.tolist(), *self.drifts.tolist(), *self.held.tolist()]

    def restore(self, state: Sequence[float]) -> None:
        """Load what `state` returned."""
        self.count = int(state[0])
        self.sums, self.drifts, self.held = np.array(state[1:]).reshape(3, LEVELS)


def counts_of(count: int) -> Floats:
    """Return the number of details of each level in a series of ``count`` values, shape (LEVELS,)."""
    return np.array([count >> (level + 1) for level in range(LEVELS)], dtype=np.float64)


def advance(count: int, known: Columns, values: Floats) -> None:
    """Add the next values of many series of the same length to what `HaarVariances` has of each.

    Args:
        count: The number of values of each series before them.
        known: Changed in place, except for the limits.
        values: Shape (n, series).
    """
    blocks = values
    for level in range(LEVELS):
        blocks = _halved(blocks, level, count, known)
        if not len(blocks):
            return


def _halved(blocks: Floats, level: int, count: int, known: Columns) -> Floats:
    """Add the next blocks of one level, shape (n, series); return those of the next level, which are half as many."""
    held, sums, drifts, limits = known
    if (count >> level) & 1:
        blocks = np.concatenate((held[level : level + 1], blocks))
        held[level] = 0.0
    pairs = len(blocks) // 2
    if len(blocks) % 2:
        held[level] = blocks[-1]
    left, right = blocks[: 2 * pairs : 2], blocks[1 : 2 * pairs : 2]
    if pairs:
        steps = np.empty((pairs + 1, blocks.shape[1]))
        np.subtract(right, left, out=steps[1:])
        np.clip(steps[1:], -limits[level], limits[level], out=steps[1:])
        steps[0] = drifts[level]
        drifts[level] = column_sums(steps)
        np.multiply(steps[1:], steps[1:], out=steps[1:])
        steps[0] = sums[level]
        sums[level] = column_sums(steps)
    return left + right
