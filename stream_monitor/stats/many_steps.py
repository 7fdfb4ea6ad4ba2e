"""The distribution functions of many windows of numbers and of their references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.stats.distinct_values import DistinctValues
from stream_monitor.stats.ragged import Ragged
from stream_monitor.stats.reference import NumericReference
from stream_monitor.stats.reference.numeric import LIMIT


class _Knots(NamedTuple):
    """The knots of the references among the windows' distinct values.

    ``left``, ``right``: the place of each knot, left and right of an equal value. ``upto``: how many knots are at
    most each distinct value, with all those of the rows before its own.
    """

    rows: Ragged
    left: Ints
    right: Ints
    upto: Ints

    @classmethod
    def among(cls, distinct: DistinctValues, references: Sequence[NumericReference]) -> _Knots:
        rows = Ragged([len(reference.values) for reference in references])
        left, right = distinct.places(rows, np.concatenate([reference.values for reference in references]))
        upto = np.cumsum(np.bincount(left, minlength=len(distinct.values) + 1))[:-1]
        return cls(rows, left, right, upto)


class ManySteps:
    """Windows and references as step functions: see `stream_monitor.stats.distances.Steps`.

    Args:
        references: The reference of each window.
        windows: Finite values in any order, at least one each.
    """

    def __init__(self, references: Sequence[NumericReference], windows: Sequence[Floats]) -> None:
        self._references, self._distinct = references, DistinctValues(windows)
        self._upto = self._distinct.upto / self._distinct.rows.repeat(self._distinct.sizes.lengths)
        self._knots = _Knots.among(self._distinct, references)
        self._reference_below, self._reference_upto = self._reference_shares()

    def kolmogorov_smirnov(self) -> list[float]:
        """Return the largest difference of the two functions of each window."""
        starts = self._distinct.rows.starts
        below = np.concatenate(([0.0], self._upto[:-1]))
        below[starts] = 0.0
        at, before = np.abs(self._reference_upto - self._upto), np.abs(self._reference_below - below)
        found: list[float] = np.maximum.reduceat(np.maximum(at, before), starts).tolist()
        return found

    def wasserstein(self) -> list[float]:
        """Return the Wasserstein distance of each window, in standard deviations of its reference."""
        x, window, left, right = self._merged()
        # As for one window; a difference from one row to the next is calculated, too, and not used.
        start, end = right[:-1] - window[:-1], left[1:] - window[:-1]
        crossing = np.flatnonzero(start * end < 0)
        first, last = np.abs(start, out=start), np.abs(end, out=end)
        heights = first + last
        squares = first[crossing] * first[crossing] + last[crossing] * last[crossing]
        heights[crossing] = squares / heights[crossing]
        heights /= 2.0
        heights *= np.diff(x)
        merged = Ragged(self._distinct.rows.lengths + self._knots.rows.lengths)
        return [float(np.add.reduce(heights[begin : end - 1])) for begin, end in merged.bounds]

    def bins(self) -> tuple[Ragged, Floats, Floats]:
        """Return the places of the windows' bins, the counts in them, and the references' shares in them."""
        each = [reference.cuts for reference in self._references]
        values, goes_left, shares = (np.concatenate(parts) for parts in zip(*each, strict=True))
        cuts = Ragged([len(one[0]) for one in each])
        left, right = self._distinct.places(cuts, values)
        upto = self._distinct.counts_before(cuts, np.where(goes_left, right, left)).astype(np.float64)
        rows = Ragged(cuts.lengths + 1)
        counts = _differences(rows, upto, self._distinct.sizes.lengths.astype(np.float64))
        return rows, counts, _differences(rows, shares, np.ones(len(each)))

    def _reference_shares(self) -> tuple[Floats, Floats]:
        """Return the share of the reference below each distinct value, and the share that is at most it."""
        rows, references, values = self._distinct.rows, self._references, self._distinct.values
        pieces = (np.concatenate(parts) for parts in zip(*(each.pieces for each in references), strict=True))
        knots, upto, limit, unit, slopes = pieces
        piece = self._knots.upto + rows.repeat(np.arange(len(references)))
        with np.errstate(over="ignore"):
            way = values * rows.repeat(np.array([each.scale for each in references]))
        # Beyond the knots the share is constant.
        np.clip(way, -1.0, 1.0, out=way)
        way -= unit[piece]
        way *= slopes[piece]
        way += upto[piece]
        at = np.minimum(way, limit[piece], out=way)
        is_knot, below = np.flatnonzero(knots[piece] == values), at.copy()
        below[is_knot] = np.concatenate([np.append(0.0, each.below) for each in references])[piece[is_knot]]
        return below, at

    def _merged(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return values and knots in order, an equal value first: standardised, and the shares of `wasserstein`.

        These are the share of the window that is at most each, and the shares of the reference below and at most it.
        """
        references, distinct, knots = self._references, self._distinct, self._knots
        of_values = (self._standardised(), self._upto, self._reference_below, self._reference_upto)
        upto = distinct.counts_before(knots.rows, knots.right) / knots.rows.repeat(distinct.sizes.lengths)
        of_knots = (
            np.concatenate([each.standard_values for each in references]),
            upto,
            np.concatenate([each.below for each in references]),
            np.concatenate([each.upto for each in references]),
        )
        knot_at = knots.right + np.arange(len(knots.right))
        is_value = np.ones(len(distinct.values) + len(knot_at), dtype=np.bool_)
        is_value[knot_at] = False
        value_at = np.flatnonzero(is_value)
        merged = [np.empty(len(is_value)) for _ in of_values]
        for row, values, of_knot in zip(merged, of_values, of_knots, strict=True):
            row[value_at], row[knot_at] = values, of_knot
        x, window, left, right = merged
        return x, window, left, right

    def _standardised(self) -> Floats:
        """Return the values in standard deviations from the mean of their reference, clipped to its reach."""
        references, rows = self._references, self._distinct.rows
        given = [(each.scale, each.mean * each.scale, each.std * each.scale, each.reach) for each in references]
        scale, mean, spread, reach = (rows.repeat(np.array(numbers)) for numbers in zip(*given, strict=True))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            x = self._distinct.values * scale
            x -= mean
            deviations: Floats = x / spread
        for each, (start, end) in zip(references, rows.bounds, strict=True):
            if not each.std * each.scale:
                deviations[start:end] = np.sign(x[start:end]) * LIMIT
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
