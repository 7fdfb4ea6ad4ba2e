"""Comparisons of signals' newest values with their references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.signals.encoder import name_of
from stream_monitor.stats.distances import Distance, categorical_distances, numeric_distances
from stream_monitor.stats.many_distances import (
    CategoricalWindow,
    NumericWindow,
    many_categorical_distances,
    many_numeric_distances,
)
from stream_monitor.stats.reference import CategoricalReference, NumericReference

Reference = NumericReference | CategoricalReference


@dataclass(frozen=True, slots=True)
class Comparison:
    """A signal's newest values and its reference, as they are now, to compute distances while the monitor goes on.

    Attributes:
        reference: The distribution; None while it is unknown, and while there are too few values.
        values: The newest values in the signal's own unit, shape (n,).
        autocorrelation_time: Of the signal, in values.
        categories: The names of its categories by code, None for numbers and shares.
    """

    reference: Reference | None
    values: Floats
    autocorrelation_time: float
    categories: Sequence[str] | None

    def counts(self) -> Mapping[str, int]:
        """Return the number of values of each category."""
        names = self.categories
        if names is None:
            return category_counts(self.values, share_name)
        return category_counts(self.values, lambda code: name_of(names, int(code)))

    def distances(self) -> dict[str, Distance]:
        """Return the distances of the values from the reference by measure, none without a reference."""
        if isinstance(self.reference, NumericReference):
            return numeric_distances(self.reference, self.values, self.autocorrelation_time)
        if self.reference is not None:
            return categorical_distances(self.reference, self.counts(), self.autocorrelation_time)
        return {}


def many_distances(comparisons: Iterable[Comparison]) -> list[dict[str, Distance]]:
    """Return the distances of many signals by measure: each what `Comparison.distances` returns."""
    given = list(comparisons)
    found: list[dict[str, Distance]] = [{} for _ in given]
    numeric, categorical = {}, {}
    for at, one in enumerate(given):
        if isinstance(one.reference, NumericReference):
            numeric[at] = NumericWindow(one.reference, one.values, one.autocorrelation_time)
        elif one.reference is not None:
            categorical[at] = CategoricalWindow(one.reference, one.counts(), one.autocorrelation_time)
    for at, distances in zip(numeric, many_numeric_distances(list(numeric.values())), strict=True):
        found[at] = distances
    for at, distances in zip(categorical, many_categorical_distances(list(categorical.values())), strict=True):
        found[at] = distances
    return found


def category_counts(values: Floats, name_of: Callable[[float], str]) -> Counter[str]:
    """Return the number of values of each category.

    Args:
        values: Codes of categories or shares, shape (n,).
        name_of: Gives the name of a value.
    """
    ones, zeros = int(np.count_nonzero(values == 1.0)), int(np.count_nonzero(values == 0.0))
    if ones + zeros == len(values):
        pairs: Iterable[tuple[float, int]] = ((0.0, zeros), (1.0, ones))
    else:
        codes, counts = np.unique(values, return_counts=True)
        pairs = zip(codes.tolist(), counts.tolist(), strict=True)
    found: Counter[str] = Counter()
    for code, count in pairs:
        if count:
            found[name_of(code)] = count
    return found


def share_name(value: float) -> str:
    """Return the name that a share's value has as a category: ``0`` or ``1``."""
    return f"{value:g}"
