"""The cells that values of a signal are counted in, to be compared with the training data over many windows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.stats.reference import CategoricalReference, NumericReference
from stream_monitor.stats.reference.numeric import BINS, OWN_BIN

#: The smallest share of the reference in a cell that is a part of its rest.
MIN_MASS = 0.01


class NumberCells:
    """Intervals in order: a value with much mass is a cell of its own, and the rest of the mass is cut into tenths.

    The first and the last cell are what is below and above all of the reference.

    Args:
        reference: The reference distribution.

    Attributes:
        shares: The reference's share in each cell, shape (cells,).
        is_ordered: True if the distribution functions are compared as well: there are more than two values.

    >>> cells = NumberCells(NumericReference.learn(np.array([1.0, 1.0, 2.0, 2.0])))
    >>> cells.shares.tolist(), cells.counts(np.array([0.0, 2.0, 2.0])).tolist()
    ([0.0, 0.5, 0.0, 0.5, 0.0], [1, 0, 0, 2, 0])
    """

    def __init__(self, reference: NumericReference) -> None:
        cuts = _cuts(reference)
        self._values: Floats = np.array([value for value, _, _ in cuts])
        self._goes_left: Bools = np.array([side for _, side, _ in cuts])
        self.shares: Floats = np.diff([share for _, _, share in cuts], prepend=0.0, append=1.0)
        self.is_ordered = reference.distinct > 2

    def counts(self, window: Floats) -> Ints:
        """Return the number of values in each cell, shape (cells,)."""
        ordered = np.sort(window)
        left = np.searchsorted(ordered, self._values)
        right = np.searchsorted(ordered, self._values, side="right")
        ends = np.where(self._goes_left, right, left)
        return np.diff(ends, prepend=0, append=len(ordered))

    def contains(self, cell: int, window: Floats) -> Bools:
        """Return which values are in a cell, shape (n,)."""
        return self.is_upto(cell, window) & ~self.is_upto(cell - 1, window)

    def is_upto(self, cell: int, window: Floats) -> Bools:
        """Return which values are in a cell or in one before it, shape (n,)."""
        if not 0 <= cell < len(self._values):
            return np.full(len(window), cell >= 0)
        value = self._values[cell]
        found: Bools = (window <= value) if self._goes_left[cell] else (window < value)
        return found

    def name(self, cell: int) -> str:
        """Return what is in a cell, in words."""
        if cell == 0:
            return f"below {self._values[0]:.6g}"
        if cell == len(self._values):
            return f"above {self._values[-1]:.6g}"
        first, last = f"{self._values[cell - 1]:.6g}", f"{self._values[cell]:.6g}"
        return first if first == last else f"{first} to {last}"

    def name_upto(self, cell: int) -> str:
        """Return what is in a cell and in those before it, in words."""
        return f"{'up to' if self._goes_left[cell] else 'below'} {self._values[cell]:.6g}"


def _cuts(reference: NumericReference) -> list[tuple[float, bool, float]]:
    """Return the borders of cells: the value, True if it belongs to the left cell, and the share up to the border."""
    own = reference.values[reference.upto - reference.below >= OWN_BIN]
    inner = _tenths(reference)
    values = np.concatenate((own, own, inner, [reference.minimum, reference.maximum]))
    goes_left = np.repeat([False, True, False, True], (len(own), len(own) + len(inner), 1, 1))
    below, upto = reference.shares(values)
    return sorted({*zip(values.tolist(), goes_left.tolist(), np.where(goes_left, upto, below).tolist(), strict=True)})


def _tenths(reference: NumericReference) -> Floats:
    """Return the values that cut the mass without that of frequent values into tenths, none of them below 1 %."""
    masses = reference.upto - reference.below
    frequent = masses >= OWN_BIN
    rest = 1.0 - float(masses[frequent].sum())
    parts = min(int(rest / MIN_MASS), BINS)
    shares = np.arange(1, parts) / max(parts, 1) * rest
    # Each share of the rest as a share of all: with the mass of the frequent values before it.
    before = np.concatenate(([0.0], np.add.accumulate(masses[frequent])))
    begins = reference.below[frequent] - before[:-1]
    return reference.quantile(shares + before[np.searchsorted(begins, shares)])


class CategoryCells:
    """The frequent categories of a reference; the last cell has all others.

    Args:
        reference: The reference distribution.

    Attributes:
        shares: The reference's share in each cell, shape (cells,).
        is_ordered: False.
    """

    def __init__(self, reference: CategoricalReference) -> None:
        self.names = reference.frequent
        self.shares: Floats = np.array(reference.shares)
        self.is_ordered = False

    def counts(self, window: Mapping[str, int]) -> Ints:
        """Return the number of values in each cell, shape (cells,)."""
        known = [window.get(name, 0) for name in self.names]
        return np.array([*known, sum(window.values()) - sum(known)])
