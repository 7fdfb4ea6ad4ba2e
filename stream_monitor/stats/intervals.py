"""The Wilson score interval of a share."""

from __future__ import annotations

import math
from typing import NamedTuple

#: The quantile of the normal distribution for a two-sided 95 % interval.
Z95 = 1.959963984540054


class Interval(NamedTuple):
    """The bounds of a confidence interval."""

    lower: float
    upper: float


def wilson(share: float, count: float, z: float = Z95) -> Interval:
    """Return the Wilson score interval of an observed share.

    Args:
        share: The observed share, from 0 to 1.
        count: The number of trials, which may be an effective number; 0 or less gives the interval from 0 to 1.
        z: The normal quantile of the confidence level.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), pp. 209-212.

    >>> lower, upper = wilson(0.9, 100)
    >>> round(lower, 4), round(upper, 4)
    (0.8256, 0.9448)
    """
    if count <= 0:
        return Interval(0.0, 1.0)
    spread = z * z / count
    centre = (share + spread / 2) / (1 + spread)
    reach = math.sqrt(max(spread * (share * (1 - share) + spread / 4), 0.0)) / (1 + spread)
    return Interval(max(centre - reach, 0.0), min(centre + reach, 1.0))
