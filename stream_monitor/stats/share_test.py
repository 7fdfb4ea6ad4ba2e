"""The comparison of two shares, each of a number of independent values, by their likelihood ratio."""

from __future__ import annotations

import math
from typing import NamedTuple

#: Halvings of the interval in which a limit is sought.
MAX_HALVINGS = 30


class Sizes(NamedTuple):
    """The numbers of independent values in a window and in its reference; they need not be whole."""

    window: float
    reference: float

    @property
    def noise(self) -> float:
        """The sum of the reciprocal sizes: the variance of a difference of two means of values of variance 1."""
        return 1.0 / self.window + 1.0 / self.reference


def evidence(share: float, usual: float, sizes: Sizes) -> float:
    """Return the logarithm of the likelihood ratio of two different shares against one common share.

    Equal shares exceed a value of x with a probability of about ``2 exp(-x)`` at most, also where a share is 0 or 1:
    the bound is that of H. Chernoff, "A measure of asymptotic efficiency for tests of a hypothesis based on the sum
    of observations", Annals of Mathematical Statistics 23 (1952), pp. 493-507.

    Args:
        share: The share in the window, from 0 to 1.
        usual: The share in the reference.
        sizes: Their numbers of independent values.

    >>> round(evidence(0.3, 0.2, Sizes(1000, 1000)), 1)
    13.4
    """
    common = (share * sizes.window + usual * sizes.reference) / (sizes.window + sizes.reference)
    return sizes.window * _divergence(share, common) + sizes.reference * _divergence(usual, common)


def share_limit(usual: float, sizes: Sizes, needed: float, *, is_up: bool) -> float | None:
    """Return the share nearest to the usual one for which the evidence is as needed; None if there is none.

    Args:
        usual: The share in the reference.
        sizes: The numbers of independent values.
        needed: The evidence.
        is_up: True for a larger share than the usual one, False for a smaller one.
    """
    near, far = usual, 1.0 if is_up else 0.0
    if evidence(far, usual, sizes) < needed:
        return None
    for _ in range(MAX_HALVINGS):
        middle = (near + far) / 2.0
        if evidence(middle, usual, sizes) < needed:
            near = middle
        else:
            far = middle
    return far


def _divergence(share: float, common: float) -> float:
    """Return the divergence of a share from a common one (S. Kullback, R. A. Leibler 1951), in nats."""
    ones = share * math.log(share / common) if share > 0.0 else 0.0
    zeros = (1.0 - share) * math.log((1.0 - share) / (1.0 - common)) if share < 1.0 else 0.0
    return max(ones + zeros, 0.0)
