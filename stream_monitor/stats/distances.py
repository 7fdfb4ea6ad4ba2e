"""Distances between a window of a signal's newest values and its reference, each with a threshold.

A threshold is the larger of two values: the conventional one for a practically relevant change, and the one that a
window of the same size, drawn from the reference distribution itself, exceeds with a probability of 0.1 %. The second
keeps small windows from exceeding the threshold by chance. Where no window of that size could exceed it, there are
too few independent values to tell anything, and the threshold is infinite.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.bins import Bins, categorical_bins, numeric_bins
from stream_monitor.stats.chance_limits import (
    chi_square_limits,
    largest_share_limit,
    shift_limit,
    smirnov_limit,
)
from stream_monitor.stats.reference import CategoricalReference, NumericReference
from stream_monitor.stats.reference.quantile_integral import crossing_areas

#: The pseudo-count added to each bin, both to the window's count and to the count expected from the reference: an
#: empty bin then gives a finite distance, and equal shares still give 0.
PSEUDO_COUNT = 0.5
#: Thresholds of practical relevance. ``psi``: between the 0.1 and the 0.25 that credit scoring uses for some and for
#: much change (B. Yurdakul, "Statistical Properties of Population Stability Index", Western Michigan University,
#: 2018). ``jensen_shannon``: the square of NannyML's threshold of 0.1 for the Jensen-Shannon distance.
#: ``kolmogorov_smirnov``: the distance of normal values shifted by a quarter of a standard deviation.
#: ``wasserstein``, ``cramers_v``: small effects by J. Cohen ("Statistical Power Analysis for the Behavioral
#: Sciences", 2nd edition 1988, pp. 25 and 227). ``l_infinity``: NannyML's threshold.
CONVENTIONAL = {
    "psi": 0.2,
    "jensen_shannon": 0.01,
    "kolmogorov_smirnov": 0.1,
    "wasserstein": 0.2,
    "cramers_v": 0.1,
    "l_infinity": 0.1,
}


class Distance(NamedTuple):
    """A distance, and the threshold above which it is both practically relevant and not due to chance.

    The threshold is infinite where there are too few independent values to tell.
    """

    value: float
    threshold: float


class Steps(NamedTuple):
    """The distribution functions of a window and its reference at the window's n values, shape (n,) each.

    Attributes:
        values: The values, in increasing order.
        below: The share of the window's values before each value; of equal ones, each counts those before it.
        upto: The share of the window's values up to each value.
        reference_below: The share of the reference below each value.
        reference_upto: The share of the reference that is at most each value.
    """

    values: Floats
    below: Floats
    upto: Floats
    reference_below: Floats
    reference_upto: Floats


def numeric_distances(
    reference: NumericReference, window: Floats, autocorrelation_time: float = 1.0
) -> dict[str, Distance]:
    """Return all distances between a window of numbers and the reference.

    ``psi`` and ``jensen_shannon`` compare shares in tenths of the reference, ``kolmogorov_smirnov`` and
    ``wasserstein`` the whole distributions.

    Args:
        reference: The reference distribution.
        window: Finite values in any order, shape (n,).
        autocorrelation_time: The integrated autocorrelation time of the signal, in values.

    Returns:
        The distances by name; none for an empty window.

    >>> distances = numeric_distances(NumericReference.learn(np.arange(1000.0)), np.arange(300.0, 1300.0))
    >>> {name: round(distance.value, 3) for name, distance in distances.items()}
    {'psi': 1.996, 'jensen_shannon': 0.213, 'kolmogorov_smirnov': 0.301, 'wasserstein': 1.039}
    """
    if not len(window):
        return {}
    ordered = np.sort(window)
    steps, bins = _steps(reference, ordered), numeric_bins(reference, ordered)
    values = {
        "psi": psi(bins),
        "jensen_shannon": jensen_shannon(bins),
        "kolmogorov_smirnov": kolmogorov_smirnov(steps),
        "wasserstein": wasserstein(reference, steps),
    }
    noise = autocorrelation_time * (1.0 / len(window) + 1.0 / reference.sampled)
    in_bins = chi_square_limits(bins, noise)
    by_chance = {"kolmogorov_smirnov": smirnov_limit(noise), "wasserstein": shift_limit(reference.farthest, noise)}
    largest = {"kolmogorov_smirnov": 1.0, "wasserstein": reference.reach}
    return {
        **{name: judged_in_bins(name, values[name], in_bins[name], bins) for name in ("psi", "jensen_shannon")},
        **{name: judged(name, values[name], limit, largest[name]) for name, limit in by_chance.items()},
    }


def categorical_distances(
    reference: CategoricalReference, window: Mapping[str, int], autocorrelation_time: float = 1.0
) -> dict[str, Distance]:
    """Return all distances between a window of categories and the reference.

    Args:
        reference: The reference distribution.
        window: The count of each category in the window.
        autocorrelation_time: The integrated autocorrelation time of the signal, in values.

    Returns:
        The distances by name; none if the window or the reference is empty.

    >>> reference = CategoricalReference.learn(["DE"] * 500 + ["FR"] * 500)
    >>> distances = categorical_distances(reference, {"DE": 400, "FR": 400, "IT": 200})
    >>> {name: round(distance.value, 3) for name, distance in distances.items()}
    {'psi': 1.242, 'jensen_shannon': 0.106, 'cramers_v': 0.333, 'l_infinity': 0.2}
    """
    bins = categorical_bins(reference, window)
    count = float(bins.counts.sum())
    if not count or not reference.count:
        return {}
    values = {
        "psi": psi(bins),
        "jensen_shannon": jensen_shannon(bins),
        "cramers_v": cramers_v(bins),
        "l_infinity": l_infinity(bins),
    }
    noise = autocorrelation_time * (1.0 / count + 1.0 / reference.count)
    by_chance = {**chi_square_limits(bins, noise), "l_infinity": largest_share_limit(bins.shares, noise)}
    return {name: judged_in_bins(name, value, by_chance[name], bins) for name, value in values.items()}


def psi(bins: Bins) -> float:
    """Return the population stability index ``sum (p - q) ln(p / q)``, from 0 to infinity.

    p and q are the shares in the window and in the reference, with `PSEUDO_COUNT` added in each bin. Source: the
    divergence of H. Jeffreys, "An invariant form for the prior probability in estimation problems", Proceedings of
    the Royal Society A 186 (1946), pp. 453-461; as an index of stability: Yurdakul 2018.
    """
    p, q = _smoothed(bins)
    return float(((p - q) * np.log(p / q)).sum())


def jensen_shannon(bins: Bins) -> float:
    """Return the Jensen-Shannon divergence in bits, from 0 to 1; the Jensen-Shannon distance is its square root.

    ``(KL(p || m) + KL(q || m)) / 2`` with ``m = (p + q) / 2``, p and q as in `psi`. Source: J. Lin, "Divergence
    measures based on the Shannon entropy", IEEE Transactions on Information Theory 37 (1991), pp. 145-151.
    """
    p, q = _smoothed(bins)
    middle = (p + q) / 2.0
    return max(float((p * np.log2(p / middle) + q * np.log2(q / middle)).sum()) / 2.0, 0.0)


def cramers_v(bins: Bins) -> float:
    """Return Cramér's V of window and reference, from 0 (equal shares) to 1 (no category in common).

    It is ``sqrt(sum (p - q)^2 / (p + q) / 2)``: the chi-square statistic of a table in which both have equal weight,
    which makes it independent of the number of values in each. Source: H. Cramér, "Mathematical Methods of
    Statistics", 1946, p. 282.
    """
    p, q = bins.counts / bins.counts.sum(), bins.shares
    both = p + q
    return math.sqrt(float(((p - q) ** 2 / np.where(both > 0, both, 1.0)).sum()) / 2.0)


def l_infinity(bins: Bins) -> float:
    """Return the largest change of a category's share, from 0 to 1: ``max |p - q|``."""
    return float(np.abs(bins.counts / bins.counts.sum() - bins.shares).max())


