"""What is learned of one column: of its numbers, of its categories, and which of both it holds."""

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
from stream_monitor.profiles.profile import ColumnProfile
from stream_monitor.stats.autocorrelation import autocorrelation_time, autocorrelations
from stream_monitor.stats.moments import Moments
from stream_monitor.stats.normal_scores import NormalScores
from stream_monitor.stats.reference import CategoricalReference, NumericReference, category_name
from stream_monitor.stats.reference.numeric import MAX_DISTINCT

#: Values from which the shares are taken, and the first ones from which the autocorrelation is.
SAMPLE = 50_000
#: Fewest values that tell an autocorrelation.
MIN_VALUES = 100
#: Categories counted one by one; past them the less frequent half is counted together.
MAX_COUNTED = 5_000
_NUMBERS = frozenset((int, float, bool))
_USABLE = _NUMBERS | {str}


class Values(NamedTuple):
    """A column's finite numbers, shape (n,), its texts, and how many values were neither, nor missing."""

    numbers: Floats
    texts: list[str]
    other: int


def split(column: Sequence[Any]) -> Values:
    """Numbers and texts of a column as JSON has it; None, NaN and infinity are missing.

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
    """Exact moments, and a sample of at most 50,000 values in which each has the same chance to be.

    Source of the sample: J. S. Vitter, "Random sampling with a reservoir", ACM Transactions on Mathematical Software
    11 (1985), pp. 37-57, algorithm R. It is the same at every run, and however the values were cut into batches.
    """

    def __init__(self) -> None:
        self.moments = Moments()
        self.sample: Floats = np.empty(0)
        #: Whether each value was above the one before it.
        self.rises = True
        self._last = -math.inf
        self._random = np.random.default_rng(0)

    def add(self, values: Floats) -> None:
        """Take finite values, shape (n,)."""
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
        """Shares of the sample, moments and range of all values."""
        moments = self.moments
        # The ends belong to the distribution, even where the sample has missed them.
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
    """How often each category came; exact up to 5,000 of them, then the frequent ones are kept.

    Source: G. S. Manku, R. Motwani, "Approximate frequency counts over data streams", VLDB 2002, pp. 346-357, whose
    lossy counting this is with a bound on memory in place of one on the error.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.rest = 0

    def add(self, names: Iterable[str], times: int = 1) -> None:
        """Take categories, each so many times."""
        found = Counter(names)
        self.counts.update({name: count * times for name, count in found.items()} if times > 1 else found)
        if len(self.counts) > MAX_COUNTED:
            kept = dict(self.counts.most_common(MAX_COUNTED // 2))
            self.rest += self.counts.total() - sum(kept.values())
            self.counts = Counter(kept)

    @property
    def is_exact(self) -> bool:
        """Whether all categories are counted one by one."""
        return self.rest == 0


class Column:
    """One column, whose type is given, or else what most of its values are."""

    def __init__(self, given: FeatureType | None = None) -> None:
        self._given = given
        self.is_given = given is not None
        self.numbers, self.categories = Numbers(), CategoryCounts()
        self.numeric = self.text = self.other = 0
        #: Lag 1, and the integrated time.
        self.dependence: tuple[float, float] | None = None

    def add(self, column: Sequence[Any], is_series: bool = False) -> None:
        """Take the next values as JSON has them; ``is_series``: all of them so far came in order of time."""
        values = split(column)
        if self._given != "numeric" and (self._given or values.texts or self.text):
            if not self._given and not self.text:
                self._recount()
            self.categories.add(category_name(v) for v in column if type(v) in _USABLE and v == v)
        self.numeric += len(values.numbers)
        self.text += len(values.texts)
        self.other += values.other
        if self._given != "categorical":
            self.numbers.add(values.numbers)
            if is_series and self.dependence is None and len(self.numbers.sample) == SAMPLE:
                self.measure()

    @property
    def type(self) -> FeatureType | None:
        """None while there is no usable value."""
        if self._given:
            return self._given if self.numeric or (self.text and self._given == "categorical") else None
        if not self.numeric and not self.text:
            return None
        return "numeric" if self.numeric >= self.text else "categorical"

    def measure(self) -> None:
        """Measure how much the values depend on each other: of a series that is at its end, or long enough."""
        series = self.numbers.sample
        if len(series) < MIN_VALUES or series.min() == series.max():
            return
        reference = NumericReference.learn(series)
        # As detectors will see it: two values as they are, all others as normal scores.
        scores = series if reference.distinct == 2 else NormalScores(reference).of(series, np.arange(len(series)))
        self.dependence = float(np.clip(autocorrelations(scores)[1], -1.0, 1.0)), autocorrelation_time(scores)

    def profile(self, rows: int, is_series: bool) -> ColumnProfile:
        """What was learned, of so many rows."""
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
        )

    def _categories(self) -> CategoricalReference:
        return CategoricalReference.of_counts(self.categories.counts, self.categories.rest)

    def _recount(self) -> None:
        """The first text has come: the numbers before it may be categories as well. Past the sample, estimated."""
        sample = self.numbers.sample
        if len(sample):
            times = round(self.numbers.moments.count / len(sample))
            self.categories.add((category_name(value) for value in sample.tolist()), max(times, 1))
