"""The calibration curve: the share of correct predictions by predicted class and score, and how sure it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.performance.calibration_blocks import CalibrationBlocks, placed
from stream_monitor.performance.score_cells import BINS
from stream_monitor.stats.isotonic import Block

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
    """The calibration of scores, fitted to outcomes.

    Attributes:
        blocks: The share of correct predictions by cell.
        group_of: The group of each cell, 0 for cells without an outcome near, else 1 to ``GROUPS``, shape (cells,).
        shares: The share of the outcomes in each group, shape (groups,).
        outcomes: The number of outcomes.
    """

    blocks: CalibrationBlocks
    group_of: Ints
    shares: Floats
    outcomes: int

    @classmethod
    def fit(cls, correct: Ints, counts: Ints) -> CalibrationCurve:
        """Return the curve of outcomes; ``correct`` and ``counts`` as for `CalibrationBlocks.fit`."""
        group_of = _groups(counts)
        sizes = np.bincount(group_of, counts)
        return cls(CalibrationBlocks.fit(correct, counts), group_of, sizes / sizes.sum(), int(counts.sum()))

    def counted(self, cells: Ints, times: Ints | None = None) -> Ints:
        """Return how many predictions are in each cell of the curve, shape (cells,).

        Args:
            cells: The cells of n predictions, shape (n,).
            times: How often each comes, shape (n,); None: once.
        """
        counts = np.bincount(placed(cells, len(self.blocks)), times, len(self.blocks))
        return counts.astype(np.int64, copy=False)

    def accuracy(self, counts: Ints) -> float:
        """Return the expected accuracy of predictions, given their counts by cell."""
        return math.fsum((counts * self.blocks.values).tolist()) / int(counts.sum())

    def shift(self, counts: Ints) -> tuple[float, float]:
        """Return the share of scores that the outcomes do not have as often, and the expected accuracy there.

        It is the total variation distance of the two distributions over groups of cells, less what chance makes of
        equal ones.
        """
        size = int(counts.sum())
        seen = np.bincount(self.group_of, counts, len(self.shares))
        expected = np.bincount(self.group_of, counts * self.blocks.values, len(self.shares))
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
        own = math.fsum((counts * self.blocks.values * (1.0 - self.blocks.values)).tolist()) / size**2
        blocks = self.blocks.every
        weights = (np.bincount(self.blocks.number, counts, len(blocks)) / size).tolist()
        of_blocks = math.fsum(
            weight * weight * _variance_of_share(block) for weight, block in zip(weights, blocks, strict=True)
        )
        distance, accuracy = self.shift(counts)
        return own + of_blocks + distance * distance * accuracy * (1.0 - accuracy) / (NEW_OUTCOMES + 1.0)


def _variance_of_share(block: Block) -> float:
    """Return the variance of a share about which nothing was known before, the mean of a beta distribution."""
    mean = (block.successes + 1.0) / (block.trials + 2.0)
    return mean * (1.0 - mean) / (block.trials + 3.0)


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
