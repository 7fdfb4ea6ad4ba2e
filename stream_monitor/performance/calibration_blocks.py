"""Isotonic regression of correctness on scores, for each predicted class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.performance.score_cells import BINS, added
from stream_monitor.stats.isotonic import Block, interpolated, monotone_blocks

#: Outcomes of a predicted class below which it has the blocks of all classes.
MIN_OF_CLASS = 100


@dataclass(frozen=True)
class CalibrationBlocks:
    """Neighbouring bins of scores that have one share of correct predictions, for each predicted class.

    Attributes:
        pooled: The blocks of all classes.
        rows: The blocks of the classes by row, none for a row that has those of all.

    Source: B. Zadrozny, C. Elkan, "Transforming classifier scores into accurate multiclass probability estimates",
    KDD 2002, pp. 694-699.
    """

    pooled: Sequence[Block]
    rows: Sequence[Sequence[Block]]

    @classmethod
    def fit(cls, correct: Ints, counts: Ints) -> CalibrationBlocks:
        """Return the blocks of outcomes.

        Args:
            correct: Outcomes with a correct prediction by cell, shape (cells,) or, without the last rows, less.
            counts: All outcomes by cell, shape (cells,), one of them above 0.
        """
        trials = counts.reshape(-1, BINS)
        successes = added(correct, np.zeros_like(counts)).reshape(-1, BINS)
        rows = (
            monotone_blocks(hits.tolist(), each.tolist()) if each.sum() >= MIN_OF_CLASS else ()
            for hits, each in zip(successes, trials, strict=True)
        )
        pooled = monotone_blocks(successes.sum(axis=0).tolist(), trials.sum(axis=0).tolist())
        return cls(pooled, list(rows))

    @cached_property
    def values(self) -> Floats:
        """The share of correct predictions by cell, shape (cells,)."""
        shared = interpolated(self.pooled, BINS)
        return np.array([value for row in self.rows for value in (interpolated(row, BINS) if row else shared)])

    @cached_property
    def every(self) -> Sequence[Block]:
        """All blocks, those of all classes first."""
        return [*self.pooled, *(block for row in self.rows for block in row)]

    @cached_property
    def number(self) -> Ints:
        """The position of each cell's block in `every`, shape (cells,); cells between two are those of the first."""
        first = len(self.pooled)
        found: list[int] = []
        for row in self.rows:
            found += _numbered(row, first) if row else _numbered(self.pooled, 0)
            first += len(row)
        return np.array(found, np.int64)

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.rows) * BINS

    def state(self) -> list[list[list[int]]]:
        return [[list(block) for block in row] for row in (self.pooled, *self.rows)]

    @classmethod
    def restore(cls, state: Sequence[Sequence[Iterable[int]]]) -> CalibrationBlocks:
        """Return what `state` was made of."""
        pooled, *rows = ([Block(*block) for block in row] for row in state)
        return cls(pooled, rows)


def placed(cells: Ints, size: int) -> Ints:
    """Return cells of which those of classes that came later are in row 0.

    Args:
        cells: The cells, shape (n,).
        size: The number of cells that there are.
    """
    return np.where(cells < size, cells, cells % BINS)


def _numbered(blocks: Sequence[Block], first: int) -> Iterator[int]:
    """Yield the number of each bin's block, the first of which has the number ``first``."""
    starts = [block.first for block in blocks[1:]]
    for number, (begin, end) in enumerate(zip([0, *starts], [*starts, BINS], strict=True), first):
        yield from [number] * (end - begin)
