"""A surrogate of a column: the same values, the same short dependence and season, and no drift."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from stream_monitor.core.arrays import ColumnKind, Floats, Ints
from stream_monitor.drift.seasonality import Seasonality
from stream_monitor.signals.columns import Column
from stream_monitor.stats.autocorrelation import autocorrelation_time

#: The autocorrelation time is the median of pieces of this length, so many at most: in a short one a drift is short.
PIECE, PIECES = 1000, 40
#: A time below this is taken for none: chance gives it to independent values.
SURE = 1.3
#: Blocks are so many autocorrelation times long on average.
TIMES = 5.0
#: Fewest blocks of a column: with fewer the surrogate would be the recording.
MIN_BLOCKS = 20


class Surrogates:
    """Makes surrogates of one signal's column.

    The column is cut into blocks of random, geometric length, which are shuffled; with ``period``, the season is
    taken out before and put back after it, where it is beyond doubt. Every surrogate holds the column's very values.

    Source: D. N. Politis, J. P. Romano, "The stationary bootstrap", Journal of the American Statistical Association
    89 (1994), pp. 1303-1313, here without replacement, so that the marginal is kept exactly; values by their ranks as
    in T. Schreiber, A. Schmitz, "Improved surrogate data for nonlinearity tests", Physical Review Letters 77 (1996),
    pp. 635-638.
    """

    def __init__(self, column: Column, kind: ColumnKind, period: float = 0.0) -> None:
        self._column = column
        scores = middle_scores(column.values) if kind == "number" else column.values
        if kind == "category":
            scores = _is_first(column.values)
        self._levels = _season(column._replace(values=scores), period) if kind == "number" and period else None
        self.block = block_length(scores if self._levels is None else scores - self._levels)

    def draw(self, rng: np.random.Generator) -> Column:
        """One surrogate, at the positions and times of the column."""
        values = self._column.values
        order = shuffled_blocks(len(values), self.block, rng)
        if self._levels is None:
            return self._column._replace(values=values[order])
        rest = normal_scores(values, rng) - self._levels
        return self._column._replace(values=np.sort(values)[ranks_of(self._levels + rest[order], rng)])


def shuffled_blocks(count: int, block: float, rng: np.random.Generator) -> Ints:
    """The numbers below ``count``, each once: blocks of this mean length in a random order.

    >>> sorted(shuffled_blocks(5, 2.0, np.random.default_rng(1)).tolist())
    [0, 1, 2, 3, 4]
    """
    begins = rng.random(count) < 1.0 / block
    blocks = np.cumsum(begins)
    places = rng.permutation(int(blocks[-1]) + 1 if count else 0)
    order: Ints = np.argsort(places[blocks], kind="stable")
    return order


def block_length(scores: Floats) -> float:
    """The mean length of blocks that keep the dependence of scores and of their squares; 1 where there is none."""
    size = min(PIECE, len(scores))
    if size < 2:
        return 1.0
    begins = np.linspace(0, len(scores) - size, min(PIECES, max(len(scores) // size, 1))).astype(int)
    times = [[_time(piece), _time(piece**2)] for piece in (scores[begin : begin + size] for begin in begins)]
    time = float(np.median(times, axis=0).max())
    return min(math.ceil(TIMES * time), max(len(scores) / MIN_BLOCKS, 1.0)) if time > SURE else 1.0


def _time(piece: Floats) -> float:
    return autocorrelation_time(piece - piece.mean())


def middle_scores(values: Floats) -> Floats:
    """The van der Waerden scores of values among themselves, shape (n,); equal ones share that of their middle."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    scores: Floats = ndtri((np.cumsum(counts) - counts / 2.0) / max(len(values), 1))
    return scores[places]


def normal_scores(values: Floats, rng: np.random.Generator) -> Floats:
    """The same, but each of equal values has a score of its own, at random."""
    scores: Floats = ndtri((ranks_of(values, rng) + 0.5) / max(len(values), 1))
    return scores


def ranks_of(values: Floats, rng: np.random.Generator) -> Ints:
    """How many values come before each in order of size, shape (n,); equal ones in a random order."""
    ranks: Ints = np.empty(len(values), dtype=np.int64)
    ranks[np.lexsort((rng.random(len(values)), values))] = np.arange(len(values))
    return ranks


def _season(column: Column, period: float) -> Floats | None:
    """The usual level at each time, None where there is no season beyond doubt."""
    season, rest = Seasonality(period), column
    while len(rest.values):
        room = season.room(rest.ts)
        season.count(rest.until(room))
        rest = rest.cut(room)
    levels = season.levels(column.ts)
    return levels if levels.any() else None


def _is_first(codes: Floats) -> Floats:
    """Whether each is the most frequent category."""
    found, counts = np.unique(codes, return_counts=True)
    return (codes == found[counts.argmax()]).astype(np.float64) if len(found) else codes
