"""A sequential test of the split of traffic: sample ratio mismatch."""

from __future__ import annotations

import math
from collections.abc import Sequence


def split_p_value(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Return a p-value of the hypothesis that events are split by these shares; it may be looked at after each event.

    It is the inverse of the Bayes factor of a uniform prior of the shares: the probability that it is ever below a
    level is at most that level.

    Args:
        counts: The events of each part, shape (k,).
        shares: The share of each part, above 0, with a sum of 1, shape (k,).

    Source: M. Lindon, A. Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022, section 3.

    >>> split_p_value([503, 497], [0.5, 0.5])
    1.0
    >>> split_p_value([600, 400], [0.5, 0.5]) < 1e-6
    True
    """
    total, parts = sum(counts), len(counts)
    log_factor = math.lgamma(parts) - math.lgamma(parts + total)
    for count, share in zip(counts, shares, strict=True):
        log_factor += math.lgamma(1.0 + count) - count * math.log(share)
    return min(math.exp(-log_factor), 1.0) if log_factor > -700.0 else 1.0
