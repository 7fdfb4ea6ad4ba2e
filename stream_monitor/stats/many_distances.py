"""The distances of many signals at once.

Each function returns what its counterpart in `stream_monitor.stats.distances` returns for each signal alone, to the
last bit, in a fraction of the time: arithmetic runs over the windows of many signals, one behind the other.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.bins import Bins, categorical_bins
from stream_monitor.stats.chance_limits import largest_share_limit, scaled_limits, shift_limit, smirnov_limit
from stream_monitor.stats.distances import PSEUDO_COUNT, Distance, judged, judged_in_bins
from stream_monitor.stats.many_steps import ManySteps
from stream_monitor.stats.ragged import Ragged
from stream_monitor.stats.reference import CategoricalReference, NumericReference

_T = TypeVar("_T")

#: Signals that are taken at once; with twice as many, the arrays leave the cache.
MAX_TOGETHER = 36


class NumericWindow(NamedTuple):
    """The arguments of `numeric_distances`: a reference, finite values of shape (n,), and a time in values."""

    reference: NumericReference
    values: Floats
    autocorrelation_time: float = 1.0


class CategoricalWindow(NamedTuple):
    """The arguments of `categorical_distances`: a reference, counts of categories, and a time in values."""

    reference: CategoricalReference
    counts: Mapping[str, int]
    autocorrelation_time: float = 1.0


def many_numeric_distances(windows: Sequence[NumericWindow]) -> list[dict[str, Distance]]:
    """Return the distances between each window of numbers and its reference, by name."""
    found: list[dict[str, Distance]] = [{} for _ in windows]
    by_size: dict[int, list[int]] = {}
    for at, window in enumerate(windows):
        by_size.setdefault(len(window.values), []).append(at)
    by_size.pop(0, None)
    for part in chain.from_iterable(map(_parts, by_size.values())):
        for at, distances in zip(part, _numeric([windows[at] for at in part]), strict=True):
            found[at] = distances
    return found


def many_categorical_distances(windows: Sequence[CategoricalWindow]) -> list[dict[str, Distance]]:
    """Return the distances between each window of categories and its reference, by name.

    Equal windows are computed once: of many signals, most have no missing value.
    """
    keys = [(reference, frozenset(counts.items()), time) for reference, counts, time in windows]
    different = dict(zip(keys, windows, strict=True))
    found: dict[Hashable, dict[str, Distance]] = {key: {} for key in different}
    filled = [key for key, (reference, counts, _) in different.items() if reference.count and any(counts.values())]
    for part in _parts(filled):
        found.update(zip(part, _categorical([different[key] for key in part]), strict=True))
    return [dict(found[key]) for key in keys]


class _ManyBins:
    """Windows counted in bins, one window a row.

    Args:
        rows: The places of the windows in the arrays.
        counts: The windows' counts in bins.
        shares: The references' shares in the same bins.
    """

    def __init__(self, rows: Ragged, counts: Floats, shares: Floats) -> None:
        self.rows, self.counts, self.shares = rows, counts, shares
        #: The number of values of each window, in each of its bins.
        self.totals = rows.repeat(np.array(rows.sums(counts)))

    def of(self, at: int) -> Bins:
        """Return one window in bins."""
        begin = int(self.rows.starts[at])
        part = slice(begin, begin + int(self.rows.lengths[at]))
        return Bins(self.counts[part], self.shares[part])

    def divergences(self) -> tuple[list[float], list[float]]:
        """Return the population stability index and the Jensen-Shannon divergence of each window."""
        total = self.totals + PSEUDO_COUNT * self.rows.repeat(self.rows.lengths)
        p, q = (self.counts + PSEUDO_COUNT) / total, (self.shares * self.totals + PSEUDO_COUNT) / total
        middle = (p + q) / 2.0
        bits = self.rows.sums(p * np.log2(p / middle) + q * np.log2(q / middle))
        return self.rows.sums((p - q) * np.log(p / q)), [max(each / 2.0, 0.0) for each in bits]

    def changes(self) -> tuple[list[float], list[float]]:
        """Return Cramér's V and the largest change of a share of each window."""
        p = self.counts / self.totals
        both, change = p + self.shares, p - self.shares
        halves = self.rows.sums(change**2 / np.where(both > 0, both, 1.0))
        largest = np.maximum.reduceat(np.abs(change), self.rows.starts).tolist()
        return np.sqrt(np.array(halves) / 2.0).tolist(), largest

    def limits(self, noises: Sequence[float]) -> list[dict[str, float]]:
        """Return the chance thresholds of each window that `chi_square_limits` returns."""
        expected = self.shares * self.totals
        full = self.rows.sums(np.minimum(expected, 1.0))
        quarter = self.rows.sums(np.minimum(expected * 4.0, 1.0))
        return [scaled_limits(*each) for each in zip(full, quarter, noises, strict=True)]


def _numeric(windows: Sequence[NumericWindow]) -> Iterator[dict[str, Distance]]:
    references = [window.reference for window in windows]
    steps = ManySteps(references, [window.values for window in windows])
    bins = _ManyBins(*steps.bins())
    psi, bits = bins.divergences()
    smirnov, moved = steps.kolmogorov_smirnov(), steps.wasserstein()
    noises = [t * (1.0 / len(values) + 1.0 / reference.sampled) for reference, values, t in windows]
    limits = bins.limits(noises)
    for at, (reference, noise, limit) in enumerate(zip(references, noises, limits, strict=True)):
        yield {
            "psi": judged_in_bins("psi", psi[at], limit["psi"], bins.of(at)),
            "jensen_shannon": judged_in_bins("jensen_shannon", bits[at], limit["jensen_shannon"], bins.of(at)),
            "kolmogorov_smirnov": judged("kolmogorov_smirnov", smirnov[at], smirnov_limit(noise), 1.0),
            "wasserstein": judged("wasserstein", moved[at], shift_limit(reference.farthest, noise), reference.reach),
        }


def _categorical(windows: Sequence[CategoricalWindow]) -> Iterator[dict[str, Distance]]:
    each_bins = [categorical_bins(window.reference, window.counts) for window in windows]
    rows = Ragged([len(bins.counts) for bins in each_bins])
    counts, shares = (np.concatenate(parts) for parts in zip(*each_bins, strict=True))
    bins = _ManyBins(rows, counts, shares)
    (psi, bits), (cramer, largest) = bins.divergences(), bins.changes()
    totals = bins.totals[rows.starts].tolist()
    noises = [t * (1.0 / n + 1.0 / reference.count) for n, (reference, _, t) in zip(totals, windows, strict=True)]
    limits = bins.limits(noises)
    for at, (one, noise, limit) in enumerate(zip(each_bins, noises, limits, strict=True)):
        yield {
            "psi": judged_in_bins("psi", psi[at], limit["psi"], one),
            "jensen_shannon": judged_in_bins("jensen_shannon", bits[at], limit["jensen_shannon"], one),
            "cramers_v": judged_in_bins("cramers_v", cramer[at], limit["cramers_v"], one),
            "l_infinity": judged_in_bins("l_infinity", largest[at], largest_share_limit(one.shares, noise), one),
        }


def _parts(rows: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (rows[begin : begin + MAX_TOGETHER] for begin in range(0, len(rows), MAX_TOGETHER))
