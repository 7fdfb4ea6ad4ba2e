"""River's annotated real series, restricted to the rows that the annotators saw.

The annotations are those of the Turing Change Point Dataset, and their indices refer to its series. River's files of
three of the seven series have more rows: Apple's are every third row from the second on, with close and volume;
Brent's are every tenth row from 2000 on; Bitcoin's end in June 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from program import Floats
from river.drift import datasets


class Annotated(NamedTuple):
    """A series, shape (dimensions, n), and the change points that each annotator marked."""

    name: str
    rows: Floats
    annotations: list[set[int]]


WHOLE = slice(None)
_SERIES: tuple[tuple[str, type[Any], slice, tuple[str, ...]], ...] = (
    ("airline passengers", datasets.AirlinePassengers, WHOLE, ()),
    ("apple", datasets.Apple, slice(1, None, 3), ("Close", "Volume")),
    ("bitcoin", datasets.Bitcoin, slice(0, 774), ()),
    ("brent", datasets.BrentSpotPrice, slice(3200, None, 10), ()),
    ("occupancy", datasets.Occupancy, WHOLE, ("V1", "V2", "V3", "V4")),
    ("run log", datasets.RunLog, WHOLE, ("Pace", "Distance")),
    ("uk coal", datasets.UKCoalEmploy, WHOLE, ()),
)


def annotated() -> Iterator[Annotated]:
    for name, dataset, part, columns in _SERIES:
        read = dataset()
        values = [[y[column] for column in columns] if columns else [y] for _, y in read]
        rows = np.array(values, dtype=np.float64)[part].T
        yield Annotated(name, rows, [set(points) for points in read.annotations.values()])
