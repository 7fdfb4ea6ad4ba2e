"""The verdict on a signal against the training data: the same, shifted, or not enough data to tell.

A signal is *shifted* where a difference is beyond chance at the given level, and large enough to matter. It is *the
same* where it is not, and a large difference would have been beyond chance. Else the values are *not enough data*.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import Literal, NamedTuple, Protocol

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats, Ints
from stream_monitor.stats.effect_size import cohens_h
from stream_monitor.stats.share_test import Sizes, evidence, share_limit

VerdictName = Literal["same", "shifted", "not enough data"]
#: Smallest effect that matters: half of what J. Cohen calls a small one ("Statistical Power Analysis for the
#: Behavioral Sciences", 2nd edition 1988, pp. 25 and 181).
MIN_EFFECT = 0.1
#: A signal is the same only where an effect of this size, which Cohen calls large, would be beyond chance.
LARGE_EFFECT = 0.8
_NORMAL = NormalDist()


class Part(NamedTuple):
    """The share of one category, or of a part of the numbers, in the training data and now."""

    name: str
    before: float
    after: float


class Verdict(NamedTuple):
    """A signal against the training data.

    Attributes:
        verdict: ``same``, ``shifted`` or ``not enough data``.
        measure: The measure of the clearest difference; None before the first look.
        value: Its value.
        threshold: Its threshold; infinite where too few independent values have come to tell.
        effect: Its size: Cohen's h of a share, of a distribution Cohen's d of normal values as far apart.
        before: The mean in the training data; of categories, the share of the one that differs most.
        after: The same now.
        parts: The categories that differ most; of numbers, the part of them that does, empty if all do.
        values: Number of values that were compared.
        effective: Number of independent values with the same information.
        is_since_start: True if the values are all since the first one; else those since the signal's last change.
        reason: Why there is not enough data.
    """

    verdict: VerdictName = "not enough data"
    measure: str | None = None
    value: float = 0.0
    threshold: float = math.inf
    effect: float = 0.0
    before: float = math.nan
    after: float = math.nan
    parts: Sequence[Part] = ()
    values: int = 0
    effective: float = 0.0
    is_since_start: bool = True
    reason: str | None = None

    @property
    def is_skew(self) -> bool:
        """True for a difference from the training data since the start."""
        return self.verdict == "shifted" and self.is_since_start


class SignalVerdict(NamedTuple):
    """The verdict on one signal, with its name and the kind of its values."""

    name: str
    kind: ColumnKind
    verdict: Verdict


class Cells(Protocol):
    """The cells of a reference: see `NumberCells` and `CategoryCells`."""

    shares: Floats
    is_ordered: bool


class Difference(NamedTuple):
    """A difference between a window and its reference.

    Attributes:
        measure: ``kolmogorov_smirnov``, taken at the borders of cells; or ``cohens_h`` of the share of one cell.
        value: The distance.
        threshold: The distance above which it is beyond chance and large enough; infinite if none would be.
        effect: The size: Cohen's h of shares; of a distribution, Cohen's d of a shift of normal values.
        cell: The cell of the share; or the last cell up to which the distributions differ most.
    """

    measure: str
    value: float
    threshold: float
    effect: float
    cell: int

    @property
    def is_shift(self) -> bool:
        """True if it is beyond chance, and large enough."""
        return self.value > self.threshold

    @property
    def rank(self) -> float:
        """The larger, the clearer the difference."""
        return self.value / self.threshold


def clearest_difference(cells: Cells, counts: Ints, sizes: Sizes, level: float) -> Difference:
    """Return the clearest difference between a window and its reference.

    Half of the level is for the distribution functions, half for the shares of cells, in equal parts.

    Args:
        cells: The cells of the reference.
        counts: The number of values of the window in each cell, shape (cells,).
        sizes: The numbers of independent values.
        level: The probability with which an unchanged window may differ by more than the threshold.
    """
    part = level / 2.0 if cells.is_ordered else level
    share = share_difference(cells, counts, sizes, part, range(len(cells.shares)))
    if not cells.is_ordered:
        return share
    distribution = _of_distribution(cells, counts / counts.sum(), sizes, part)
    # Of a difference of the whole distribution, the share of one cell is a part only.
    is_first = distribution.is_shift or distribution.rank >= share.rank
    return distribution if is_first else share


def share_difference(cells: Cells, counts: Ints, sizes: Sizes, level: float, chosen: Iterable[int]) -> Difference:
    """Return the difference of the share of the cell with the most evidence, of those that are large enough.

    Args:
        cells: The cells of the reference.
        counts: The number of values of the window in each cell, shape (cells,).
        sizes: The numbers of independent values.
        level: The probability with which any of the shares may differ by more than its threshold by chance.
        chosen: The cells to compare, at least one.
    """
    shares, usual = (counts / counts.sum()).tolist(), np.clip(cells.shares, 0.0, 1.0).tolist()
    needed = _needed(cells, level)
    found = {int(cell): evidence(shares[cell], usual[cell], sizes) for cell in chosen}
    clear = [cell for cell in found if found[cell] > needed and cohens_h(shares[cell], usual[cell]) > MIN_EFFECT]
    cell = max(clear or found, key=lambda each: (found[each], -each))
    return _share_difference(cell, shares[cell], usual[cell], sizes, needed)


def _share_difference(cell: int, share: float, usual: float, sizes: Sizes, needed: float) -> Difference:
    is_up = share > usual if share != usual else usual < 0.5
    limit = share_limit(usual, sizes, needed, is_up=is_up)
    threshold = math.inf if limit is None else max(cohens_h(limit, usual), MIN_EFFECT)
    value = cohens_h(share, usual)
    return Difference("cohens_h", value, threshold, value, cell)


def is_enough(cells: Cells, sizes: Sizes, level: float) -> bool:
    """Return True if a large difference would be beyond chance."""
    if cells.is_ordered:
        return smirnov_threshold(sizes, level / 2.0) <= smirnov_of(LARGE_EFFECT)
    return math.sqrt(2.0 * _needed(cells, level) * sizes.noise) <= LARGE_EFFECT


def smirnov_threshold(sizes: Sizes, level: float) -> float:
    """Return the Kolmogorov-Smirnov distance that is exceeded by chance with a probability of the level at most.

    Source: P. Massart, "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality", Annals of Probability 18
    (1990), pp. 1269-1283.
    """
    return math.sqrt(math.log(2.0 / level) / 2.0 * sizes.noise)


def smirnov_of(effect: float) -> float:
    """Return the Kolmogorov-Smirnov distance of normal values shifted by so many standard deviations.

    >>> round(smirnov_of(0.1), 4)
    0.0399
    """
    return 2.0 * _NORMAL.cdf(effect / 2.0) - 1.0


def _of_distribution(cells: Cells, shares: Floats, sizes: Sizes, level: float) -> Difference:
    """Compare the distribution functions at the borders of cells."""
    distances = np.abs(np.add.accumulate(shares) - np.add.accumulate(cells.shares))[:-1]
    cell = int(distances.argmax())
    value = min(float(distances[cell]), 1.0)
    threshold = max(smirnov_threshold(sizes, level), smirnov_of(MIN_EFFECT))
    effect = 2.0 * _NORMAL.inv_cdf(min((1.0 + value) / 2.0, 1.0 - 1e-9))
    return Difference("kolmogorov_smirnov", value, threshold if threshold < 1.0 else math.inf, effect, cell)


def _needed(cells: Cells, level: float) -> float:
    """Return the evidence that one of the shares exceeds with a probability of the level at most."""
    return math.log(2.0 * len(cells.shares) / level)
