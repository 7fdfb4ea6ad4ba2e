"""The cells of one signal: its values are counted in them, and named in the signal's own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from stream_monitor.core.arrays import Bools, ColumnKind, Floats, Ints
from stream_monitor.monitors.comparison import Reference, category_counts, share_name
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.effect_size import cohens_h
from stream_monitor.stats.reference import CategoricalReference, NumericReference
from stream_monitor.stats.reference_cells import CategoryCells, NumberCells
from stream_monitor.stats.training_verdict import Difference, Part

#: Largest number of categories that a verdict names.
MAX_NAMED = 3
#: A cell with at most this share of the training data counts as absent from it.
MAX_UNUSUAL = 0.01
#: The difference of the means, in effects of that of the distributions, from which on it shows that they differ.
SHOWN = 0.5


class Counted(NamedTuple):
    """The values that were counted.

    Attributes:
        shares: Their share in each cell, shape (cells,).
        mean: Their mean.
        window: The newest of them, to name what the reference does not have.
    """

    shares: Floats
    mean: float
    window: Floats


class Described(NamedTuple):
    """A difference in a signal's own words.

    Attributes:
        before: The mean in the training data; of categories, the share of the one that differs most.
        after: The same now.
        parts: The categories that differ most; of numbers, the part of them that does.
    """

    before: float
    after: float
    parts: tuple[Part, ...]


class SignalCells(Protocol):
    """The cells of a signal's reference.

    Attributes:
        shares: The reference's share in each cell, shape (cells,).
        is_ordered: True if the distribution functions are compared as well.
        outside: The cells of values that the reference does not have.
        key: Identifies the reference.
    """

    shares: Floats
    is_ordered: bool
    outside: Sequence[int]
    key: str

    def counts(self, window: Floats) -> Ints:
        """Return the number of values in each cell."""
        ...

    def is_in(self, found: Difference, window: Floats) -> Bools:
        """Return which values have what differs: those in its cell, or up to it."""
        ...

    def described(self, found: Difference, counted: Counted) -> Described:
        """Return a difference in the signal's own words."""
        ...


class NumberSignalCells(NumberCells):
    """The cells of a signal of numbers."""

    def __init__(self, reference: NumericReference) -> None:
        super().__init__(reference)
        self.key = reference.packed.name
        self._mean, self._std = reference.mean, reference.std
        self.outside: Sequence[int] = (0, len(self.shares) - 1)

    def is_in(self, found: Difference, window: Floats) -> Bools:
        """Return which values have what differs: those in its cell, or up to it."""
        if found.measure == "kolmogorov_smirnov":
            return self.is_upto(found.cell, window)
        return self.contains(found.cell, window)

    def described(self, found: Difference, counted: Counted) -> Described:
        """Return both means, and what else tells the difference.

        It is the cell that differs; or all up to the border at which the distributions differ most, if the means do
        not show that they do.
        """
        cell, usual, shares = found.cell, self.shares, counted.shares
        if found.measure == "kolmogorov_smirnov":
            if abs(counted.mean - self._mean) >= SHOWN * found.effect * self._std:
                return Described(self._mean, counted.mean, ())
            part = Part(self.name_upto(cell), float(usual[: cell + 1].sum()), float(shares[: cell + 1].sum()))
        else:
            part = Part(self.name(cell), float(usual[cell]), float(shares[cell]))
        return Described(self._mean, counted.mean, (part,))


class CategorySignalCells(CategoryCells):
    """The cells of a signal of categories or shares.

    Args:
        reference: The reference distribution.
        name_of: Gives the name of a value.
        is_share: True for a signal of zeros and ones.
    """

    def __init__(self, reference: CategoricalReference, name_of: Callable[[float], str], *, is_share: bool) -> None:
        super().__init__(reference)
        self.key = reference.packed.name
        others = len(self.names)
        self.outside: Sequence[int] = (others,) if self.shares[others] <= MAX_UNUSUAL else ()
        self._name_of, self._usual = name_of, reference.share("1") if is_share else None

    def counts(self, window: Floats) -> Ints:  # type: ignore[override]
        """Return the number of values in each cell."""
        return super().counts(category_counts(window, self._name_of))

    def is_in(self, found: Difference, window: Floats) -> Bools:
        """Return which values are in the cell that differs."""
        codes = [code for code in np.unique(window).tolist() if self._cell_of(self._name_of(code)) == found.cell]
        return np.isin(window, codes)

    def described(self, _: Difference, counted: Counted) -> Described:
        """Return the shares of ones; or of the categories that differ most, first in `parts`."""
        if self._usual is not None:
            return Described(self._usual, counted.mean, ())
        pairs = list(zip(self.shares.tolist(), counted.shares.tolist(), strict=True))
        order = sorted(range(len(pairs)), key=lambda cell: (-cohens_h(*pairs[cell]), cell))[:MAX_NAMED]
        parts = tuple(Part(self._cell_name(cell, counted.window), *pairs[cell]) for cell in order if any(pairs[cell]))
        return Described(parts[0].before, parts[0].after, parts)

    def _cell_of(self, name: str) -> int:
        return self.names.index(name) if name in self.names else len(self.names)

    def _cell_name(self, cell: int, window: Floats) -> str:
        if cell < len(self.names):
            return self.names[cell]
        others = Counter(
            {name: count for name, count in category_counts(window, self._name_of).items() if name not in self.names}
        )
        top = max(others.items(), key=lambda each: (each[1], each[0]), default=("", 0))
        return top[0] if len(others) == 1 else "(others)"


def make_cells(reference: Reference, kind: ColumnKind, categories: CategoryEncoder | None) -> SignalCells:
    """Return the cells of a signal of this kind."""
    if isinstance(reference, NumericReference):
        return NumberSignalCells(reference)
    names = share_name if categories is None else lambda code: categories.name(int(code))
    return CategorySignalCells(reference, names, is_share=kind == "share")
