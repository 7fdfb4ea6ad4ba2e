"""The distribution functions of many windows of numbers and of their references."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.stats.ragged import Ragged
from stream_monitor.stats.reference import NumericReference
from stream_monitor.stats.reference.numeric import LIMIT


class ManySteps:
    """Windows and references as step functions: see `stream_monitor.stats.distances.Steps`.

    Each window is a row of n values, and so are the knots of its reference, with infinities behind the last one.

    Args:
        references: The reference of each window.
        windows: n finite values each, in any order.
    """

    def __init__(self, references: Sequence[NumericReference], windows: Sequence[Floats]) -> None:
        self._references = references
        self._values = np.array(windows)
        self._values.sort(axis=1)
        self._ranks = np.arange(self._values.shape[1] + 1) / self._values.shape[1]
        self._knots = [len(reference.values) for reference in references]
        self._left = self._knot_places()
        self._pieces = self._value_pieces()
        self._reference_below, self._reference_upto = self._reference_shares()

    def kolmogorov_smirnov(self) -> list[float]:
        """Return the largest difference of the two functions of each window."""
        above = (self._ranks[1:] - self._reference_upto).max(axis=1)
        under = (self._reference_below - self._ranks[:-1]).max(axis=1)
        found: list[float] = np.maximum(above, under).tolist()
        return found

    def wasserstein(self) -> list[float]:
        """Return the Wasserstein distance of each window, in standard deviations of its reference."""
        x, window, left, right = (merged.ravel() for merged in self._merged())
        # As for one window; a difference from one row to the next is calculated, too, and not used.
        start, end = right[:-1] - window[:-1], left[1:] - window[:-1]
        crossing = np.flatnonzero(start * end < 0)
        first, last = np.abs(start, out=start), np.abs(end, out=end)
        heights = first + last
        squares = first[crossing] * first[crossing] + last[crossing] * last[crossing]
        heights[crossing] = squares / heights[crossing]
        heights /= 2.0
        heights *= np.diff(x)
        size, room = self._values.shape[1], sum(part.shape[1] for part in (self._values, self._left))
        begins = range(0, room * len(self._knots), room)
        pairs = zip(begins, self._knots, strict=True)
        return [float(np.add.reduce(heights[begin : begin + size + knots - 1])) for begin, knots in pairs]

    def bins(self) -> tuple[Ragged, Floats, Floats]:
        """Return the places of the windows' bins, the counts in them, and the references' shares in them."""
        each = [reference.cuts for reference in self._references]
        cuts = Ragged([len(values) for values, _, _ in each])
        upto = [
            np.where(goes_left, row.searchsorted(values, "right"), row.searchsorted(values))
            for row, (values, goes_left, _) in zip(self._values, each, strict=True)
        ]
        rows = Ragged(cuts.lengths + 1)
        sizes = np.full(len(each), float(self._values.shape[1]))
        counts = _differences(rows, np.concatenate(upto).astype(np.float64), sizes)
        return rows, counts, _differences(rows, np.concatenate([shares for _, _, shares in each]), np.ones(len(each)))

    def _knot_places(self) -> Ints:
        """Return how many values are below each knot, n behind the last one: shape (windows, most knots)."""
        rows, size = self._values.shape
        places = np.full((rows, max(self._knots)), size)
        for row, values, reference in zip(places, self._values, self._references, strict=True):
            row[: len(reference.values)] = values.searchsorted(reference.values)
        return places

    def _value_pieces(self) -> Ints:
        """Return how many knots are at most each value, the number of the reference's piece: shape (windows, n).

        The pieces of a row follow those of the row before, at which its numbers begin.
        """
        rows, size = self._values.shape
        room = self._left.shape[1] + 1
        counts = np.diff(self._left, prepend=0, append=size)
        pieces: Ints = np.arange(rows * room).repeat(counts.ravel())
        return pieces.reshape(rows, size)

    def _reference_shares(self) -> tuple[Floats, Floats]:
        """Return the share of the reference below each value, and the share that is at most it."""
        rows, room = len(self._knots), self._left.shape[1] + 1
        table = np.zeros((5, rows, room))
        for number, (reference, knots) in enumerate(zip(self._references, self._knots, strict=True)):
            table[:, number, : knots + 1] = reference.pieces
        knots_of, upto, limit, unit, slopes = table.reshape(5, -1)
        piece = self._pieces
        with np.errstate(over="ignore"):
            way = self._values * np.array([[each.scale] for each in self._references])
        # Beyond the knots the share is constant.
        np.clip(way, -1.0, 1.0, out=way)
        way -= unit[piece]
        way *= slopes[piece]
        way += upto[piece]
        at = np.minimum(way, limit[piece], out=way)
        below, is_knot = at.copy(), np.flatnonzero(knots_of[piece] == self._values)
        below.ravel()[is_knot] = limit[piece.ravel()[is_knot] - 1]
        return below, at

    def _merged(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return knots and values in order, an equal knot first: standardised, and the shares of `wasserstein`.

        These are the share of the window up to each, and the shares of the reference below and at most it.
        """
        (rows, size), most = self._values.shape, self._left.shape[1]
        of_knots = np.zeros((3, rows, most))
        for number, (reference, knots) in enumerate(zip(self._references, self._knots, strict=True)):
            of_knots[:, number, :knots] = reference.standard_values, reference.below, reference.upto
        is_knot = np.zeros((rows, size + most), dtype=np.bool_)
        is_knot.ravel()[self._left + np.arange(most) + np.arange(0, is_knot.size, size + most)[:, None]] = True
        is_value = ~is_knot
        x, window, right = np.empty((3, rows, size + most))
        x[is_value], x[is_knot] = self._standardised().ravel(), of_knots[0].ravel()
        window[is_value], window[is_knot] = np.tile(self._ranks[1:], rows), (self._left / size).ravel()
        right[is_value] = self._reference_upto.ravel()
        left = right.copy()
        left[is_knot], right[is_knot] = of_knots[1].ravel(), of_knots[2].ravel()
        return x, window, left, right

    def _standardised(self) -> Floats:
        """Return the values in standard deviations from the mean of their reference, clipped to its reach."""
        given = [(each.scale, each.mean * each.scale, each.std * each.scale, each.reach) for each in self._references]
        scale, mean, spread, reach = np.array(given).T[:, :, None]
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            x = self._values * scale
            x -= mean
            deviations: Floats = x / spread
        for row in np.flatnonzero(spread == 0.0):
            deviations[row] = np.sign(x[row]) * LIMIT
        np.minimum(deviations, reach, out=deviations)
        np.maximum(deviations, -reach, out=deviations)
        return deviations


def _differences(rows: Ragged, inner: Floats, last: Floats) -> Floats:
    """Return the differences of rising numbers from 0, of which each row has its last one in ``last``."""
    upper = np.empty(rows.size)
    is_last = np.zeros(rows.size, dtype=np.bool_)
    is_last[rows.ends - 1] = True
    upper[~is_last], upper[is_last] = inner, last
    lower = np.concatenate(([0.0], upper[:-1]))
    lower[rows.starts] = 0.0
    return upper - lower
