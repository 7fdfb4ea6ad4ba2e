"""The GLR detector's search for changes in many rows at once: bounds, and the formula where they are exceeded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Bools, Floats
from stream_monitor.detectors.blocks.glr_pairs import MARGIN, Pairs, RowLimits, WindowList, changed_rows, window_list
from stream_monitor.detectors.blocks.glr_rows import Piece
from stream_monitor.detectors.glr_windows import BLOCKS, MIN_BEFORE, RING, SHORT_BLOCKS

_EPSILON = float(np.finfo(np.float64).eps)


def fired(piece: Piece, limits: RowLimits) -> Bools:
    """Return a mask of the rows in which a window shows a change, shape (rows,); perhaps of a few more."""
    found = np.zeros(piece.known.shape[1], dtype=bool)
    if piece.levels:
        with np.errstate(all="ignore"):
            windows = window_list(piece.grid, piece.levels)
            pairs = _near(piece, windows, limits)
            if pairs:
                found[changed_rows(piece, windows, limits, pairs)] = True
    return found


def _near(piece: Piece, windows: WindowList, limits: RowLimits) -> Pairs | None:
    """Return the pairs whose sum of squares between the parts may be above the limit, None if none is.

    With the mean ``m`` of the values before the piece, the sums less ``m`` times the time stay about level. The
    excess of a window is the difference of two of them, less what the mean moves within the piece. It is compared
    with the least limit that the window has at any boundary: the spread does not fall from one to the next.
    """
    mean = piece.before.sums / np.maximum(piece.before.n, 1)
    level = piece.known - piece.times * mean
    least, shape = _least_excess(piece, windows, limits, level)
    # Of a row without a bound, all windows are near: no comparison with NaN is true.
    scale = 1.0 / np.where(least > 0.0, least, np.nan)
    scale[:, _is_empty(piece)] = 0.0
    level *= scale[piece.layout.level]
    found = [*_short(level[: piece.ends[0]], shape), *_long(piece, level, shape)]
    return Pairs(*(np.concatenate(part) for part in zip(*found, strict=True))) if found else None


def _is_empty(piece: Piece) -> Bools:
    """Return a mask of the rows that have had no value but 0."""
    empty: Bools = piece.after.squares + piece.after.sums == 0.0
    if empty.any():
        empty &= ~piece.known.any(axis=0)
    return empty


def _least_excess(piece: Piece, windows: WindowList, limits: RowLimits, level: Floats) -> tuple[Floats, Floats]:
    """Return the lower bounds of the excess of a change.

    Returns:
        A factor for each level and row, shape (levels, rows), and the shape over the windows that it stretches,
        shape (windows,).
    """
    n, end = piece.n.astype(np.float64), (piece.n + piece.counts).astype(np.float64)
    width = windows.width
    ratio = windows.surcharge + limits.threshold
    before = np.where(n - width >= MIN_BEFORE, (n - width) / n, MIN_BEFORE / (width + MIN_BEFORE))
    needed = ratio / (end * limits.weight)
    share = -np.expm1(-2.0 * needed) if piece.squared else needed
    new = level[RING : piece.ends[0]]
    moved = np.maximum(new.max(axis=0) - piece.before.sums, piece.before.sums - new.min(axis=0))
    spread, rounding = _least_spread(piece)
    excess = np.sqrt(spread * width * before * share) * (1.0 - MARGIN) - width * (moved / (n + 1.0)) - rounding
    excess[np.broadcast_to(width > end - MIN_BEFORE, excess.shape)] = np.inf
    oldest = int(end.argmax()) if before.shape[1] > 1 else 0
    shape = np.sqrt(width[:, 0] * before[:, oldest] * ratio.min(axis=1))
    factors: Floats = np.minimum.reduceat(excess / shape[:, None], windows.firsts, axis=0)
    return factors, shape


def _least_spread(piece: Piece) -> tuple[Floats, Floats]:
    """Return a lower bound of the spread at all boundaries, and an upper one of the rounding errors of an excess."""
    before, after = piece.before, piece.after
    n = np.maximum(before.n, 1)
    if piece.squared:
        size, floor = after.squares, 1e-12 * before.squares
        spread, largest = before.squares - before.sums * before.sums / n, (after.n * size) ** 0.5
    else:
        size, floor = after.sums, np.zeros(len(n))
        spread, largest = before.sums * (1.0 - before.sums / n), after.sums
    lost = 4.0 * (piece.counts + 8.0) * _EPSILON * size
    drift = np.abs(before.sums / n) * after.n
    rounding: Floats = 16.0 * _EPSILON * (largest + drift)
    return np.maximum(spread - lost, floor) * (1.0 - MARGIN), rounding


Found = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]


def _short(level: Floats, shape: Floats) -> Iterator[Found]:
    """Yield the pairs of the short windows that are not below their limit, as ends, windows and rows."""
    for window, blocks in enumerate(SHORT_BLOCKS):
        apart = level[RING:] - level[RING - blocks : -blocks]
        if not (apart.max() <= shape[window] and apart.min() >= -shape[window]):
            yield _pairs(apart, shape, window, RING)


def _long(piece: Piece, level: Floats, shape: Floats) -> Iterator[Found]:
    """Yield the pairs of the long windows that are not below their limit, as ends, windows and rows."""
    rows, levels = level.shape[1], np.arange(piece.levels)
    for place, blocks in enumerate(BLOCKS):
        apart = level[blocks:] - level[:-blocks]
        begins, ends = piece.layout.firsts + RING - blocks, piece.ends - blocks
        # The differences from one level to the next, between two levels' own, mean nothing.
        cuts = np.stack((begins, ends), axis=1).ravel()[:-1] * rows
        highest, lowest = (each.reduceat(apart.ravel(), cuts)[::2] for each in (np.maximum, np.minimum))
        window = len(SHORT_BLOCKS) + len(BLOCKS) * levels + place
        for each in np.flatnonzero(~((highest <= shape[window]) & (lowest >= -shape[window]))):
            part = apart[begins[each] : ends[each]]
            yield _pairs(part, shape, int(window[each]), int(begins[each]) + blocks)


def _pairs(apart: Floats, shape: Floats, window: int, first: int) -> Found:
    places, rows = np.nonzero(~(np.abs(apart) <= shape[window]))
    return places + first, np.full(len(rows), window), rows
