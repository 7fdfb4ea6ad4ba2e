"""A window of values counted in bins of its reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.reference import CategoricalReference, NumericReference


class Bins(NamedTuple):
    """The window's counts in bins, shape (bins,), and the reference's shares in the same bins."""

    counts: Floats
    shares: Floats


def numeric_bins(reference: NumericReference, ordered: Floats) -> Bins:
    """Count a window in bins of a tenth of the reference each; a value with much mass has a bin of its own.

    Args:
        reference: The reference distribution.
        ordered: The window's values in increasing order, shape (n,).
    """
    cuts, goes_left, shares = reference.cuts
    left, right = np.searchsorted(ordered, cuts), np.searchsorted(ordered, cuts, side="right")
    counts = np.diff(np.where(goes_left, right, left), prepend=0, append=len(ordered))
    return Bins(counts.astype(np.float64), np.diff(shares, prepend=0.0, append=1.0))


def categorical_bins(reference: CategoricalReference, window: Mapping[str, int]) -> Bins:
    """Count a window by the reference's frequent categories; the last bin holds all rare and all new ones."""
    counts = [window.get(name, 0) for name in reference.frequent]
    counts.append(sum(window.values()) - sum(counts))
    return Bins(np.array(counts, dtype=np.float64), np.array(reference.shares))
