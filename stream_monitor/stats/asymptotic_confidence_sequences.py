"""Asymptotic confidence sequences: bounds of the mean of unbounded values that may be looked at after each value.

They are to confidence sequences what intervals by the central limit theorem are to exact ones: the probability that
the mean is ever outside tends to at most alpha the later the first look is. So there is none before `MIN_VALUES`.

Source: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, "Time-uniform central limit theory and
asymptotic confidence sequences", Annals of Statistics 52 (2024), pp. 2613-2640, theorem 2.2.
"""

from __future__ import annotations

import math

from stream_monitor.stats.intervals import Interval

#: Values before the first look.
MIN_VALUES = 100
#: Number of values at which the bounds are tightest, relative to what is possible at one number.
_TIGHTEST = 1_000


def mean_interval(count: int, total: float, squares: float, alpha: float = 0.05) -> Interval:
    """Return the bounds of a mean, infinite before `MIN_VALUES`.

    Args:
        count: The number of values.
        total, squares: The sum of the values, and that of their squares.
        alpha: The probability of an error at both sides, at all times together.

    >>> lower, upper = mean_interval(1_000, 100.0, 1_000.0)
    >>> round(lower, 3), round(upper, 3)
    (0.004, 0.196)
    """
    if count < MIN_VALUES:
        return Interval(-math.inf, math.inf)
    mean = total / count
    variance = max(squares / count - mean * mean, 0.0)
    rho2 = (-2.0 * math.log(alpha) + math.log(-2.0 * math.log(alpha)) + 1.0) / _TIGHTEST
    scaled = count * rho2 + 1.0
    reach = math.sqrt(variance * 2.0 * scaled / (count * count * rho2) * math.log(math.sqrt(scaled) / alpha))
    return Interval(mean - reach, mean + reach)
