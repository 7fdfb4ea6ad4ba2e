"""From a run length, the mean number of values between two false alarms, to the parameter that has it.

The tables are for independent normal values, printed by `bench/run_length.py`; between and behind their rows the log
of the run length is taken as linear, in the threshold or in the log of delta, as the theory of the likelihood ratio
has it in the limit (D. Siegmund, E. S. Venkatraman, Annals of Statistics 23 (1995), p. 257).
"""

from __future__ import annotations

import math
from itertools import pairwise

#: (log of the run length, threshold) of `glr`, by at least 217 alarms each.
GLR = (
    (6.467, 1.0),
    (7.232, 2.0),
    (8.020, 3.0),
    (8.847, 4.0),
    (9.678, 5.0),
    (10.531, 6.0),
    (11.438, 7.0),
    (12.304, 8.0),
    (13.230, 9.0),
    (14.140, 10.0),
)
#: (log of the run length, log of delta) of `adwin`, by at least 79 alarms each.
ADWIN = tuple(
    (log_run_length, math.log(delta))
    for log_run_length, delta in (
        (7.060, 0.9),
        (7.409, 0.7),
        (7.887, 0.5),
        (8.571, 0.3),
        (9.150, 0.2),
        (9.955, 0.1),
        (10.836, 0.05),
        (11.977, 0.02),
        (12.801, 0.01),
        (13.642, 0.005),
        (14.745, 0.002),
    )
)
#: A threshold of 0 would be one false alarm after the other.
LOWEST = 0.25
#: Run lengths outside these are taken for the nearest: no table reaches further.
MIN_RUN, MAX_RUN = 100.0, 1e15


def glr_threshold(run_length: float) -> float:
    """The threshold of `glr` that gives one false alarm in so many values.

    >>> round(glr_threshold(92_769), 1)
    7.0
    """
    return max(_interpolate(GLR, _log(run_length)), LOWEST)


def adwin_delta(run_length: float) -> float:
    """The delta of `adwin` that gives one false alarm in so many values.

    >>> round(adwin_delta(50_811), 3)
    0.05
    """
    return min(math.exp(_interpolate(ADWIN, _log(run_length))), 0.999)


def page_hinkley_threshold(run_length: float, delta: float, sides: int) -> float:
    """The threshold of `page_hinkley` that gives one false alarm in so many standard normal values.

    Source: D. Siegmund, "Sequential Analysis", Springer 1985, section II.6: the run length of a one-sided cumulative
    sum with tolerance ``delta`` is ``(exp(2 d h) - 2 d h - 1) / (2 d^2)``, with h the threshold and 1.166 for what
    it overshoots; two sides halve it.

    >>> round(page_hinkley_threshold(493_000, 0.005, 2))
    398
    """
    wanted = math.exp(_log(run_length)) * sides
    low, high = 0.0, 1.0
    while _page_run_length(high, delta) < wanted:
        high *= 2.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _page_run_length(middle, delta) < wanted else (low, middle)
    return high


def _page_run_length(threshold: float, delta: float) -> float:
    height = threshold + 1.166
    if delta * height < 1e-4:
        return height * height
    exponent = 2.0 * delta * height
    if exponent > 500.0:
        return math.inf
    return (math.exp(exponent) - exponent - 1.0) / (2.0 * delta * delta)


def _log(run_length: float) -> float:
    return math.log(min(max(run_length, MIN_RUN), MAX_RUN))


def _interpolate(table: tuple[tuple[float, float], ...], at: float) -> float:
    """Linear between the rows, and beyond them as between the two nearest."""
    pairs = list(pairwise(table))
    (x0, y0), (x1, y1) = next((pair for pair in pairs if at <= pair[1][0]), pairs[-1])
    return y0 + (y1 - y0) * (at - x0) / (x1 - x0)
