"""The spread of a signal: the standard deviation of each four values in a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.signals.columns import Column

#: Values in a row of which the standard deviation is taken.
SPREAD_OF = 4
#: Spreads in a warm-up, at least; fewer where the warm-up of the values is shorter.
MIN_SPREADS = 100


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
        self._held: Floats = np.empty(0)

    @property
    def first(self) -> int:
        """The row of the next column at which the first spread is complete; the others follow every `SPREAD_OF`."""
        return SPREAD_OF - 1 - len(self._held)

    def column(self, column: Column) -> Column:
        """Return the spread of each four that are complete by now, at the position of its last value."""
        values = np.concatenate((self._held, column.values))
        count = len(values) // SPREAD_OF
        ends = slice(self.first, None, SPREAD_OF)
        self._held = values[count * SPREAD_OF :]
        return Column(_deviations(values[: count * SPREAD_OF]), column.index[ends], column.ts[ends])

    def state(self) -> list[float]:
        held: list[float] = self._held.tolist()
        return held

    def restore(self, state: Sequence[float]) -> None:
        self._held = np.array(state, dtype=np.float64)


def warmup_of(signal: str, warmup: int) -> int:
    """Return the length of a signal's warm-up in values; that of a spread is as long in time, if that is enough.

    >>> warmup_of("feature:a", 500), warmup_of("spread:a", 500), warmup_of("spread:a", 200), warmup_of("spread:a", 20)
    (500, 125, 100, 20)
    """
    return max(warmup // SPREAD_OF, min(warmup, MIN_SPREADS)) if signal.startswith("spread:") else warmup


def _deviations(values: Floats) -> Floats:
    """The standard deviation of each `SPREAD_OF` values, with one degree of freedom less; shape (n / SPREAD_OF,)."""
    # A power of two in reach of every float's difference; each is then brought to unit size, to have a square.
    a, b, c, d = values.reshape(-1, SPREAD_OF).T / 4.0
    mean = a / 4.0 + b / 4.0 + c / 4.0 + d / 4.0
    apart = np.abs(np.stack((a - mean, b - mean, c - mean, d - mean)))
    largest = apart.max(axis=0, initial=0.0)
    apart /= np.where(largest > 0.0, largest, 1.0)
    squares = apart * apart
    total = squares[0] + squares[1] + squares[2] + squares[3]
    with np.errstate(over="ignore"):
        deviations = largest * np.sqrt(total / (SPREAD_OF - 1.0)) * 4.0
    # Rounding alone, where all four are equal.
    deviations = np.where((a == b) & (b == c) & (c == d), 0.0, deviations)
    return np.minimum(deviations, np.finfo(np.float64).max)
