"""How sure a share is: the Wilson score interval."""

from __future__ import annotations

import math
from typing import NamedTuple

#: Quantile of the normal distribution for 95 % between both bounds.
Z95 = 1.959963984540054


class Interval(NamedTuple):
    """Bounds that the true share is between."""

    lower: float
    upper: float


def wilson(share: float, count: float, z: float = Z95) -> Interval:
    """The score interval of a share (0 to 1) observed in ``count`` trials, which may be an effective number.

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
