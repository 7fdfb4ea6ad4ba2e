"""The exact sign test of two classifiers on the same rows, and the interval of their paired difference."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.special import bdtrc

from stream_monitor.stats.intervals import Z95, Interval


class Pairs(NamedTuple):
    """Counts of rows on which two classifiers are compared.

    Attributes:
        rows: All rows.
        better: Those on which only the first one is right.
        worse: Those on which only the second one is right.
    """

    rows: int
    better: int
    worse: int

    @property
    def difference(self) -> float:
        """The accuracy of the first one less that of the second one."""
        return (self.better - self.worse) / max(self.rows, 1)


def sign_test(pairs: Pairs) -> float:
    """Return the p-value of "the first one is not more accurate than the second one".

    It is exact for independent rows: of those on which one of them is right, the first one is right on at most half.
    Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947), pp. 153-157.

    >>> round(sign_test(Pairs(100, 9, 1)), 4)
    0.0107
    """
    return float(bdtrc(pairs.better - 1, pairs.better + pairs.worse, 0.5)) if pairs.better else 1.0


def difference_interval(pairs: Pairs, z: float = Z95) -> Interval:
    """Return the confidence interval of the difference of the accuracies.

    Args:
        pairs: The counts.
        z: The normal quantile of the confidence level.

    Half a row is added to each of the four cells. Source: A. Agresti, Y. Min, "Simple improved confidence intervals
    for comparing matched proportions", Statistics in Medicine 24 (2005), pp. 729-740.

    >>> lower, upper = difference_interval(Pairs(100, 9, 1))
    >>> round(lower, 3), round(upper, 3)
    (0.017, 0.14)
    """
    count, better, worse = pairs.rows + 2.0, pairs.better + 0.5, pairs.worse + 0.5
    centre = (better - worse) / count
    reach = z * math.sqrt(max(better + worse - (better - worse) ** 2 / count, 0.0)) / count
    return Interval(max(centre - reach, -1.0), min(centre + reach, 1.0))
