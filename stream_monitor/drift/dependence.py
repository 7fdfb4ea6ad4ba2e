"""The dependence of a signal's neighbouring values, and the batch means and weights that allow for it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from stream_monitor.stats.autocorrelation import MAX_AUTOCORRELATION_TIME
from stream_monitor.stats.variance_ratios import VarianceRatios

#: Up to this autocorrelation time the values are fed one by one, with a lower weight.
SHORT = 2.0
#: Length of a batch in autocorrelation times; the weight accounts for the dependence that is left.
TIMES = 2.0
MAX_BATCH = 10_000
#: A batch is replaced by one that is longer by this factor, or shorter by that.
MAX_GROWTH, MAX_SHRINKING = 1.25, 2.0
#: Factor by which a variance ratio must differ to be replaced.
MIN_CHANGE = 1.05


class Dependence(NamedTuple):
    """The dependence of a signal's values, and the batch means that reduce it.

    Attributes:
        autocorrelation_time: The integrated autocorrelation time: this many values carry the information of one
            independent value.
        batch: Number of values whose mean is fed as one value.
        inside: The variance of a batch mean, relative to that of a mean of independent values.
        residual: The variance of a long mean of such batch means, relative to that of independent ones.
        ratios: The same for means of 1, 2, 4 ... batch means; empty where one number is enough for all lengths.
            Of few values these are upper limits.
    """

    autocorrelation_time: float = 1.0
    batch: int = 1
    inside: float = 1.0
    residual: float = 1.0
    ratios: tuple[float, ...] = ()


def lag1_of(autocorrelation_time: float) -> float:
    """Return the lag-1 autocorrelation of a first-order autoregression with this autocorrelation time."""
    time = min(max(autocorrelation_time, 1.0), MAX_AUTOCORRELATION_TIME)
    return (time - 1.0) / (time + 1.0)


#: Cached: many signals have equal variance ratios, above all those of which little is known yet.
@lru_cache(maxsize=64)
def dependence_of(found: VarianceRatios, batch: int = 0, *, in_batches: bool = True) -> Dependence:
    """Return the dependence of a series with these variance ratios.

    Args:
        found: Its variance ratios.
        batch: The length of batches; 0 for the best one.
        in_batches: Whether long batches may be formed; codes of categories have no mean, and are fed one by one.

    Source: C. J. Geyer, Statistical Science 7 (1992), p. 477, for the integrated autocorrelation time.

    >>> dependence_of(VarianceRatios(lag1_of(19.0))).batch
    38
    """
    short = (1.0 + found.lag1) / (1.0 - found.lag1)
    if not batch:
        batch = 1 if short <= SHORT or not in_batches else min(math.ceil(TIMES * short * (1.0 - 1e-9)), MAX_BATCH)
    longest = max(found.ratios, default=short)
    inside = found.ratio(float(batch))
    if not found.ratios or (batch == 1 and longest <= SHORT):
        return Dependence(found.time, batch, inside, longest / inside)
    lengths = (batch * 2.0**doubling for doubling in range(len(found.ratios)))
    ratios = tuple(max(found.ratio(length) / inside, 1.0) for length in lengths)
    return Dependence(found.time, batch, inside, max(ratios), ratios)


def is_new(known: Dependence, found: VarianceRatios, *, in_batches: bool) -> Dependence | None:
    """Return what replaces a known dependence if more is known, None if it remains.

    The length of the batches changes only where another one is much better: the detector must then start anew.
    """
    best = dependence_of(found, in_batches=in_batches)
    if known.batch / MAX_SHRINKING < best.batch <= MAX_GROWTH * known.batch:
        best = dependence_of(found, known.batch, in_batches=in_batches)
    is_same = best.batch == known.batch and len(best.ratios) == len(known.ratios)
    pairs = zip((best[0], *best[2:4], *best.ratios), (known[0], *known[2:4], *known.ratios), strict=False)
    near = all(1.0 / MIN_CHANGE < new / old < MIN_CHANGE for new, old in pairs)
    return None if is_same and near else best
