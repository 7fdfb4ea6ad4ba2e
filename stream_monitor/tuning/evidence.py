"""What a count of false alarms says of the run length behind it."""

from __future__ import annotations

import math

from scipy.special import chdtri, pdtrc

#: One-sided.
CONFIDENCE = 0.95


def shortest_run_length(events: float, alarms: int) -> float:
    """The run length that is exceeded at 95 % confidence, after so many alarms in so many events.

    None in n tells that it is above n / 3: the rule of three.

    Source: F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936), pp. 437-442.

    >>> round(shortest_run_length(20_000, 0))
    6676
    """
    return 2.0 * events / float(chdtri(2.0 * (alarms + 1), 1.0 - CONFIDENCE))


def is_contradicted(events: float, alarms: int, run_length: float) -> bool:
    """Whether so many alarms, or more, would have come in less than 5 % of all cases.

    >>> is_contradicted(10_000, 2, run_length=10_000), is_contradicted(10_000, 5, run_length=10_000)
    (False, True)
    """
    return alarms > 0 and float(pdtrc(alarms - 1, events / run_length)) < 1.0 - CONFIDENCE


def needed(run_length: float) -> int:
    """Events without an alarm that would show a run length.

    >>> needed(1_000_000)
    2995733
    """
    return math.ceil(-math.log(1.0 - CONFIDENCE) * run_length)
