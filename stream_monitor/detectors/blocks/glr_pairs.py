"""The formula of the GLR detector for single pairs of a window and a row, out of many rows side by side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Bools, Floats
from stream_monitor.detectors.blocks.glr_rows import Piece
from stream_monitor.detectors.glr_windows import (
    BLOCKS,
    LONG,
    MIN_BEFORE,
    MIN_HITS,
    SHORT_BLOCKS,
    SURCHARGE,
    Grid,
    bernoulli,
)

#: Limits are lowered by this share: far more than rounding, or another processor's logarithm, can change them.
MARGIN = 1e-6


class RowLimits(NamedTuple):
    """The limits that define a change in each row.

    Attributes:
        threshold: The log-likelihood ratio of a change in long windows, shape (rows,).
        weight: The number of independent values that a value is worth in each window, shape (windows, rows); shape
            (1, rows) where it is the same in all.
        min_effect: The minimum size of a change, in standard deviations of the values.
    """

    threshold: Floats
    weight: Floats
    min_effect: float

    def weight_of(self, windows: NDArray[np.intp], rows: NDArray[np.intp]) -> Floats:
        """Return the weights of pairs of window and row, at most: a window's is less where few values precede it."""
        weight: Floats = self.weight[windows if len(self.weight) > 1 else 0, rows]
        return weight


class WindowList(NamedTuple):
    """All windows of the first levels, shortest first within each level; arrays have shape (windows, 1)."""

    blocks: NDArray[np.intp]
    width: Floats
    surcharge: Floats
    #: The index of each level's first window, shape (levels,).
    firsts: NDArray[np.intp]


class Pairs(NamedTuple):
    """Pairs of a window and a row in which it may show a change; all of shape (pairs,).

    Attributes:
        end: The index of the boundary at which the window ends.
        window: The index of the window.
        row: The row.
    """

    end: NDArray[np.intp]
    window: NDArray[np.intp]
    row: NDArray[np.intp]

    def only(self, mask: Bools) -> Pairs:
        """Return some of the pairs."""
        return Pairs._make(each[mask] for each in self)


@lru_cache(maxsize=64)
def window_list(grid: Grid, levels: int) -> WindowList:
    """Return the windows of the first levels of a grid."""
    blocks = [(*SHORT_BLOCKS, *BLOCKS) if level == 0 else BLOCKS for level in range(levels)]
    width = np.concatenate([np.array(each) * float(grid.clock << level) for level, each in enumerate(blocks)])
    surcharge = SURCHARGE * np.log(LONG / np.minimum(width, LONG))
    firsts = np.cumsum([0, *map(len, blocks)])[:-1]
    return WindowList(np.concatenate(blocks), width[:, None], surcharge[:, None], firsts)


class _Splits(NamedTuple):
    """The numbers of pairs that `Glr` computes, under the same names; all of shape (pairs,)."""

    row: NDArray[np.intp]
    width: Floats
    n: Floats
    total: Floats
    excess: Floats
    spread: Floats
    ratio: Floats
    weight: Floats

    def only(self, mask: Bools) -> _Splits:
        return _Splits._make(each[mask] for each in self)

    @property
    def before(self) -> Floats:
        return self.n - self.width

    @property
    def means(self) -> tuple[Floats, Floats]:
        """The means before the window and in it."""
        mean = self.total / self.n
        return mean - self.excess / self.before, mean + self.excess / self.width


def changed_rows(piece: Piece, windows: WindowList, limits: RowLimits, pairs: Pairs) -> Iterator[NDArray[np.intp]]:
    """Yield the rows of the pairs that show a change, some of them more than once: of shares, and of numbers."""
    is_number = piece.kinds.is_number[pairs.row]
    for squared in (False, True):
        some = pairs.only(is_number == squared)
        if len(some.row):
            yield _changed_rows(piece, windows, limits, some, squared)


def _changed_rows(
    piece: Piece, windows: WindowList, limits: RowLimits, pairs: Pairs, squared: bool
) -> NDArray[np.intp]:
    """Return the rows that show a change, of pairs of numbers (``squared``) or of shares."""
    splits = _split(piece, windows, limits, pairs, squared)
    splits = splits.only(_is_apart(splits, squared))
    before, after = splits.means
    if not squared:
        before, after = np.clip(before, 0.0, 1.0), np.clip(after, 0.0, 1.0)
        moved = np.where(splits.excess > 0, after, 1.0 - after) * splits.width
        enough = moved > MIN_HITS - 0.5
        splits, before, after = splits.only(enough), before[enough], after[enough]
        likely = _is_likely(splits, before, after)
        splits, before, after = splits.only(likely), np.round(before[likely], 12), np.round(after[likely], 12)
    effect = (after - before) ** 2
    return splits.row[effect * (1.0 + MARGIN) >= limits.min_effect**2 * splits.spread / splits.n]


def _split(piece: Piece, windows: WindowList, limits: RowLimits, pairs: Pairs, squared: bool) -> _Splits:
    """Return the numbers of the pairs that exist: those of boundaries inside the piece, with values before them."""
    n = (piece.before.n[pairs.row] + piece.time(pairs.end, pairs.row)).astype(np.float64)
    width = windows.width[pairs.window, 0]
    exists = (n <= piece.after.n[pairs.row]) & (n - width >= MIN_BEFORE)
    n, width, (end, window, row) = n[exists], width[exists], (each[exists] for each in pairs)
    total, start = piece.known[end, row], piece.known[end - windows.blocks[window], row]
    if squared:
        squares = piece.squares_at(end, row)
        spread = np.maximum(squares - total * total / n, 1e-12 * squares)
    else:
        spread = total * (1.0 - total / n)
    ratio = limits.threshold[row] + windows.surcharge[window, 0]
    excess = total * ((n - width) / n) - start
    return _Splits(row, width, n, total, excess, spread, ratio, limits.weight_of(window, row))


def _is_apart(splits: _Splits, exact: bool) -> Bools:
    """Return a mask of the pairs whose sum of squares between the parts is above the limit."""
    n = splits.n
    needed = splits.ratio / (n * splits.weight)
    least = -np.expm1(-2.0 * needed) if exact else needed
    between = splits.excess * splits.excess * (n / (splits.width * splits.before) / least)
    apart: Bools = between * (1.0 + MARGIN) > splits.spread
    return apart


def _is_likely(splits: _Splits, before: Floats, after: Floats) -> Bools:
    """Return a mask of the pairs of shares whose likelihood ratio is above the limit."""
    alike = bernoulli(splits.total / splits.n, splits.n)
    ratio = bernoulli(after, splits.width) + bernoulli(before, splits.before) - alike
    rounding = MARGIN * (1.0 + np.abs(alike) * 1e-6)
    likely: Bools = (ratio + rounding) * splits.weight > splits.ratio
    return likely
