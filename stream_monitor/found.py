"""A change that a channel found, and the sums of raw values that tell its means."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stream_monitor.floats import Floats

#: Sums of raw values are kept this much smaller, by a power of two: a million values of 1e308 have a sum, too.
SUM_SCALE = -40


class Found(NamedTuple):
    """A change that a channel found.

    ``at`` and ``ts`` tell the prediction at which it was raised; ``place`` that in whose value it was found, an
    earlier one if that was held for the warm-up; ``since`` the first one that the detector counted since its start.
    ``newer``: how many of the signal's values came after that one. ``n`` and ``total``: values, and their sum (times
    ``2^SUM_SCALE``), from the detector's start up to it; ``n_after`` of them are after the change, 0 where the
    detector does not tell. ``before`` and ``after`` are the means of what the detector was fed. ``levels``: where a
    season was taken out, what these are in the signal's own unit.
    """

    at: int
    ts: float
    place: int
    newer: int
    n: int
    n_after: int
    total: float
    since: int
    before: float
    after: float
    category: int | None
    levels: tuple[float, float] | None = None


def running_sums(start: float, values: Floats) -> Floats:
    """The running sums behind each value, with the start before the first; strictly in order. Shape (n + 1,)."""
    sums = np.empty(len(values) + 1)
    sums[0] = start
    # As exact as ldexp, and much faster.
    np.multiply(values, 2.0**SUM_SCALE, out=sums[1:])
    return np.add.accumulate(sums, out=sums)
