"""Detector parameters for a given average run length (ARL), the mean number of values between two false alarms.

The tables were computed by `bench/run_length.py` on independent normal values. Between and beyond their rows the log
of the ARL is interpolated linearly, in the threshold or in the log of delta, which is its limit in the theory of the
likelihood ratio (D. Siegmund, E. S. Venkatraman, Annals of Statistics 23 (1995), p. 257).
"""

from __future__ import annotations

import math
from itertools import pairwise

#: (log of the ARL, threshold) of `glr`, each estimated from at least 217 alarms.
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
#: (log of the ARL, log of delta) of `adwin`, each estimated from at least 79 alarms.
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
#: Lower bound of the threshold of `glr`; at 0 every check would be a false alarm.
MIN_THRESHOLD = 0.25
#: Run lengths are clipped to this range, beyond which the tables can't be extrapolated.
MIN_RUN, MAX_RUN = 100.0, 1e15


def glr_threshold(run_length: float) -> float:
    """Return the threshold of `glr` that has an ARL of ``run_length`` independent normal values.

    >>> round(glr_threshold(92_769), 1)
    7.0
    """
    return max(_interpolate(GLR, _log(run_length)), MIN_THRESHOLD)


def adwin_delta(run_length: float) -> float:
    """Return the delta of `adwin` that has an ARL of ``run_length`` independent normal values.

    >>> round(adwin_delta(50_811), 3)
    0.05
    """
    return min(math.exp(_interpolate(ADWIN, _log(run_length))), 0.999)


def page_hinkley_threshold(run_length: float, delta: float, sides: int) -> float:
    """Return the threshold of `page_hinkley` that has an ARL of ``run_length`` standard normal values.

    Args:
        run_length: The ARL, in values.
        delta: The detector's tolerated deviation, in standard deviations of the values.
        sides: The number of directions that are tested, 1 or 2.

    Source: D. Siegmund, "Sequential Analysis", Springer 1985, section II.6: the ARL of a one-sided cumulative sum
    with tolerance ``d`` is ``(exp(2 d h) - 2 d h - 1) / (2 d^2)``, where h is the threshold plus 1.166 for the
    overshoot; testing two sides halves it.

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
    """Interpolate linearly between the rows of a table; extrapolate from its first or last two rows."""
    pairs = list(pairwise(table))
    (x0, y0), (x1, y1) = next((pair for pair in pairs if at <= pair[1][0]), pairs[-1])
    return y0 + (y1 - y0) * (at - x0) / (x1 - x0)
