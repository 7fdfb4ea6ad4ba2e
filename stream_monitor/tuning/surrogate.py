"""Surrogates of a column: its values with the same short-term dependence and seasonality, without drift."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from stream_monitor.core.arrays import ColumnKind, Floats, Ints
from stream_monitor.drift.seasonality import Seasonality
from stream_monitor.signals.columns import Column
from stream_monitor.stats.autocorrelation import autocorrelation_time
from stream_monitor.tuning.share_season import ShareSeason

#: The autocorrelation time is the median over at most ``PIECES`` pieces of ``PIECE`` values: a short piece contains
#: little drift.
PIECE, PIECES = 1000, 40
#: A shorter integrated autocorrelation time counts as none: independent values can have it by chance.
MIN_AUTOCORRELATION_TIME = 1.3
#: The mean length of a block, in integrated autocorrelation times.
TIMES = 5.0
#: The minimum number of blocks of a column: with fewer, the surrogate would resemble the recording.
MIN_BLOCKS = 20


class Surrogates:
    """A generator of surrogates of one signal's column.

    The column is cut into blocks of random, geometric length, which are shuffled. With ``period``, a significant
    seasonality is removed before and added again after: levels from normal scores, usual shares from categories and
    shares. Every surrogate is a permutation of the column's values, but for shares with a season.

    Args:
        column: The column.
        kind: The kind of its values.
        period: The period in seconds of the seasonality to preserve; 0 for none.

    Source: D. N. Politis, J. P. Romano, "The stationary bootstrap", Journal of the American Statistical Association
    89 (1994), pp. 1303-1313, here without replacement, which preserves the marginal exactly; values by their ranks as
    in T. Schreiber, A. Schmitz, "Improved surrogate data for nonlinearity tests", Physical Review Letters 77 (1996),
    pp. 635-638.
    """

    def __init__(self, column: Column, kind: ColumnKind, period: float = 0.0) -> None:
        self._column = column
        self._levels: Floats | None = None
        self._shares: ShareSeason | None = None
        if kind == "number":
            scores = middle_scores(column.values)
            self._levels = _season(column._replace(values=scores), period) if period else None
            self.block = block_length(scores if self._levels is None else scores - self._levels)
        else:
            self.block, self._shares = _share_season(column, period)

    def draw(self, rng: np.random.Generator) -> Column:
        """Draw one surrogate, at the positions and times of the column."""
        values = self._column.values
        order = shuffled_blocks(len(values), self.block, rng)
        if self._shares is not None:
            return self._column._replace(values=self._shares.reordered(order, rng))
        if self._levels is None:
            return self._column._replace(values=values[order])
        rest = normal_scores(values, rng) - self._levels
        return self._column._replace(values=np.sort(values)[ranks_of(self._levels + rest[order], rng)])


def shuffled_blocks(count: int, block: float, rng: np.random.Generator) -> Ints:
    """Return a permutation of the numbers below ``count``: blocks of mean length ``block`` in a random order.

    >>> sorted(shuffled_blocks(5, 2.0, np.random.default_rng(1)).tolist())
    [0, 1, 2, 3, 4]
    """
    begins = rng.random(count) < 1.0 / block
    blocks = np.cumsum(begins)
    places = rng.permutation(int(blocks[-1]) + 1 if count else 0)
    order: Ints = np.argsort(places[blocks], kind="stable")
    return order


def block_length(scores: Floats) -> float:
    """Return the mean length of blocks that preserve the dependence of scores and of their squares; 1 if none."""
    size = min(PIECE, len(scores))
    if size < 2:
        return 1.0
    begins = np.linspace(0, len(scores) - size, min(PIECES, max(len(scores) // size, 1))).astype(int)
    pieces = (scores[begin : begin + size] for begin in begins)
    times = [[_centred_time(piece), _centred_time(piece**2)] for piece in pieces]
    time = float(np.median(times, axis=0).max())
    if time <= MIN_AUTOCORRELATION_TIME:
        return 1.0
    return min(math.ceil(TIMES * time), max(len(scores) / MIN_BLOCKS, 1.0))


def _centred_time(piece: Floats) -> float:
    return autocorrelation_time(piece - piece.mean())


def middle_scores(values: Floats) -> Floats:
    """Return the van der Waerden scores of values among themselves, shape (n,); ties have their middle rank."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    scores: Floats = ndtri((np.cumsum(counts) - counts / 2.0) / max(len(values), 1))
    return scores[places]


def normal_scores(values: Floats, rng: np.random.Generator) -> Floats:
    """Return the van der Waerden scores of values among themselves, shape (n,); ties are broken at random."""
    scores: Floats = ndtri((ranks_of(values, rng) + 0.5) / max(len(values), 1))
    return scores


def ranks_of(values: Floats, rng: np.random.Generator) -> Ints:
    """Return the rank of each value from 0, shape (n,); ties are broken at random."""
    ranks: Ints = np.empty(len(values), dtype=np.int64)
    ranks[np.lexsort((rng.random(len(values)), values))] = np.arange(len(values))
    return ranks


def _season(column: Column, period: float) -> Floats | None:
    """Return the seasonal level at each time, or None if there is no significant seasonality."""
    season, rest = Seasonality([period]), column
    while len(rest.values):
        room = season.room(rest.ts)
        season.count(rest.until(room))
        rest = rest.cut(room)
    levels = season.levels(column.ts)
    return levels if levels.any() else None


def _share_season(column: Column, period: float) -> tuple[float, ShareSeason | None]:
    """Return the mean length of blocks of codes or shares, and their season, None without a significant one.

    The dependence is that of the most frequent category, without its season.
    """
    codes, counts = np.unique(column.values, return_counts=True)
    if not len(codes):
        return 1.0, None
    first = codes[counts.argmax()]
    is_first = (column.values == first).astype(np.float64)
    if not period:
        return block_length(is_first), None
    block = block_length(ShareSeason(column, period).residuals(first))
    season = ShareSeason(column, period, max(block / TIMES, 1.0))
    if season.is_significant:
        return block_length(season.residuals(first)), season
    return block_length(is_first), None
