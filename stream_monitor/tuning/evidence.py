"""Statistical inference on run lengths from counts of false alarms, and on delays that are censored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median_low

from scipy.special import chdtri, pdtrc

#: The level of the one-sided bounds and tests.
CONFIDENCE = 0.95


def min_run_length(events: float, alarms: int) -> float:
    """Return the lower 95 % confidence bound of the run length, after a number of alarms in a number of events.

    Without any alarm in n events it is about n / 3 (the rule of three).

    Source: F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936), pp. 437-442.

    >>> round(min_run_length(20_000, 0))
    6676
    """
    return 2.0 * events / float(chdtri(2.0 * (alarms + 1), 1.0 - CONFIDENCE))


def is_contradicted(events: float, alarms: int, run_length: float) -> bool:
    """Return True if the run length is rejected: this number of alarms or more has a probability below 5 %.

    >>> is_contradicted(10_000, 2, run_length=10_000), is_contradicted(10_000, 5, run_length=10_000)
    (False, True)
    """
    return alarms > 0 and float(pdtrc(alarms - 1, events / run_length)) < 1.0 - CONFIDENCE


def needed(run_length: float) -> int:
    """Return the number of events without an alarm that demonstrates a run length at 95 % confidence.

    >>> needed(1_000_000)
    2995733
    """
    return math.ceil(-math.log(1.0 - CONFIDENCE) * run_length)


def kaplan_meier_median(delays: Sequence[float]) -> float:
    """Return the Kaplan-Meier estimate of the median delay; infinite if it is beyond the horizon.

    Delays are censored at one common horizon, so the estimated survival function is the share of the changes not yet
    found, and its median is the first delay by which at least half of them are.

    Source: E. L. Kaplan, P. Meier, "Nonparametric estimation from incomplete observations", Journal of the American
    Statistical Association 53 (1958), pp. 457-481.

    Args:
        delays: The delays, infinite where a change was not found up to the horizon; at least one.

    >>> kaplan_meier_median([20.0, math.inf, 80.0, 50.0]), kaplan_meier_median([20.0, math.inf, math.inf])
    (50.0, inf)
    """
    return median_low(delays)