def kolmogorov_smirnov(steps: Steps) -> float:
    """Return the largest difference ``sup |F(x) - G(x)|`` of the distribution functions, from 0 to 1.

    Source: N. Smirnov, "Table for estimating the goodness of fit of empirical distributions", Annals of Mathematical
    Statistics 19 (1948), pp. 279-281.
    """
    # The window is farthest above the reference at one of its values, and farthest below it just before one.
    above, under = steps.upto - steps.reference_upto, steps.reference_below - steps.below
    return float(max(above.max(), under.max()))


def wasserstein(reference: NumericReference, steps: Steps) -> float:
    """Return the Wasserstein distance ``integral |F(x) - G(x)| dx``, in standard deviations of the reference.

    It is the mean distance by which the mass has to be moved; a shift of all values by d standard deviations gives d.
    It is computed as the equal integral of the difference of the quantile functions over the shares, of which each
    value of the window has an equal part. Values are clipped to `NumericReference.reach`. Source: S. S. Vallender,
    "Calculation of the Wasserstein distance between probability distributions on the line", Theory of Probability and
    its Applications 18 (1974), pp. 784-786.
    """
    count, share = len(steps.values), steps.reference_upto
    x, integral = reference.standardise(steps.values), reference.quantile_integral
    at = integral.at_ranks(count)
    areas = np.abs(x / count - np.diff(at))
    # Elsewhere the window's quantile is on one side of the reference's for its whole part.
    crossing = np.flatnonzero((steps.below < share) & (share < steps.upto))
    x, share = x[crossing], share[crossing]
    piece = np.searchsorted(reference.values, steps.values[crossing], side="right")
    start, knot = integral.pieces[:, piece]
    crossed = start + (share - reference.pieces[1][piece]) * (knot + x) / 2.0
    ends = steps.below[crossing], steps.upto[crossing]
    areas[crossing] = crossing_areas(x, share, ends, np.stack((at[crossing], crossed, at[crossing + 1])))
    return float(areas.sum())


