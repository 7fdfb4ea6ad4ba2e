"""Stationary streams whose values depend on each other, as those of real models do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from program import Floats
from scipy.signal import lfilter
from streams import Sampler, normal

#: Values that are left out at the beginning of a sample, so that it is stationary.
BURN_IN = 3_000


@dataclass(frozen=True)
class Dependent:
    """A stationary stream of dependent values.

    Attributes:
        name: The name of the stream.
        sample: Returns values of variance 1 or so.
        before: Multiple of the promised number of false alarms with the autocorrelation of neighbouring values alone.
        max_multiple: The gate of that multiple.
        shift: The size of the change whose delay is measured, in standard deviations; 0 for none.
        delay_before: Its median delay with the autocorrelation of neighbouring values alone.
        max_delay: The gate of the delay, as a multiple of that.
    """

    name: str
    sample: Sampler
    before: float
    max_multiple: float
    shift: float = 0.0
    delay_before: float = 0.0
    max_delay: float = 0.0


def autoregression(random: np.random.Generator, n: int, phi: float) -> Floats:
    """Sample a stationary AR(1) process of unit variance."""
    steps = random.standard_normal(n + BURN_IN)
    made: Floats = lfilter([math.sqrt(1.0 - phi * phi)], [1.0, -phi], steps)[BURN_IN:]
    return made


def with_noise(random: np.random.Generator, n: int, phi: float) -> Floats:
    """Sample a slow AR(1) process under white noise of the same variance."""
    return math.sqrt(0.5) * (autoregression(random, n, phi) + random.standard_normal(n))


def clusters(random: np.random.Generator, n: int, size: int, correlation: float) -> Floats:
    """Sample values in runs of ``size`` with a common part, as the events of one customer have.

    Args:
        random: The generator.
        n: The number of values.
        size: The length of a run; the first one is cut at a random place.
        correlation: The intra-class correlation: the share of the common part in the variance.
    """
    begin = int(random.integers(size))
    own = random.standard_normal(n)
    common = np.repeat(random.standard_normal(n // size + 2), size)[begin : begin + n]
    return math.sqrt(1.0 - correlation) * own + math.sqrt(correlation) * common


def fractional(random: np.random.Generator, n: int, d: float) -> Floats:
    """Sample fractional noise, a process with long memory.

    Source: J. R. M. Hosking, "Fractional differencing", Biometrika 68 (1981), pp. 165-176.
    """
    lag = np.arange(1, n)
    weights = np.concatenate(([1.0], np.cumprod((lag - 1 + d) / lag)))
    size = 1 << (3 * n).bit_length()
    steps = np.fft.rfft(random.standard_normal(2 * n), size)
    made: Floats = np.fft.irfft(steps * np.fft.rfft(weights, size), size)[n : 2 * n]
    return made


def garch(random: np.random.Generator, n: int, alpha: float, beta: float) -> Floats:
    """Sample a GARCH(1, 1) process of unit variance: uncorrelated values whose variance comes in waves.

    Source: T. Bollerslev, "Generalized autoregressive conditional heteroskedasticity", Journal of Econometrics 31
    (1986), pp. 307-327.
    """
    values, variance = [], 1.0
    for step in random.standard_normal(n + BURN_IN).tolist():
        value = math.sqrt(variance) * step
        values.append(value)
        variance = 1.0 - alpha - beta + alpha * value * value + beta * variance
    return np.array(values[BURN_IN:])


def cyclic(random: np.random.Generator, n: int, length: int, modulus: float) -> Floats:
    """Sample an AR(2) process with cycles of about ``length`` values."""
    phi = [1.0, -2.0 * modulus * math.cos(2.0 * math.pi / length), modulus**2]
    made: Floats = lfilter([1.0], phi, random.standard_normal(n + BURN_IN))[BURN_IN:]
    return made


def _autoregression(phi: float, before: float, max_multiple: float, *delay: float) -> Dependent:
    return Dependent(f"AR {phi:g}", partial(autoregression, phi=phi), before, max_multiple, *delay)


def _clusters(size: int, correlation: float, before: float) -> Dependent:
    name = f"clusters of {size}, ICC {correlation:g}"
    return Dependent(name, partial(clusters, size=size, correlation=correlation), before, 3.0)


def _fractional(d: float, before: float) -> Dependent:
    return Dependent(f"fractional noise, d {d:g}", partial(fractional, d=d), before, 3.0)


DEPENDENT = (
    Dependent("independent", normal, 0.34, 1.3, 1.0, 30.0, 1.05),
    _autoregression(0.3, 1.09, 1.3, 1.0, 63.0, 1.1),
    _autoregression(0.9, 1.34, 1.3, 1.0, 641.0, 1.1),
    _autoregression(0.99, 2.7, 2.0),
    Dependent("cyclic AR(2)", partial(cyclic, length=40, modulus=0.98), 5.8, 2.0),
    Dependent("AR 0.98 and noise", partial(with_noise, phi=0.98), 1_193.0, 3.0),
    _clusters(50, 0.5, 637.0),
    _clusters(50, 0.1, 452.0),
    _clusters(500, 0.1, 443.0),
    _fractional(0.1, 46.0),
    _fractional(0.2, 97.0),
    _fractional(0.4, 300.0),
    Dependent("GARCH(0.1, 0.88)", partial(garch, alpha=0.1, beta=0.88), 53.0, 3.0),
    Dependent("ARCH(0.5)", partial(garch, alpha=0.5, beta=0.0), 10.0, 3.0),
)
