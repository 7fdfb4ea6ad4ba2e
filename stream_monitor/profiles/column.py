"""Accumulators for one column of training data: its numbers, its categories, and its inferred type."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import FeatureType
from stream_monitor.profiles.dependence import Categories, Missing, number_ratios
from stream_monitor.profiles.profile import ColumnProfile, Ratios
from stream_monitor.profiles.season_sample import SeasonSample
from stream_monitor.stats.autocorrelation import median_lag1
from stream_monitor.stats.moments import Moments
from stream_monitor.stats.normal_scores import NormalScores
from stream_monitor.stats.reference import CategoricalReference, NumericReference, category_name
from stream_monitor.stats.reference.numeric import MAX_DISTINCT
from stream_monitor.stats.variance_ratios import MAX_LAG1, SURE

#: The size of the sample for shares, and the number of first values for the autocorrelation.
SAMPLE = 50_000
#: The minimum number of values for an autocorrelation.
MIN_VALUES = 100
#: The number of values of a span; the level of the series hardly moves in most of them.
SPAN = 250
#: The number of categories with a count of their own; above it the less frequent half is counted together.
MAX_COUNTED = 5_000
_NUMBERS = frozenset((int, float, bool))
_USABLE = _NUMBERS | {str}


class Values(NamedTuple):
    """A column's finite numbers, shape (n,), its texts, and the number of values of any other type."""

    numbers: Floats
    texts: list[str]
    other: int


def split(column: Sequence[Any]) -> Values:
    """Split a column of JSON values into numbers and texts; None, NaN and infinity count as missing.

    >>> split([1, None, "x", True, [2]])
    Values(numbers=array([1., 1.]), texts=['x'], other=1)
    """
    present = [value for value in column if value is not None]
    try:
        numbers = np.frombuffer(array("d", present))
        return Values(numbers[np.isfinite(numbers)], [], 0)
    except (TypeError, OverflowError):
        numbers = np.array([_as_float(value) for value in present if type(value) in _NUMBERS], dtype=np.float64)
    texts = [value for value in present if type(value) is str]
    other = sum(type(value) not in _USABLE for value in present)
    return Values(numbers[np.isfinite(numbers)], texts, other)


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


class Numbers:
    """The exact moments of a column's numbers, and a uniform random sample of at most 50,000 of them.

    The sample does not depend on the batches in which the values arrive, and is the same in every run.

    Source: J. S. Vitter, "Random sampling with a reservoir", ACM Transactions on Mathematical Software 11 (1985),
    pp. 37-57, algorithm R.
    """

    def __init__(self) -> None:
        self.moments = Moments()
        self.sample: Floats = np.empty(0)
        #: True while each value has been above the one before it.
        self.rises = True
        self._last = -math.inf
        self._random = np.random.default_rng(0)

    def add(self, values: Floats) -> None:
        """Add finite values, shape (n,)."""
        if not len(values):
            return
        self.rises = self.rises and self._last < values[0] and bool((values[1:] > values[:-1]).all())
        self._last = float(values[-1])
        begin = self.moments.count
        self.moments.add(values)
        room = max(SAMPLE - begin, 0)
        if room:
            self.sample = np.concatenate((self.sample, values[:room]))
        late = values[room:]
        ranks = np.arange(begin + room, begin + len(values)) + 1.0
        places = (self._random.random(len(late)) * ranks).astype(np.int64)
        self.sample[places[places < SAMPLE]] = late[places < SAMPLE]

    def reference(self) -> NumericReference:
        """Return a reference with the shares of the sample and the moments and range of all values."""
        moments = self.moments
        # The minimum and maximum belong to the distribution even if they are not in the sample.
        ends = np.array([moments.minimum, moments.maximum])
        known = NumericReference.learn(self.sample)
        missed = ends[(ends < known.minimum) | (ends > known.maximum)]
        return replace(
            known,
            count=moments.count,
            mean=moments.mean,
            std=moments.std,
            minimum=moments.minimum,
            maximum=moments.maximum,
            distinct=min(known.distinct + len(missed), MAX_DISTINCT),
            values=np.sort(np.concatenate((known.values, missed))),
            below=np.sort(np.concatenate((known.below, missed > known.maximum))),
            upto=np.sort(np.concatenate((known.upto, missed > known.maximum))),
        )


