"""Intervals of the range of several shares or means: how far apart the most different ones are."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.intervals import Z95, wilson


class Estimate(NamedTuple):
    """An estimate with its 95 % confidence interval."""

    value: float
    lower: float
    upper: float


class Shares(NamedTuple):
    """Shares of independent groups.

    Attributes:
        counts: What was counted in each group, shape (k,).
        totals: Out of how many, above 0, shape (k,).
    """

    counts: Floats
    totals: Floats

    @property
    def values(self) -> Floats:
        """The shares, shape (k,)."""
        return self.counts / self.totals

    def limits(self, z: float) -> tuple[Floats, Floats]:
        """Return the Wilson limits of each share, shape (k,) each."""
        pairs = zip(self.values.tolist(), self.totals.tolist(), strict=True)
        bounds = np.array([wilson(share, total, z) for share, total in pairs])
        return bounds[:, 0], bounds[:, 1]


def range_of_shares(shares: Shares, families: int = 1) -> Estimate:
    """Return the largest less the smallest share, with an interval of the true range.

    The interval of each pair's difference is Newcombe's hybrid score interval. The upper limit is the largest of
    those of all pairs: it is missed in at most 2.5 %, since the pair that is truly furthest apart is among them. The
    lower limit is the largest of all pairs, at a level that is shared out over them (Bonferroni), and not below 0. So
    the coverage is 95 % for two groups, or a little more where the true difference is small but not 0, and at least
    95 % for more groups.

    Args:
        shares: Those of two groups or more.
        families: Number of ranges of which the largest is taken afterwards; the lower limit's level is shared too.

    Source: R. G. Newcombe, "Interval estimation for the difference between independent proportions: comparison of
    eleven methods", Statistics in Medicine 17 (1998), pp. 873-890, method 10.

    >>> value, lower, upper = range_of_shares(Shares(np.array([56.0, 48.0]), np.array([70.0, 80.0])))
    >>> round(value, 4), round(lower, 4), round(upper, 4)
    (0.2, 0.0524, 0.3339)
    """
    p = shares.values
    low, _ = _differences(shares, _shared_z(len(p), families))
    _, high = _differences(shares, Z95)
    return Estimate(float(p.max() - p.min()), max(float(low.max()), 0.0), float(high.max()))


def ratio_of_shares(shares: Shares) -> Estimate:
    """Return the smallest share divided by the largest, with an interval of the true quotient, NaN if all are 0.

    The limits of a pair's quotient come from the Wilson limits of its shares (method of variance estimates recovery);
    those of the pairs are combined as in `range_of_shares`.

    Source: A. Donner, G. Y. Zou, "Closed-form confidence intervals for functions of the normal mean and standard
    deviation", Statistical Methods in Medical Research 21 (2012), pp. 347-359, equation 9.

    >>> value, lower, upper = ratio_of_shares(Shares(np.array([24.0, 29.0]), np.array([73.0, 53.0])))
    >>> round(value, 3), round(lower, 3), round(upper, 3)
    (0.601, 0.401, 0.903)
    """
    p = shares.values
    if not p.max():
        return Estimate(np.nan, np.nan, np.nan)
    low, _ = _quotients(shares, Z95)
    _, high = _quotients(shares, _shared_z(len(p), 1))
    return Estimate(float(p.min() / p.max()), float(np.nanmin(low)), min(float(np.nanmin(high)), 1.0))


def range_of_means(means: Floats, variances: Floats) -> Estimate:
    """Return the largest less the smallest mean, with an interval of the true range; combined as `range_of_shares`.

    The interval of each pair's difference is that of large samples with unequal variances (Welch 1938).

    Args:
        means: Those of two groups or more, shape (k,).
        variances: Their squared standard errors, shape (k,).

    >>> range_of_means(np.array([1.0, 3.0]), np.array([0.01, 0.0])).value
    2.0
    """
    apart = means[:, None] - means
    errors = np.sqrt(variances[:, None] + variances)
    np.fill_diagonal(errors, 0.0)
    lower = float((apart - _shared_z(len(means), 1) * errors).max())
    return Estimate(float(means.max() - means.min()), max(lower, 0.0), float((apart + Z95 * errors).max()))


def largest(estimates: list[Estimate]) -> Estimate:
    """Return the largest of several ranges, which were computed for so many families, with its interval."""
    return Estimate(*(max(each) for each in zip(*estimates, strict=True)))


def _shared_z(groups: int, families: int) -> float:
    """Return the quantile of a two-sided 95 % interval that is shared out over all pairs of groups."""
    pairs = groups * (groups - 1) // 2 * families
    return Z95 if pairs == 1 else NormalDist().inv_cdf(1.0 - 0.025 / pairs)


def _differences(shares: Shares, z: float) -> tuple[Floats, Floats]:
    """Return the limits of the difference of each pair of shares, shape (k, k) each."""
    p, (low, high) = shares.values, shares.limits(z)
    below, above = p - low, high - p
    apart = p[:, None] - p
    lower = apart - np.sqrt(below[:, None] ** 2 + above**2)
    upper = apart + np.sqrt(above[:, None] ** 2 + below**2)
    np.fill_diagonal(lower, 0.0)
    np.fill_diagonal(upper, 0.0)
    return lower, upper


def _quotients(shares: Shares, z: float) -> tuple[Floats, Floats]:
    """Return the limits of the quotient of each pair of shares, shape (k, k) each; NaN on the diagonal, and by 0."""
    p, (low, high) = shares.values, shares.limits(z)
    product = p[:, None] * p
    with np.errstate(divide="ignore", invalid="ignore"):
        lowest = (low * (2.0 * p - low))[:, None]
        root = np.sqrt(np.maximum(product**2 - lowest * (high * (2.0 * p - high)), 0.0))
        lower = np.where(p[:, None] > 0.0, lowest / (product + root), 0.0)
        divisor = low * (2.0 * p - low)
        root = np.sqrt(np.maximum(product**2 - (high * (2.0 * p - high))[:, None] * divisor, 0.0))
        upper = (product + root) / divisor
    for limits in (lower, upper):
        limits[:, p == 0.0] = np.nan
        np.fill_diagonal(limits, np.nan)
    return lower, upper
