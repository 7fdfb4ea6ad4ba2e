"""The dependence of neighbouring rows of the training data, whether or not they have times."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Bools, Floats
from stream_monitor.profiles.profile import Ratios
from stream_monitor.stats.span_ratios import span_ratios

#: Number of first values that are kept.
MAX_VALUES = 50_000
#: The most frequent categories whose shares are looked at.
MAX_CATEGORIES = 3


class Categories:
    """The first categories of a column, in the order of the rows.

    >>> series = Categories()
    >>> series.add(["a", "a", "b", "b"] * 8)
    >>> series.ratios().ratios
    [1.0, 1.0667, 0.0, 0.0]
    """

    def __init__(self) -> None:
        self._codes: dict[Hashable, int] = {}
        self._values: list[int] = []

    def add(self, values: Sequence[Hashable]) -> None:
        """Add the next values."""
        codes = self._codes
        for value in values[: MAX_VALUES - len(self._values)]:
            self._values.append(codes.setdefault(value, len(codes)))

    def ratios(self) -> Ratios:
        """Return the variance ratios of the shares of the frequent categories: of each length the largest."""
        codes = np.array(self._values, np.int64)
        frequent = sorted(range(len(self._codes)), key=lambda code: -int((codes == code).sum()))[:MAX_CATEGORIES]
        rows = [_ratios((codes == code).astype(np.float64)) for code in frequent]
        return Ratios(ratios=[max(each) for each in zip(*rows, strict=True)], count=len(codes))


class Missing:
    """The first rows of a column, as missing and present values."""

    def __init__(self) -> None:
        self._parts: list[Bools] = []
        self._count = 0

    def add(self, column: Sequence[Any]) -> None:
        """Add the next rows; None and NaN are missing."""
        room = MAX_VALUES - self._count
        if room > 0:
            self._parts.append(np.array([value is None or value != value for value in column[:room]], bool))
            self._count += len(self._parts[-1])

    def ratios(self) -> Ratios:
        """Return the variance ratios of the share of missing values."""
        if not self._parts:
            return Ratios()
        return Ratios(ratios=_ratios(np.concatenate(self._parts).astype(np.float64)), count=self._count)


def number_ratios(values: Floats) -> Ratios:
    """Return the variance ratios of the ranks of numbers in the order of the rows, shape (n,)."""
    if not len(values):
        return Ratios()
    ordered = np.sort(values)
    ranks = np.searchsorted(ordered, values) + np.searchsorted(ordered, values, side="right")
    return Ratios(ratios=_ratios(ranks.astype(np.float64)), count=len(values))


def _ratios(series: Floats) -> list[float]:
    return [round(ratio, 4) for ratio in span_ratios(series)]
