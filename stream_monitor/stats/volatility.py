"""Volatility clustering: values that are not correlated, but of which large ones come together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.fading_variances import FadingVariances
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
    """The dependence of the magnitudes of a signal's values, from its first values on.

    Where it is beyond chance, the variance of the values comes in waves: means of few values are then more often far
    from the level than those of independent values with the same distribution. A change of the level moves one
    magnitude only, so that changes need not be known.

    Source: R. F. Engle, "Autoregressive conditional heteroscedasticity", Econometrica 50 (1982), pp. 987-1007; A. I.
    McLeod, W. K. Li, Journal of Time Series Analysis 4 (1983), pp. 269-273, for the squares of innovations.

    >>> scores = np.random.default_rng(1).normal(size=2000)
    >>> calm, restless = Volatility(), Volatility()
    >>> calm.begin(0.0)
    >>> restless.begin(0.0)
    >>> limits = calm.raised(VarianceRatios(0.0), scores)
    >>> raised = restless.raised(VarianceRatios(0.0), scores * np.repeat([0.5, 2.0] * 20, 50))
    >>> len(limits.ratios), len(raised.ratios)
    (0, 25)
    """

    def __init__(self) -> None:
        self.kept = FadingVariances()
        #: The lag-1 autocorrelation of the values: what is left without it are innovations; and the newest value.
        self.lag1, self.last = 0.0, 0.0
        #: Whether the values are normal scores; of others, and of means, the volatility is not measured.
        self.is_measured = False
        #: The dependence of the magnitudes, None until somebody asks.
        self._known: VarianceRatios | None = None

    def begin(self, lag1: float) -> None:
        """Measure the normal scores that follow, which have this lag-1 autocorrelation."""
        self.lag1, self.last, self.is_measured = lag1, 0.0, lag1 <= MAX_LAG1

    def end(self) -> None:
        """Measure nothing of what follows."""
        self.is_measured = False

    def add(self, scores: Floats) -> None:
        """Add the next normal scores, shape (n,), if they are measured."""
        if self.is_measured and len(scores):
            self.kept.series.add(magnitudes(np.concatenate(([self.last], scores)), self.lag1))
            self.last = float(scores[-1])

    def keep(self, largest: float) -> None:
        """Keep what was added, see `FadingVariances.keep`."""
        self.kept.keep(largest)
        self._known = None

    def interrupt(self) -> None:
        """Forget what was added and not kept."""
        self.kept.interrupt()
        self.last = 0.0

    def forget(self) -> None:
        """Forget all values."""
        self.kept, self._known = FadingVariances(), None

    def raised(self, found: VarianceRatios, warmup: Floats | None = None) -> VarianceRatios:
        """Return variance ratios that allow for the volatility as well.

        Args:
            found: The variance ratios of the values.
            warmup: Values that count but are not kept, shape (n,).
        """
        if not self.is_measured or found.lag1 > MAX_LAG1 or (warmup is None and not self.kept.counts[0]):
            return found
        known = self._estimated(warmup)
        if known.lag1 == 0.0 and not known.ratios:
            return found
        lengths = [2.0**level for level in range(MAX_LEVEL + 1)]
        rises = [STEEPNESS * OF_SQUARE * max(known.ratio(each) - 1.0, 0.0) / each for each in lengths]
        rises[:SHORTEST] = [0.0] * SHORTEST
        ratios = [found.ratio(each) * (1.0 + rise) for each, rise in zip(lengths, rises, strict=True)]
        return found._replace(ratios=tuple(ratios))

    def _estimated(self, warmup: Floats | None) -> VarianceRatios:
        """Return the dependence of the magnitudes."""
        if warmup is None and self._known:
            return self._known
        counts, sums = self.kept.read(None if warmup is None else magnitudes(warmup, self.lag1))
        known = variance_ratios(counts, sums, int(2.0 * counts[0] / MANY), prior=PRIOR)
        if warmup is None:
            self._known = known
        return known

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {"kept": self.kept.state(), "lag1": self.lag1, "last": self.last, "is_measured": self.is_measured}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self.kept.restore(state["kept"])
        self.lag1, self.last, self.is_measured = state["lag1"], state["last"], state["is_measured"]
        self._known = None


def magnitudes(scores: Floats, lag1: Floats | float) -> Floats:
    """Return the normal scores of the magnitudes of innovations: of independent values, independent normal ones.

    Args:
        scores: Normal scores of neighbouring values, shape (n,) or (n, series).
        lag1: Their lag-1 autocorrelation, or that of each series.

    Returns:
        The magnitude of all but the first, shape (n - 1,) or (n - 1, series).
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
