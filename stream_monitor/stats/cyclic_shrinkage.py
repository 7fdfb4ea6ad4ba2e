"""Shrinkage of the means of the parts of a period towards their common mean."""

from __future__ import annotations

import numpy as np

from stream_monitor.core.arrays import Floats, ordered_sum

#: Variance of the smooth and of the rough part of means, relative to that of the means: the sums of the squares of
#: (1/4, 1/2, 1/4) and (-1/4, 1/2, -1/4).
PART_VARIANCE = 0.375


def smoothed(means: Floats) -> Floats:
    """Return means averaged with both of their neighbours, with weights of 1/4, 1/2 and 1/4: shape (..., bins)."""
    smooth: Floats = (np.roll(means, 1, axis=-1) + 2.0 * means + np.roll(means, -1, axis=-1)) / 4.0
    return smooth


def shrunken(counts: Floats, sums: Floats, variance: float) -> tuple[Floats, float]:
    """Return the differences of the parts of a period that are not by chance, and the share of the noise in them.

    The differences are split into a smooth and a rough part, and each is shrunk by the share of its squares that
    chance explains: the positive-part estimator of James and Stein.

    Args:
        counts: Number of values in each part, shape (bins,).
        sums: Sum of their differences from the mean, shape (bins,).
        variance: Variance of one value.

    Source: B. Efron, C. Morris, "Stein's estimation rule and its competitors: an empirical Bayes approach", Journal
    of the American Statistical Association 68 (1973), pp. 117-130.
    """
    if variance <= 0.0:
        return np.zeros(len(counts)), 0.0
    means = np.where(counts > 0, sums / np.maximum(counts, 1.0), 0.0)
    smooth = smoothed(means)
    parts = [(part, _kept(part, counts, variance)) for part in (smooth, means - smooth)]
    levels = sum((kept * part for part, kept in parts), np.zeros(len(counts)))
    return levels, sum(kept * kept for _, kept in parts)


def _kept(part: Floats, counts: Floats, variance: float) -> float:
    """The share of a part of the means that is kept."""
    squares = ordered_sum(counts * part * part)
    chance = PART_VARIANCE * variance * float((counts > 0).sum())
    return max(1.0 - chance / squares, 0.0) if squares > 0.0 else 0.0
