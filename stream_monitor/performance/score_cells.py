"""Cells of scored predictions: the predicted class and the bin of its score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.events import Target

#: Bins of each octave below 1/2, down to 1/4096; scores nearer to 0 have one bin. Those above 1/2 are a mirror image.
_OCTAVES = (32, 16, 16, *[8] * 8)
#: Classes with cells of their own; all later ones share those of row 0.
MAX_CLASSES = 20


def _edges() -> Floats:
    """Return the upper edges of the bins, but for that of the last: finer near 0 and 1, where scores crowd."""
    lower = [
        0.5 ** (octave + 2) * (1.0 + part / parts) for octave, parts in enumerate(_OCTAVES) for part in range(parts)
    ]
    lower.sort()
    return np.array([*lower, 0.5, *(1.0 - edge for edge in reversed(lower))])


_EDGES = _edges()
BINS = len(_EDGES) + 1


class ScoreCells:
    """Numbers the cells of predictions: ``BINS`` for each predicted class, in order of first appearance.

    Row 0, the first ``BINS`` cells, is that of classes past the bound.

    >>> cells = ScoreCells()
    >>> cells.learn(["yes", "no"])
    >>> [divmod(cell, BINS) for cell in cells.encode(["no", "yes"], np.array([0.25, 1.0])).tolist()]
    [(2, 97), (1, 257)]
    """

    def __init__(self) -> None:
        self._rows: dict[Target, int] = {}

    def are_known(self, classes: Iterable[Target]) -> bool:
        """Return whether these classes were all learned, or no more can be."""
        return len(self._rows) == MAX_CLASSES or self._rows.keys() >= set(classes)

    def learn(self, classes: Iterable[Target]) -> None:
        """Give rows to new classes, in the order in which they came, as long as there are any."""
        for value in dict.fromkeys(classes):
            if value not in self._rows and len(self._rows) < MAX_CLASSES:
                self._rows[value] = len(self._rows) + 1

    def encode(self, classes: Sequence[Target], scores: Floats) -> Ints:
        """Return the cells of n predictions, shape (n,); all scores are from 0 to 1."""
        get = self._rows.get
        rows = np.frombuffer(bytes([get(value, 0) for value in classes]), np.uint8).astype(np.int64)
        return rows * BINS + np.searchsorted(_EDGES, scores, "right")

    def state(self) -> list[Target]:
        return list(self._rows)

    def restore(self, classes: Sequence[Target]) -> None:
        self._rows = {}
        self.learn(classes)


def are_probabilities(scores: Floats) -> Bools:
    """Return which scores are from 0 to 1, shape (n,); NaN is not."""
    is_probability: Bools = (scores >= 0.0) & (scores <= 1.0)
    return is_probability


def counted(cells: Ints) -> Ints:
    """Return how often each cell comes, shape (rows * BINS,), up to the last row that has any.

    >>> counted(np.array([1, 1])).tolist()[:3], len(counted(np.array([BINS]))) // BINS
    ([0, 2, 0], 2)
    """
    rows = int(cells.max()) // BINS + 1 if len(cells) else 0
    return np.bincount(cells, minlength=rows * BINS)


def added(counts: Ints, others: Ints) -> Ints:
    """Return the sums of counts by cell, of which one array may have more rows, shape (rows * BINS,)."""
    few, many = sorted((counts, others), key=len)
    return many + np.concatenate((few, np.zeros(len(many) - len(few), np.int64)))
