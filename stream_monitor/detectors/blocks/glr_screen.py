"""The GLR detector's search for changes in many rows at once: bounds, and the formula where they are exceeded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Indices
from stream_monitor.detectors.blocks.glr_pairs import MARGIN, Pairs, RowLimits, WindowList, changed_rows, window_list
from stream_monitor.detectors.blocks.glr_rows import Layout, Piece, RowKinds
from stream_monitor.detectors.glr_windows import BLOCKS, MIN_BEFORE, RING, SHORT_BLOCKS

_EPSILON = float(np.finfo(np.float64).eps)


def fired(piece: Piece, limits: RowLimits) -> Bools:
    """Return a mask of the rows in which a window shows a change, shape (rows,); perhaps of a few more."""
    found = np.zeros(piece.known.shape[1], dtype=bool)
    if piece.levels:
        windows = window_list(piece.grid, piece.levels)
        pairs = _near(piece, windows, limits)
        for rows in changed_rows(piece, windows, limits, pairs) if pairs else ():
            found[rows] = True
    return found


def _near(piece: Piece, windows: WindowList, limits: RowLimits) -> Pairs | None:
    """Return the pairs whose sum of squares between the parts may be above the limit, None if none is.

    With the mean ``m`` of the values before the piece, the sums less ``m`` times the time stay about level. The
    excess of a window is the difference of two of them, less what the mean moves within the piece. It is compared
    with the least limit that the window has at any boundary: the spread does not fall from one to the next.
    """
    level = piece.times * (piece.before.sums / np.maximum(piece.before.n, 1))
    np.subtract(piece.known, level, out=level)
    least, shape = _least_excess(piece, windows, limits, level)
    # Of a row without a bound, all windows are near: no comparison with NaN is true.
    scale = 1.0 / np.where(least > 0.0, least, np.nan)
    empty = _is_empty(piece)
    if empty.any():
        scale[:, empty] = 0.0
    level *= scale.take(piece.layout.level, axis=0)
    found = [*_short(level[: piece.layout.ends[0]], shape), *_long(piece.layout, level, shape)]
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
    before = np.maximum(n - width, MIN_BEFORE) / np.maximum(n, width + MIN_BEFORE)
    needed = ratio / (end * limits.weight[: len(width)])
    share = _shares_of_squares(piece.kinds, needed)
    new = level[RING : piece.layout.ends[0]]
    moved = np.maximum(new.max(axis=0) - piece.before.sums, piece.before.sums - new.min(axis=0))
    spread, rounding = _least_spread(piece)
    excess = np.sqrt(spread * width * before * share) * (1.0 - MARGIN) - width * (moved / (n + 1.0)) - rounding
    if end.min() - MIN_BEFORE < width[-1]:
        excess = np.where(width > end - MIN_BEFORE, np.inf, excess)
    oldest = int(end.argmax()) if before.shape[1] > 1 else 0
    shape = np.sqrt(width[:, 0] * before[:, oldest] * ratio.min(axis=1))
    factors: Floats = np.minimum.reduceat(excess / shape[:, None], windows.firsts, axis=0)
    return factors, shape


def _shares_of_squares(kinds: RowKinds, needed: Floats) -> Floats:
    """Return the minimum share of the sum of squares for a change, as `Limits.of`, shape (windows, rows)."""
    if not kinds.number_count:
        return needed
    exact = -np.expm1(-2.0 * needed)
    return exact if kinds.are_alike else np.where(kinds.is_number, exact, needed)


def _least_spread(piece: Piece) -> tuple[Floats, Floats]:
    """Return a lower bound of the spread at all boundaries, and an upper one of the rounding errors of an excess."""
    before, after = piece.before, piece.after
    n = np.maximum(before.n, 1)
    size = piece.sizes(after)
    spread = piece.sizes(before) - before.sums * before.sums / n
    lost = 4.0 * (piece.counts + 8.0) * _EPSILON * size
    drift = np.abs(before.sums / n) * after.n
    rounding: Floats = 16.0 * _EPSILON * ((after.n * size) ** 0.5 + drift)
    return np.maximum(spread - lost, 1e-12 * before.squares) * (1.0 - MARGIN), rounding


Found = tuple[Indices, Indices, Indices]


def _apart(level: Floats, first: int, shortest: int, step: int, count: int) -> Floats:
    """Return the distance of each boundary from those ``shortest``, ``shortest + step``, ... places before it.

    Args:
        level: The level at each boundary, shape (boundaries, rows).
        first: The first boundary to compare.
        shortest: The smallest number of places.
        step: The difference of two numbers of places.
        count: The number of distances.

    Returns:
        The distances, shape (count, boundaries - first, rows).
    """
    boundaries, rows = level.shape
    row = 8 * rows
    shape, strides = (count, boundaries - first, rows), (-step * row, row, 8)
    before: Floats = np.ndarray(shape, np.float64, level, (first - shortest) * row, strides)
    apart: Floats = level[first:] - before
    return np.abs(apart, out=apart)


def _short(level: Floats, shape: Floats) -> Iterator[Found]:
    """Yield the pairs of the short windows that are not below their limit, as ends, windows and rows."""
    count = len(SHORT_BLOCKS)
    apart = _apart(level, RING, SHORT_BLOCKS[0], 1, count)
    highest = apart.reshape(count, -1).max(axis=1)
    for window in np.flatnonzero(~(highest <= shape[:count])).tolist():
        yield _pairs(apart[window], float(shape[window]), window, RING)


def _long(layout: Layout, level: Floats, shape: Floats) -> Iterator[Found]:
    """Yield the pairs of the long windows that are not below their limit, as ends, windows and rows."""
    count, skipped, longest = len(BLOCKS), len(SHORT_BLOCKS), BLOCKS[-1]
    apart = _apart(level, longest, BLOCKS[0], BLOCKS[1] - BLOCKS[0], count)
    # The differences from one level to the next, between two levels' own, mean nothing.
    begins, ends = layout.firsts + (RING - longest), layout.ends - longest
    cuts = np.array([begins, ends]).T.ravel()[:-1] * level.shape[1]
    highest = np.maximum.reduceat(apart.reshape(count, -1), cuts, axis=1)[:, ::2].T
    limits = shape[skipped:].reshape(-1, count)
    for each, place in np.argwhere(~(highest <= limits)).tolist():
        begin, window = int(begins[each]), skipped + count * each + place
        yield _pairs(apart[place, begin : ends[each]], float(shape[window]), window, begin + longest)


def _pairs(apart: Floats, limit: float, window: int, first: int) -> Found:
    places, rows = np.nonzero(~(apart <= limit))
    return places + first, np.full(len(rows), window), rows
