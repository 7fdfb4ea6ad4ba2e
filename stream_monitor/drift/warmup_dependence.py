"""The dependence of the values of a warm-up, which may drift."""

from __future__ import annotations

import numpy as np

from stream_monitor.core.arrays import Floats, ordered_sum
from stream_monitor.stats.autocorrelation import autocorrelation_time
from stream_monitor.stats.variance_ratios import SURE

#: Fewest values of a warm-up that a dependence is estimated from.
MIN_VALUES = 50
#: Parts of a warm-up that are estimated separately, and the largest lag-1 autocorrelation that is accepted.
QUARTERS, MAX_LAG1 = 4, 0.99
#: An autocorrelation time longer than this multiple of that of the lag-1 autocorrelation comes from a drift.
DRIFTING = 3.0


def warmup_autocorrelation_time(values: Floats) -> float:
    """Return the integrated autocorrelation time where a dependence is beyond doubt, else 1.

    In a warm-up that drifts, neighbours are alike for another reason. So the lag-1 autocorrelation is the median over
    its quarters, each with its own mean, and the time over all lags counts only where it is near that of a
    first-order autoregression. The bias of a short piece is taken out (M. G. Kendall, "Note on bias in the estimation
    of autocorrelation", Biometrika 41 (1954), pp. 403-404).
    """
    if len(values) < MIN_VALUES:
        return 1.0
    lag1 = float(
        np.median([_lag1(part) for part in np.array_split(values, min(QUARTERS, len(values) // MIN_VALUES))])
    )
    if lag1 <= SURE / len(values) ** 0.5:
        return 1.0
    lag1 = min(lag1, MAX_LAG1)
    short = (1.0 + lag1) / (1.0 - lag1)
    long = autocorrelation_time(values)
    return long if short < long < DRIFTING * short else short


def _lag1(values: Floats) -> float:
    centred = values - ordered_sum(values) / len(values)
    variance = ordered_sum(centred * centred)
    if variance <= 1e-12 * ordered_sum(values * values):
        return 0.0
    lag1 = ordered_sum(centred[1:] * centred[:-1]) / variance
    return lag1 + (1.0 + 4.0 * lag1) / len(values)