def _steps(reference: NumericReference, ordered: Floats) -> Steps:
    ranks = np.arange(len(ordered) + 1) / len(ordered)
    return Steps(ordered, ranks[:-1], ranks[1:], *reference.shares(ordered))


def _smoothed(bins: Bins) -> tuple[Floats, Floats]:
    """Return the shares in the window and in the reference, with the pseudo-count added in each bin."""
    count = bins.counts.sum()
    total = count + PSEUDO_COUNT * len(bins.counts)
    return (bins.counts + PSEUDO_COUNT) / total, (bins.shares * count + PSEUDO_COUNT) / total


def judged(name: str, value: float, by_chance: float, largest: float) -> Distance:
    """Return a distance with its threshold.

    Args:
        name: The name of the distance.
        value: Its value.
        by_chance: Its chance threshold.
        largest: The largest value that it can have.
    """
    threshold = max(CONVENTIONAL[name], by_chance)
    return Distance(value, threshold if threshold < largest else math.inf)


def judged_in_bins(name: str, value: float, by_chance: float, bins: Bins) -> Distance:
    """Return a distance of shares in bins with its threshold.

    The conventional threshold can be exceeded wherever there are two bins.
    """
    is_reached = by_chance <= CONVENTIONAL[name] and len(bins.counts) > 1
    return judged(name, value, by_chance, math.inf if is_reached else _IN_BINS[name](_farthest(bins)))


def _farthest(bins: Bins) -> Bins:
    """Return a window of the same size that is farthest from the reference: all of it in the rarest bin."""
    counts = np.zeros(len(bins.counts))
    counts[int(bins.shares.argmin())] = bins.counts.sum()
    return Bins(counts, bins.shares)


_IN_BINS = {"psi": psi, "jensen_shannon": jensen_shannon, "cramers_v": cramers_v, "l_infinity": l_infinity}
