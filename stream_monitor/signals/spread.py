"""The spread of a signal: the standard deviation of each four values in a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats, Ints, pieces
from stream_monitor.signals.columns import Column
from stream_monitor.signals.matrix import SignalMatrix

#: Values in a row of which the standard deviation is taken.
SPREAD_OF = 4
#: Spreads in a warm-up, at least; fewer where the warm-up of the values is shorter.
MIN_SPREADS = 100
_SMALLEST = 5e-324


class Spread:
    """Computes the standard deviation of each four values in a row, which does not depend on their level.

    The fours do not overlap, so that of independent values the spreads are independent, too, whatever their
    distribution: a skewed or heavy-tailed one makes no false alarms. A jump of the level spoils one of them.

    Source: E. S. Page, "Controlling the standard deviation by cusums and warning lines", Technometrics 5 (1963),
    pp. 307-315, watches the ranges of small samples in the same way.

    >>> two = np.array([0.0, 2.0, 0.0, 2.0, 5.0, 5.0])
    >>> Spread().column(Column(two, np.arange(6), np.arange(6.0))).values.round(2)
    array([1.15])
    """

    def __init__(self) -> None:
        #: The values of the four that is not complete yet.
        self.held: Floats = np.empty(0)

    @property
    def first(self) -> int:
        """The row of the next column at which the first spread is complete; the others follow every `SPREAD_OF`."""
        return SPREAD_OF - 1 - len(self.held)

    def column(self, column: Column) -> Column:
        """Return the spread of each four that are complete by now, at the position of its last value."""
        values = np.concatenate((self.held, column.values))
        count = len(values) // SPREAD_OF
        ends = slice(self.first, None, SPREAD_OF)
        self.held = values[count * SPREAD_OF :]
        return Column(_deviations(values[: count * SPREAD_OF]), column.index[ends], column.ts[ends])

    def state(self) -> list[float]:
        held: list[float] = self.held.tolist()
        return held

    def restore(self, state: Sequence[float]) -> None:
        self.held = np.array(state, dtype=np.float64)


class Spreads:
    """The `Spread` of many signals side by side.

    Args:
        spreads: That of each column.
    """

    def __init__(self, spreads: Sequence[Spread]) -> None:
        self._spreads = spreads
        self._held = np.zeros((SPREAD_OF - 1, len(spreads)))
        self._counts = np.zeros(len(spreads), np.int64)
        #: The values that each spread holds, as this object has left them.
        self._left: list[Floats | None] = [None] * len(spreads)

    def matrix(self, values: SignalMatrix) -> SignalMatrix:
        """Return the spreads that are complete by now, each at the position of its last value."""
        self._load()
        held, counts = self._held, self._counts
        totals = counts + values.sizes
        if (counts == counts[:1]).all() and values.counts is None:
            fed = np.concatenate((held[: int(counts.max(initial=0))], values.values))
        else:
            fed = _joined(held, counts, values.values)
        complete = totals // SPREAD_OF
        most = int(complete.max(initial=0))
        columns = np.arange(len(counts))
        self._held = fed[np.minimum(complete * SPREAD_OF + np.arange(SPREAD_OF - 1)[:, None], len(fed) - 1), columns]
        self._counts = totals - complete * SPREAD_OF
        self._store()
        result = np.empty((most, len(counts)))
        for part in pieces(most, SPREAD_OF * len(counts)):
            result[part] = _deviations(fed[part.start * SPREAD_OF : part.stop * SPREAD_OF])
        even = None if (complete == most).all() else complete
        return values.every(result, even, SPREAD_OF - 1 - counts, SPREAD_OF)

    def _load(self) -> None:
        """Read the values held by spreads that were handled alone."""
        for column, (spread, left) in enumerate(zip(self._spreads, self._left, strict=True)):
            if spread.held is not left:
                self._counts[column] = len(spread.held)
                self._held[: len(spread.held), column] = spread.held

    def _store(self) -> None:
        rows = self._held.T.copy()
        kept = [row[:count] for row, count in zip(rows, self._counts.tolist(), strict=True)]
        self._left = [*kept]
        for spread, row in zip(self._spreads, kept, strict=True):
            spread.held = row


def _joined(held: Floats, counts: Ints, values: Floats) -> Floats:
    """Return the values of each column behind those that are held of it, ``counts`` many."""
    joined = np.zeros((len(held) + len(values), len(counts)))
    joined[: len(held)] = held
    joined[counts + np.arange(len(values))[:, None], np.arange(len(counts))] = values
    return joined


def warmup_of(signal: str, warmup: int) -> int:
    """Return the length of a signal's warm-up in values; that of a spread is as long in time, if that is enough.

    The errors of a class are as few as spreads, or fewer.

    >>> warmup_of("feature:a", 500), warmup_of("spread:a", 500), warmup_of("spread:a", 200), warmup_of("spread:a", 20)
    (500, 125, 100, 20)
    """
    few = min(warmup, MIN_SPREADS)
    if signal.startswith(("error:", "gap:")):
        return few
    return max(warmup // SPREAD_OF, few) if signal.startswith("spread:") else warmup


def _deviations(values: Floats) -> Floats:
    """The standard deviation of each `SPREAD_OF` values, with one degree of freedom less.

    Args:
        values: Shape (n,) or (n, columns).

    Returns:
        Shape (n / SPREAD_OF,) or (n / SPREAD_OF, columns).
    """
    fours = values.reshape(-1, SPREAD_OF, *values.shape[1:]).swapaxes(0, 1)
    # A power of two in reach of every float's difference; each is then brought to unit size, to have a square.
    apart = np.multiply(fours, 0.25, out=np.empty(fours.shape))
    a, b, c, d = apart
    # Rounding alone, where all four are equal.
    is_constant = (a == b) & (b == c) & (c == d)
    apart -= _added(apart * 0.25)
    np.abs(apart, out=apart)
    largest = np.maximum(np.maximum(a, b), np.maximum(c, d))
    apart /= np.maximum(largest, _SMALLEST)
    apart *= apart
    deviations = np.sqrt(_added(apart) / (SPREAD_OF - 1.0))
    with np.errstate(over="ignore"):
        deviations *= largest
        deviations *= 4.0
    deviations[is_constant] = 0.0
    return np.minimum(deviations, np.finfo(np.float64).max, out=deviations)


def _added(fours: Floats) -> Floats:
    """Return the sums over the first axis, of four numbers each, added in order."""
    sums: Floats = fours[0] + fours[1]
    sums += fours[2]
    sums += fours[3]
    return sums
