"""The streams: quiet ones, ones with one change at a known position, and error streams with several drifts.

Each repetition of a stream has its own seed, and every program gets the same repetitions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from zlib import crc32

import numpy as np
from program import Floats, Setting
from scipy.signal import lfilter

SEED = 20_261_124
Sampler = Callable[[np.random.Generator, int], Floats]
DAY = 10_000
#: The shares of five categories and of an unseen sixth one.
SHARES = (0.3, 0.25, 0.2, 0.15, 0.1, 0.0)
ERRORS = Setting("share", "error 0.1")


def generator(name: str, repetition: int) -> np.random.Generator:
    """Return the random generator of one repetition of a stream."""
    return np.random.default_rng([SEED, crc32(name.encode()), repetition])


@dataclass(frozen=True)
class Quiet:
    """A stationary stream; ``max_rate`` is the maximum number of false alarms in 10,000 values."""

    name: str
    sample: Sampler
    setting: Setting
    max_rate: float


@dataclass(frozen=True)
class Changing:
    """A stream with one change; ``divergence`` is KL(after || before) of one value."""

    name: str
    before: Sampler
    after: Sampler
    setting: Setting
    divergence: float
    watched: int = 0


@dataclass(frozen=True)
class Drifting:
    """A stream of errors, 0 or 1, with several drifts.

    Attributes:
        name: The name of the stream.
        rates: The probability of an error for each value, shape (n,).
        drifts: The positions at which it begins to change.
        min_f1: The required F1.
        lasts: The duration of each change, in values.
        setting: The setting of the stream.
    """

    name: str
    rates: Floats
    drifts: tuple[int, ...]
    min_f1: float
    lasts: int = 0
    setting: Setting = ERRORS


def normal(random: np.random.Generator, n: int, mean: float = 0.0, sigma: float = 1.0, scale: float = 1.0) -> Floats:
    return random.normal(mean, sigma, n) * scale


def bernoulli(random: np.random.Generator, n: int, share: float) -> Floats:
    return (random.random(n) < share).astype(np.float64)


def lognormal(random: np.random.Generator, n: int) -> Floats:
    return random.lognormal(0.0, 1.0, n)


def student(random: np.random.Generator, n: int) -> Floats:
    return random.standard_t(2, n)


def autoregressive(random: np.random.Generator, n: int, phi: float) -> Floats:
    """Sample a stationary AR(1) process of unit variance."""
    steps = random.normal(0.0, math.sqrt(1 - phi * phi), n)
    made: Floats = lfilter([1.0], [1.0, -phi], steps, zi=[phi * random.normal()])[0]
    return made


def daily(random: np.random.Generator, n: int) -> Floats:
    """Sample normal noise on a sine of half its sigma, with a random phase."""
    at = np.arange(n) + random.integers(DAY)
    return random.normal(0.0, 1.0, n) + 0.5 * np.sin(2 * math.pi * at / DAY)


def category(random: np.random.Generator, n: int, shares: tuple[float, ...]) -> Floats:
    return np.searchsorted(np.cumsum(shares)[:-1], random.random(n), side="right").astype(np.float64)


def moved(which: int, share: float) -> tuple[float, ...]:
    """Return the shares after one category's share has changed, with all others scaled alike."""
    rest = (1 - share) / (1 - SHARES[which])
    return tuple(share if place == which else each * rest for place, each in enumerate(SHARES))


def bernoulli_divergence(before: float, after: float) -> float:
    return _divergence((before, 1 - before), (after, 1 - after))


def normal_divergence(shift: float, sigma: float = 1.0) -> float:
    """Return the Kullback-Leibler divergence of N(shift, sigma) from N(0, 1)."""
    return (shift**2 + sigma**2 - 1) / 2 - math.log(sigma)


def _divergence(before: tuple[float, ...], after: tuple[float, ...]) -> float:
    if any(new and not old for old, new in zip(before, after, strict=True)):
        return math.inf
    return sum(new * math.log(new / old) for old, new in zip(before, after, strict=True) if new)


def _number(name: str, sample: Sampler, max_rate: float = 0.1, period: int = 0) -> Quiet:
    return Quiet(name, sample, Setting(quiet=name, period=period), max_rate)


QUIET = (
    Quiet("bernoulli 0.1", partial(bernoulli, share=0.1), Setting("share", "error 0.1"), 0.1),
    _number("normal", normal),
    _number("normal x 1e6", partial(normal, scale=1e6)),
    _number("normal x 1e-6", partial(normal, scale=1e-6)),
    _number("lognormal", lognormal),
    _number("student t(2)", student),
    _number("AR(1) 0.9", partial(autoregressive, phi=0.9), max_rate=1.0),
    _number("daily cycle", daily, max_rate=1.0, period=DAY),
)


def _share(what: str, before: float, after: float) -> Changing:
    name = f"{what} {before:g} to {after:g}"
    setting = Setting("share", f"{what} {before:g}", 100_000.0)
    samplers = partial(bernoulli, share=before), partial(bernoulli, share=after)
    return Changing(name, *samplers, setting, bernoulli_divergence(before, after))


def _shift(name: str, shift: float, sigma: float = 1.0) -> Changing:
    after = partial(normal, mean=shift, sigma=sigma)
    return Changing(name, normal, after, Setting(run_length=100_000.0), normal_divergence(shift, sigma))


def _category(name: str, which: int, share: float) -> Changing:
    after = moved(which, share)
    setting = Setting("category", f"category {SHARES[which]:g}", 100_000.0, categories=len(SHARES))
    samplers = partial(category, shares=SHARES), partial(category, shares=after)
    return Changing(name, *samplers, setting, _divergence(SHARES, after), which)


CHANGES = (
    *(_share("error", 0.1, after) for after in (0.15, 0.2, 0.3)),
    *(_shift(f"mean +{shift:g} sigma", shift) for shift in (0.25, 0.5, 1.0, 2.0)),
    _shift("sigma 1 to 2", 0.0, 2.0),
    _share("missing", 0.01, 0.05),
    _category("category 0.3 to 0.2", 0, 0.2),
    _category("unseen category 0.01", 5, 0.01),
)

DRIFTS = (5_000, 10_000, 15_000, 20_000)
LENGTH = 25_000
#: The duration of a gradual drift, in values.
GRADUAL = 1_000


def _steps(*levels: float) -> Floats:
    return np.repeat(levels, LENGTH // len(levels))


def _gradual(*levels: float) -> Floats:
    ends = [place for drift in DRIFTS for place in (drift, drift + GRADUAL)]
    return np.interp(np.arange(LENGTH), ends, np.repeat(levels, 2)[1:-1])


DRIFTING = (
    Drifting("rising", _steps(0.1, 0.2, 0.3, 0.4, 0.5), DRIFTS, 0.97),
    Drifting("alternating", _steps(0.1, 0.3, 0.1, 0.3, 0.1), DRIFTS, 0.98),
    Drifting("gradual", _gradual(0.1, 0.3, 0.1, 0.3, 0.1), DRIFTS, 0.98, GRADUAL),
)
