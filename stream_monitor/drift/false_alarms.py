"""The false alarms of a signal, as a multiple of those that are promised."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

#: The reason of a ratio above 1: bursts of the variance, or a level that comes and goes.
Cause = Literal["", "variance", "level"]
#: Fewest alarms that undo the one before from which a level is said to come and go, and the alarms that stand
#: behind each: of three levels in turn that are independent, the middle one is the highest or the lowest in two of
#: three orders (I. J. Bienayme, Comptes Rendus 81 (1875), p. 417).
MIN_TURNS, PER_TURN = 3, 1.5


class FalseAlarms(NamedTuple):
    """The false alarms of a signal.

    Attributes:
        ratio: Their number as a multiple of the promised one, 1 where nothing speaks against it; NaN where nothing is
            promised.
        cause: The reason where it is above 1.
    """

    ratio: float = math.nan
    cause: Cause = ""


def past_ratio(turns: int, values: int, run_length: float) -> float:
    """Return the false alarms so far per promised one, 1 where the alarms can be changes that have happened.

    Changes of the level that are real come once, or go on in the same direction. Where the level comes and goes,
    each alarm undoes the one before.

    Args:
        turns: The alarms in the opposite direction of the one before.
        values: The number of values so far.
        run_length: Mean number of values between two promised ones.

    >>> past_ratio(1, 40_000, 400_000.0), past_ratio(4, 40_000, 400_000.0)
    (1.0, 60.0)
    """
    if turns < MIN_TURNS or not values:
        return 1.0
    return max(PER_TURN * turns * run_length / values, 1.0)
