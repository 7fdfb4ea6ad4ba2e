"""Effect sizes: how large a difference is, whatever its unit."""

from __future__ import annotations

import math


def cohens_h(first: float, second: float) -> float:
    """Return Cohen's h of two shares, without a sign: 0.2 is small, 0.5 medium, 0.8 large, pi the largest.

    Source: J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 2nd edition 1988, p. 180.

    >>> round(cohens_h(0.5, 0.6), 3), round(cohens_h(0.01, 0.05), 3)
    (0.201, 0.251)
    """
    angles = [2.0 * math.asin(math.sqrt(min(max(share, 0.0), 1.0))) for share in (first, second)]
    return abs(angles[1] - angles[0])
