"""The dependence between the values of a series: autocorrelations and the integrated autocorrelation time."""

from __future__ import annotations

import numpy as np

from stream_monitor.core.arrays import Floats, ordered_sum

#: The longest integrated autocorrelation time, in values: longer than any series that is measured.
MAX_AUTOCORRELATION_TIME = 1_000_000.0


def autocorrelations(values: Floats) -> Floats:
    """Return the sample autocorrelations at all lags.

    Args:
        values: A finite series in order of time, shape (n,).

    Returns:
        The autocorrelation at lags 0 to n - 1, shape (n,). It is 1 at lag 0; for a constant series 0 at all others.

    Source: G. E. P. Box, G. M. Jenkins, G. C. Reinsel, "Time Series Analysis", 4th edition 2008, section 2.1.5: the
    estimate that divides by n at every lag, computed by the fast Fourier transform of the zero-padded series.

    >>> autocorrelations(np.array([1.0, -1.0, 1.0, -1.0]))
    array([ 1.  , -0.75,  0.5 , -0.25])
    """
    centred = _centred(values)
    if not centred.any():
        return np.where(np.arange(len(values)) == 0, 1.0, 0.0)
    # Zero padding makes the convolution linear: the end of the series does not wrap around to its beginning.
    size = 1 << (2 * len(centred) - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    covariances = np.fft.irfft(power, size)[: len(centred)]
    found: Floats = covariances / covariances[0]
    return found


def autocorrelation_time(values: Floats) -> float:
    """Estimate the integrated autocorrelation time ``1 + 2 (rho_1 + rho_2 + ...)``.

    It is the number of values with the information of one independent value. The sum is cut off at the first pair
    ``rho_2k + rho_2k+1`` that is not positive, where only noise is left (the initial positive sequence).

    Args:
        values: A finite series in order of time, shape (n,); normal scores give the most stable estimate.

    Returns:
        The time in values, from 1 / n to n. It is 1 for independent values and for a constant series, and below 1
        for negatively correlated values.

    Source: C. J. Geyer, "Practical Markov chain Monte Carlo", Statistical Science 7 (1992), pp. 473-483.

    >>> rng = np.random.default_rng(1)
    >>> series = np.zeros(20_000)
    >>> for at, step in enumerate(rng.normal(size=19_999), start=1):
    ...     series[at] = 0.8 * series[at - 1] + step
    >>> 8 < autocorrelation_time(series) < 10  # (1 + 0.8) / (1 - 0.8) = 9
    True
    """
    rho = autocorrelations(values)
    pairs = rho[: len(rho) // 2 * 2].reshape(-1, 2).sum(axis=1)
    stop = np.flatnonzero(pairs <= 0.0)
    total = ordered_sum(pairs[: stop[0] if len(stop) else None])
    return min(max(2.0 * total - 1.0, 1.0 / len(values)), float(len(values))) if len(pairs) else 1.0


def median_lag1(values: Floats, parts: int) -> float:
    """Return the median of the lag-1 autocorrelations of equal parts of a series, each with a mean of its own.

    In a series with a step, a trend or a season, neighbours are alike for another reason than dependence. Within a
    short part of it the level hardly moves. The bias of a short part is taken out.

    Args:
        values: A finite series in order of time, shape (n,), n above 0.
        parts: Number of parts.

    Source: M. G. Kendall, "Note on bias in the estimation of autocorrelation", Biometrika 41 (1954), pp. 403-404.

    >>> rng = np.random.default_rng(1)
    >>> steps = rng.normal(size=1000) + np.repeat([0.0, 5.0], 500)
    >>> abs(median_lag1(steps, 10)) < 0.1 < 0.8 < median_lag1(steps, 1)
    True
    """
    return float(np.median([_lag1(part) for part in np.array_split(values, parts)]))


def _lag1(values: Floats) -> float:
    centred = values - ordered_sum(values) / len(values)
    variance = ordered_sum(centred * centred)
    if variance <= 1e-12 * ordered_sum(values * values):
        return 0.0
    count = len(values)
    lag1 = ordered_sum(centred[1:] * centred[:-1]) / variance * count / (count - 1)
    return lag1 + (1.0 + 4.0 * lag1) / count


def _centred(values: Floats) -> Floats:
    """Return the values minus their mean, scaled by a power of two so that the square of 1e308 does not overflow."""
    exponent = -int(np.frexp(np.abs(values).max(initial=0.0))[1])
    unit = np.ldexp(values, exponent)
    centred: Floats = (
        np.where(values.min() < values.max(), unit - ordered_sum(unit) / len(unit), 0.0) if len(values) else unit
    )
    return centred
