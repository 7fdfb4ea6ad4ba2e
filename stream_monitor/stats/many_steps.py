"""The distribution functions of many windows of numbers and of their references."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats, Indices, Ints
from stream_monitor.stats.ragged import Ragged
from stream_monitor.stats.reference import NumericReference
from stream_monitor.stats.reference.numeric import LIMIT
from stream_monitor.stats.reference.quantile_integral import crossing_areas

#: The place of each array of `NumericReference.pieces` in the table, and of `QuantileIntegral.pieces` behind them.
_KNOT, _UPTO, _LIMIT, _UNIT, _SLOPE, _START, _STANDARD = range(7)


class ManySteps:
    """Windows and references as step functions: see `stream_monitor.stats.distances.Steps`.

    Each window is a row of n values. The linear pieces of all references are columns of one table.

    Args:
        references: The reference of each window.
        windows: n finite values each, in any order.
    """

    def __init__(self, references: Sequence[NumericReference], windows: Sequence[Floats]) -> None:
        self._references = references
        self._values = np.array(windows)
        self._values.sort(axis=1)
        self._ranks = np.arange(self._values.shape[1] + 1) / self._values.shape[1]
        self._counts = self._piece_counts()
        self._table = self._piece_table()
        #: The piece of each value, row by row.
        self._pieces: Ints = np.arange(len(self._counts)).repeat(self._counts)
        self._reference_below, self._reference_upto = self._reference_shares()

    def kolmogorov_smirnov(self) -> list[float]:
        """Return the largest difference of the two functions of each window."""
        above = (self._ranks[1:] - self._reference_upto).max(axis=1)
        under = (self._reference_below - self._ranks[:-1]).max(axis=1)
        found: list[float] = np.maximum(above, under).tolist()
        return found

    def wasserstein(self) -> list[float]:
        """Return the Wasserstein distance of each window, in standard deviations of its reference."""
        size = self._values.shape[1]
        x = self._standardised()
        at = np.array([each.quantile_integral.at_ranks(size) for each in self._references])
        areas = x / size
        areas -= np.diff(at)
        np.abs(areas, out=areas)
        share = self._reference_upto
        crossing = np.flatnonzero((self._ranks[:-1] < share) & (share < self._ranks[1:]))
        areas.ravel()[crossing] = self._crossing_areas(crossing, x, at)
        found: list[float] = np.add.reduce(areas, axis=1).tolist()
        return found

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

    def _piece_counts(self) -> Ints:
        """Return how many values there are in each piece, those of one reference behind those of the one before."""
        (rows, size), most = self._values.shape, max(len(each.values) for each in self._references)
        ends = np.full((rows, most + 1), size)
        for row, values, reference in zip(ends, self._values, self._references, strict=True):
            row[: len(reference.values)] = values.searchsorted(reference.values)
        return np.diff(ends, prepend=0).ravel()

    def _piece_table(self) -> Floats:
        """Return the pieces of all references, shape (7, pieces)."""
        table = np.zeros((7, len(self._values), max(len(each.values) for each in self._references) + 1))
        for number, reference in enumerate(self._references):
            table[:_START, number, : len(reference.values) + 1] = reference.pieces
            table[_START:, number, : len(reference.values) + 1] = reference.quantile_integral.pieces
        return table.reshape(7, -1)

    def _reference_shares(self) -> tuple[Floats, Floats]:
        """Return the share of the reference below each value, and the share that is at most it."""
        with np.errstate(over="ignore"):
            way = self._values * np.array([[each.scale] for each in self._references])
        # Beyond the knots the share is constant.
        np.clip(way, -1.0, 1.0, out=way)
        way -= self._of_values(_UNIT)
        way *= self._of_values(_SLOPE)
        way += self._of_values(_UPTO)
        at = np.minimum(way, self._of_values(_LIMIT), out=way)
        below, is_knot = at.copy(), np.flatnonzero(self._of_values(_KNOT) == self._values)
        below.ravel()[is_knot] = self._table[_LIMIT][self._pieces[is_knot] - 1]
        return below, at

    def _of_values(self, number: int) -> Floats:
        """Return a row of the table for each value, shape (windows, n)."""
        values: Floats = self._table[number].repeat(self._counts)
        return values.reshape(self._values.shape)

    def _crossing_areas(self, crossing: Indices, x: Floats, at: Floats) -> Floats:
        """Return the areas of values that the reference's quantile function crosses within their part.

        Args:
            crossing: The places of the values.
            x: All values, standardised.
            at: The integrals of the quantile functions at the ranks, shape (windows, n + 1).
        """
        row, rank = np.divmod(crossing, self._values.shape[1])
        x, share, piece = x.ravel()[crossing], self._reference_upto.ravel()[crossing], self._pieces[crossing]
        start, knot = self._table[_START:, piece]
        crossed = start + (share - self._table[_UPTO][piece]) * (knot + x) / 2.0
        ends = self._ranks[rank], self._ranks[rank + 1]
        return crossing_areas(x, share, ends, np.stack((at[row, rank], crossed, at[row, rank + 1])))

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
