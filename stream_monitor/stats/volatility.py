"""Volatility clustering: values that are not correlated, but of which large ones come together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.haar_variances import LEVELS, HaarVariances
from stream_monitor.stats.variance_ratios import MANY, MAX_LEVEL, VarianceRatios, variance_ratios

#: The variance of the square of a standard normal value.
OF_SQUARE = 2.0
#: The rise of the limit of a mean with the variance of the mean of squares in its window. For a local variance with a
#: gamma distribution it lies between a quarter and a half of the threshold of the likelihood ratio.
STEEPNESS = 8.0
#: The log odds of volatility clustering before anything is seen.
PRIOR = -2.0
#: The first level of windows that a detector compares; shorter means stay as they are.
SHORTEST = 2
#: Values that depend on their neighbours more than this are read as means, whose volatility is not known.
MAX_LAG1 = 1.0 / 3.0
#: Largest score of a magnitude, and the distance of the scores between which magnitudes are interpolated.
MAX_SCORE, STEP = 5.2, 0.01


class Volatility:
    """The dependence of the magnitudes of a signal's values, measured in its warm-ups.

    Where it is beyond chance, the variance of the values comes in waves: means of few values are then more often far
    from the level than those of independent values with the same distribution.

    Source: R. F. Engle, "Autoregressive conditional heteroscedasticity", Econometrica 50 (1982), pp. 987-1007; A. I.
    McLeod, W. K. Li, Journal of Time Series Analysis 4 (1983), pp. 269-273, for the squares of innovations.

    >>> scores = np.random.default_rng(1).normal(size=2000)
    >>> calm, restless = Volatility(), Volatility()
    >>> calm.add(scores, 0.0)
    >>> restless.add(scores * np.repeat([0.5, 2.0] * 20, 50), 0.0)
    >>> len(calm.raised(VarianceRatios(0.0)).ratios), len(restless.raised(VarianceRatios(0.0)).ratios)
    (0, 25)
    """

    def __init__(self) -> None:
        self._counts, self._sums = np.zeros((2, LEVELS))
        #: The dependence of the magnitudes, None until somebody asks.
        self._known: VarianceRatios | None = None

    def add(self, scores: Floats, lag1: float) -> None:
        """Add the values of a warm-up.

        Args:
            scores: The normal scores of the values, shape (n,).
            lag1: Their lag-1 autocorrelation.
        """
        haar = HaarVariances()
        haar.add(magnitudes(scores, lag1))
        self._counts, self._sums = self._counts + haar.counts, self._sums + haar.sums
        self._known = None

    def raised(self, found: VarianceRatios) -> VarianceRatios:
        """Return variance ratios that allow for the volatility as well."""
        if found.lag1 > MAX_LAG1 or not self._counts[0]:
            return found
        known = self._known = self._known or self._estimated()
        if known.lag1 == 0.0 and not known.ratios:
            return found
        lengths = [2.0**level for level in range(MAX_LEVEL + 1)]
        rises = [STEEPNESS * OF_SQUARE * max(known.ratio(each) - 1.0, 0.0) / each for each in lengths]
        rises[:SHORTEST] = [0.0] * SHORTEST
        ratios = [found.ratio(each) * (1.0 + rise) for each, rise in zip(lengths, rises, strict=True)]
        return found._replace(ratios=tuple(ratios))

    def _estimated(self) -> VarianceRatios:
        """Return the dependence of the magnitudes."""
        enough = int(2.0 * self._counts[0] / MANY)
        return variance_ratios(self._counts.tolist(), self._sums.tolist(), enough, prior=PRIOR)

    def state(self) -> list[list[float]]:
        """Return the state as JSON values."""
        return [self._counts.tolist(), self._sums.tolist()]

    def restore(self, state: Sequence[Sequence[float]]) -> None:
        """Load what `state` returned."""
        self._counts, self._sums = np.array(state[0]), np.array(state[1])
        self._known = None


def magnitudes(scores: Floats, lag1: float) -> Floats:
    """Return the normal scores of the magnitudes of innovations: of independent values, independent normal ones.

    Args:
        scores: Normal scores of neighbouring values, shape (n,).
        lag1: Their lag-1 autocorrelation.

    Returns:
        The magnitude of all but the first, shape (n - 1,).
    """
    innovations = (scores[1:] - lag1 * scores[:-1]) / np.sqrt(1.0 - lag1 * lag1)
    found: Floats = np.interp(np.abs(innovations), *_score_table())
    return found


@cache
def _score_table() -> tuple[Floats, Floats]:
    """Return magnitudes of a standard normal value, rising, and their normal scores; shape (n,) each."""
    normal, count = NormalDist(), round(MAX_SCORE / STEP)
    scores = [STEP * number for number in range(-count, count + 1)]
    return np.array([-normal.inv_cdf(normal.cdf(-score) / 2.0) for score in scores]), np.array(scores)
