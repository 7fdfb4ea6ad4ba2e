"""The calibration curve: the share of correct predictions by predicted class and score, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.performance.score_cells import BINS, added
from stream_monitor.stats.isotonic import Block, interpolated, monotone_blocks

#: Outcomes of a predicted class below which it has the curve of all classes.
MIN_OF_CLASS = 100
#: Groups of cells over which distributions of scores are compared, each with about the same share of the outcomes.
GROUPS = 10
#: Bins to either side in which an outcome has to be, or else scores are outside of what was calibrated.
NEAR = 4
#: The accuracy of predictions whose scores the calibration has not seen as often is taken for as sure as after this
#: many outcomes.
NEW_OUTCOMES = 10.0
#: The mean of the positive part of a standard normal variable.
_POSITIVE_PART = 1.0 / math.sqrt(2.0 * math.pi)


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """The calibration by cell, fitted to outcomes.

    Isotonic regression of each predicted class on its scores: B. Zadrozny, C. Elkan, "Transforming classifier scores
    into accurate multiclass probability estimates", KDD 2002, pp. 694-699.

    Attributes:
        values: The share of correct predictions by cell, shape (cells,).
        block_of: The number of each cell's block, shape (cells,); cells between two blocks belong to the one before.
        blocks: The blocks, with their outcomes.
        group_of: The group of each cell, 0 for cells without an outcome near, else 1 to ``GROUPS``, shape (cells,).
        shares: The share of the outcomes in each group, shape (groups,).
        outcomes: The number of outcomes.
    """

    values: Floats
    block_of: Ints
    blocks: Sequence[Block]
    group_of: Ints
    shares: Floats
    outcomes: int

    @classmethod
    def fit(cls, correct: Ints, counts: Ints) -> CalibrationCurve:
        """Return the curve of outcomes.

        Args:
            correct: Outcomes with a correct prediction by cell, shape (cells,) or, without the last rows, less.
            counts: All outcomes by cell, shape (cells,), one of them above 0.
        """
        correct = added(correct, np.zeros_like(counts))
        pooled = monotone_blocks(*(each.reshape(-1, BINS).sum(axis=0).tolist() for each in (correct, counts)))
        blocks, shared = list(pooled), (interpolated(pooled, BINS), _numbers(pooled, 0))
        parts = [shared] if counts[:BINS].sum() < MIN_OF_CLASS else []
        for row in range(len(parts), len(counts) // BINS):
            cells = slice(row * BINS, (row + 1) * BINS)
            if counts[cells].sum() < MIN_OF_CLASS:
                parts.append(shared)
                continue
            own = monotone_blocks(correct[cells].tolist(), counts[cells].tolist())
            parts.append((interpolated(own, BINS), _numbers(own, len(blocks))))
            blocks += own
        group_of = _groups(counts)
        sizes = np.bincount(group_of, counts)
        return cls(
            np.array([value for part, _ in parts for value in part]),
            np.array([number for _, part in parts for number in part], np.int64),
            blocks,
            group_of,
            sizes / sizes.sum(),
            int(counts.sum()),
        )

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.values)

    def counted(self, cells: Ints, times: Ints | None = None) -> Ints:
        """Return how many predictions are in each cell of the curve, shape (len(self),).

        Args:
            cells: The cells of n predictions, shape (n,).
            times: How often each comes, shape (n,); None: once.
        """
        counts = np.bincount(placed(cells, len(self)), times, len(self))
        return counts.astype(np.int64, copy=False)

    def accuracy(self, counts: Ints) -> float:
        """Return the expected accuracy of predictions, given their counts by cell."""
        return math.fsum((counts * self.values).tolist()) / int(counts.sum())

    def shift(self, counts: Ints) -> tuple[float, float]:
        """Return the share of scores that the outcomes do not have as often, and the expected accuracy there.

        It is the total variation distance of the two distributions over groups of cells, less what chance makes of
        equal ones.
        """
        size = int(counts.sum())
        seen = np.bincount(self.group_of, counts, len(self.shares))
        expected = np.bincount(self.group_of, counts * self.values, len(self.shares))
        noise = (1.0 / size + 1.0 / self.outcomes) * self.shares * (1.0 - self.shares)
        over = np.maximum(seen / size - self.shares, 0.0)
        distance = math.fsum(over.tolist()) - _POSITIVE_PART * math.fsum(map(math.sqrt, noise.tolist()))
        if distance <= 0.0:
            return 0.0, 0.0
        accuracies = expected / np.maximum(seen, 1.0)
        return distance, math.fsum((over * accuracies).tolist()) / math.fsum(over.tolist())

    def variance(self, counts: Ints) -> float:
        """Return the variance of the realized accuracy of predictions around the expected one.

        It adds up the variance of correctness, a sum of Bernoulli variables with different probabilities; that of
        the calibration in each block; and that of the accuracy where scores have shifted. Source of the first: J.
        Kivimäki, J. Białek, J. K. Nurminen, W. Kuberski, "Confidence-based estimators for predictive performance in
        model monitoring", Journal of Artificial Intelligence Research 82 (2025).
        """
        size = int(counts.sum())
        own = math.fsum((counts * self.values * (1.0 - self.values)).tolist()) / size**2
        weights = (np.bincount(self.block_of, counts, len(self.blocks)) / size).tolist()
        of_blocks = math.fsum(
            weight * weight * _variance_of_share(block) for weight, block in zip(weights, self.blocks, strict=True)
        )
        distance, accuracy = self.shift(counts)
        return own + of_blocks + distance * distance * accuracy * (1.0 - accuracy) / (NEW_OUTCOMES + 1.0)


def placed(cells: Ints, size: int) -> Ints:
    """Return cells of which those of classes that came after the curve are in row 0."""
    return np.where(cells < size, cells, cells % BINS)


def _variance_of_share(block: Block) -> float:
    """Return the variance of a share about which nothing was known before, the mean of a beta distribution."""
    mean = (block.successes + 1.0) / (block.trials + 2.0)
    return mean * (1.0 - mean) / (block.trials + 3.0)


def _numbers(blocks: Sequence[Block], first: int) -> list[int]:
    """Return the number of each bin's block, the first of which has the number ``first``."""
    return list(_numbered(blocks, first))


def _numbered(blocks: Sequence[Block], first: int) -> Iterator[int]:
    starts = [block.first for block in blocks[1:]]
    for number, (begin, end) in enumerate(zip([0, *starts], [*starts, BINS], strict=True), first):
        yield from [number] * (end - begin)


def _groups(counts: Ints) -> Ints:
    """Return the group of each cell; cells without an outcome near have group 0."""
    before = np.cumsum(counts) - counts
    groups = np.minimum(before * GROUPS // int(counts.sum()), GROUPS - 1) + 1
    return np.where(_has_near(counts), groups, 0)


def _has_near(counts: Ints) -> Bools:
    """Return which cells have an outcome in them or near them, in their row."""
    rows = np.pad((counts > 0).reshape(-1, BINS), ((0, 0), (NEAR + 1, NEAR)))
    sums = np.cumsum(rows, axis=1)
    has: Bools = (sums[:, 2 * NEAR + 1 :] > sums[:, : -2 * NEAR - 1]).ravel()
    return has
