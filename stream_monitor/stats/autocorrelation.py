"""How much the values of a series depend on each other."""

from __future__ import annotations

import numpy as np

from stream_monitor.core.arrays import Floats

#: No series that is looked at is long enough to tell a longer time.
MAX_TIME = 1_000_000.0


def autocorrelations(values: Floats) -> Floats:
    """The sample autocorrelations at all lags, shape (n,), the first of which is 1; zeros where nothing varies.

    Source: G. E. P. Box, G. M. Jenkins, G. C. Reinsel, "Time Series Analysis", 4th edition 2008, section 2.1.5, whose
    estimate divides by n at every lag; by the fast Fourier transform of the series padded with zeros.

    >>> autocorrelations(np.array([1.0, -1.0, 1.0, -1.0]))
    array([ 1.  , -0.75,  0.5 , -0.25])
    """
    centred = _centred(values)
    if not centred.any():
        return np.where(np.arange(len(values)) == 0, 1.0, 0.0)
    # The padding keeps the end of the series from meeting its beginning.
    size = 1 << (2 * len(centred) - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    covariances = np.fft.irfft(power, size)[: len(centred)]
    found: Floats = covariances / covariances[0]
    return found


def autocorrelation_time(values: Floats) -> float:
    """The integrated autocorrelation time ``1 + 2 (rho_1 + rho_2 + ...)``: so many values are worth one independent.

    The sum is cut where it is but noise: at the first pair ``rho_2k + rho_2k+1`` that is not positive (the initial
    positive sequence). ``values``: finite, shape (n,), in order of time; best their normal scores. It is 1 for
    independent values and where nothing varies, below 1 where each tends to undo the one before, and n at most.

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
    total = float(pairs[: stop[0] if len(stop) else None].sum())
    return min(max(2.0 * total - 1.0, 1.0 / len(values)), float(len(values))) if len(pairs) else 1.0


def _centred(values: Floats) -> Floats:
    """The values less their mean, brought to unit size by a power of two: 1e308 has a square, too."""
    exponent = -int(np.frexp(np.abs(values).max(initial=0.0))[1])
    unit = np.ldexp(values, exponent)
    centred: Floats = np.where(values.min() < values.max(), unit - unit.mean(), 0.0) if len(values) else unit
    return centred
