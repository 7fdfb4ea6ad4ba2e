"""The newest values of a series, as a part of a state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats


class Newest:
    """The newest values of a series that only grows; of these, a checkpoint writes those that are new to it.

    Args:
        series: An object that is the same as long as values are only added to the series.
        count: The number of values so far.
        values: The newest of them, finite, shape (n,).

    >>> np.array(Newest(object(), 5, np.array([4.0, 5.0])))
    array([4., 5.])
    """

    __slots__ = ("count", "series", "values")

    def __init__(self, series: object, count: int, values: Floats) -> None:
        self.series, self.count, self.values = series, count, values

    def __iter__(self) -> Iterator[float]:
        return iter(self.values.tolist())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Floats:
        return np.array(self.values, dtype=dtype) if copy or dtype else self.values

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Newest):
            return NotImplemented
        return self.count == other.count and self.values.tobytes() == other.values.tobytes()

    __hash__ = None  # type: ignore[assignment]