class CategoryCounts:
    """The count of each category: exact up to 5,000 categories, above that of the frequent ones only.

    Source: lossy counting by G. S. Manku, R. Motwani, "Approximate frequency counts over data streams", VLDB 2002,
    pp. 346-357, here with a bound on memory instead of one on the error.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.rest = 0

    def add(self, names: Iterable[str], times: int = 1) -> None:
        """Count each of the categories ``times`` times."""
        found = Counter(names)
        self.counts.update({name: count * times for name, count in found.items()} if times > 1 else found)
        if len(self.counts) > MAX_COUNTED:
            kept = dict(self.counts.most_common(MAX_COUNTED // 2))
            self.rest += self.counts.total() - sum(kept.values())
            self.counts = Counter(kept)

    @property
    def is_exact(self) -> bool:
        """True if every category has a count of its own."""
        return self.rest == 0


class Column:
    """One column of training data; its type is given, or else that of the majority of its values.

    Args:
        given: The type, or None to infer it.
    """

    def __init__(self, given: FeatureType | None = None) -> None:
        self._given = given
        self.is_given = given is not None
        self.numbers, self.categories = Numbers(), CategoryCounts()
        self.numeric = self.text = self.other = 0
        #: The autocorrelation at lag 1 and the integrated autocorrelation time.
        self.dependence: tuple[float, float] | None = None
        #: The dependence of its values, of its categories, and of what is missing, in the order of the rows.
        self._ratios: Ratios | None = None
        self._series, self.missing = Categories(), Missing()
        self.times = SeasonSample()

    def add(self, column: Sequence[Any], is_series: bool = False) -> None:
        """Add the next values.

        Args:
            column: JSON values; None is a missing value.
            is_series: True if all values so far, these included, arrived in order of time.
        """
        values = split(column)
        if self._given != "numeric" and (self._given or values.texts or self.text):
            if not self._given and not self.text:
                self._recount()
            names = [category_name(value) for value in column if type(value) in _USABLE and value == value]
            self.categories.add(names)
            self._series.add(names)
        self.numeric += len(values.numbers)
        self.text += len(values.texts)
        self.other += values.other
        if self._given != "categorical":
            self._add_numbers(values.numbers, is_series)

    def _add_numbers(self, values: Floats, is_series: bool) -> None:
        """Add numbers; measure the dependence of the first ones before later ones replace some of them."""
        first = SAMPLE - len(self.numbers.sample)
        self.numbers.add(values[:first])
        if self._ratios is None and len(self.numbers.sample) == SAMPLE:
            self._ratios = number_ratios(self.numbers.sample)
        if is_series and self.dependence is None and len(self.numbers.sample) == SAMPLE:
            self.measure()
        self.numbers.add(values[first:])

    @property
    def type(self) -> FeatureType | None:
        """The given or inferred type; None while there is no usable value."""
        if self._given:
            return self._given if self.numeric or (self.text and self._given == "categorical") else None
        if not self.numeric and not self.text:
            return None
        return "numeric" if self.numeric >= self.text else "categorical"

    def measure(self) -> None:
        """Estimate the dependence of a series that is complete or has filled the sample, within short spans of it.

        A season, a step or a trend is not taken for dependence; one over longer times is found by the detectors.
        """
        series = self.numbers.sample
        if len(series) < MIN_VALUES or series.min() == series.max():
            return
        reference = NumericReference.learn(series)
        # The same transform as for detectors: columns of two distinct values unchanged, others as normal scores.
        scores = series if reference.distinct == 2 else NormalScores(reference).of(series, np.arange(len(series)))
        lag1 = min(max(median_lag1(scores, max(len(scores) // SPAN, 1)), -1.0), MAX_LAG1)
        is_sure = lag1 > SURE / math.sqrt(len(scores))
        self.dependence = lag1, (1.0 + lag1) / (1.0 - lag1) if is_sure else 1.0

    def profile(self, rows: int, is_series: bool) -> ColumnProfile:
        """Return the column's profile.

        Args:
            rows: The number of rows of the training data.
            is_series: True if they arrived in order of time, which is required for autocorrelations.
        """
        kind = self.type
        if is_series and self.dependence is None and kind == "numeric":
            self.measure()
        lag, time = self.dependence if is_series and self.dependence and kind == "numeric" else (None, None)
        usable = {"numeric": self.numeric, "categorical": self.numeric + self.text, None: 0}[kind]
        other = self.numeric + self.text + self.other - usable
        return ColumnProfile(
            numeric=self.numbers.reference() if kind == "numeric" else None,
            categorical=self._categories() if kind == "categorical" else None,
            missing_share=(rows - usable - other) / rows,
            other=other,
            autocorrelation=lag,
            autocorrelation_time=time,
            seasons=self.times.seasons(self.numbers.reference()) if is_series and kind == "numeric" else [],
            span_ratios=self._value_ratios(kind),
            missing_ratios=self.missing.ratios(),
        )

    def _value_ratios(self, kind: FeatureType | None) -> Ratios:
        """Return the variance ratios of the values, in the order of the rows."""
        if kind == "categorical":
            return self._series.ratios()
        return self._ratios or number_ratios(self.numbers.sample)

    def _categories(self) -> CategoricalReference:
        return CategoricalReference.of_counts(self.categories.counts, self.categories.rest)

    def _recount(self) -> None:
        """Count the numbers so far as categories, on the first text; estimate from the sample if it is incomplete."""
        sample = self.numbers.sample
        if len(sample):
            times = round(self.numbers.moments.count / len(sample))
            self.categories.add((category_name(value) for value in sample.tolist()), max(times, 1))
