"""The reference distribution of a signal of categories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stream_monitor.core.frozen import Frozen
from stream_monitor.stats.reference.json import check_keys, listed, whole

#: Categories with a count of their own; all others are counted together.
MAX_CATEGORIES = 100
#: The minimum count of a category that is compared by itself.
FREQUENT = 5
#: Characters of a category; a longer one is truncated.
MAX_CATEGORY_LENGTH = 200


@dataclass(frozen=True)
class CategoricalReference:
    """The counts of the categories of a signal.

    Attributes:
        count: The total number of values.
        categories: The most frequent categories, at most 100, in decreasing order of frequency.
        counts: The count of each of them.
        rest: The number of values of all other categories together.

    >>> reference = CategoricalReference.learn(["DE", "FR", "DE"])
    >>> reference.categories, reference.counts, reference.is_complete
    (('DE', 'FR'), (2, 1), True)
    """

    count: int
    categories: tuple[str, ...]
    counts: tuple[int, ...]
    rest: int = 0

    @classmethod
    def learn(cls, texts: Iterable[str]) -> CategoricalReference:
        """Return the reference of a series of categories; equally frequent ones are in order of appearance."""
        return cls.of_counts(Counter(text[:MAX_CATEGORY_LENGTH] for text in texts))

    @classmethod
    def of_counts(cls, counts: Mapping[str, int], rest: int = 0) -> CategoricalReference:
        """Return the reference of these counts.

        Args:
            counts: The count of each category.
            rest: The number of values of other categories, which were not counted separately.
        """
        count = sum(counts.values()) + rest
        top = sorted(counts.items(), key=lambda item: -item[1])[:MAX_CATEGORIES]
        known = tuple(times for _, times in top)
        return cls(count, tuple(name for name, _ in top), known, count - sum(known))

    def share(self, category: str) -> float:
        """Return the share of a category among all values; 0 if it is not among ``categories``.

        >>> CategoricalReference.learn(["DE", "FR", "DE", "DE"]).share("DE")
        0.75
        """
        return dict(zip(self.categories, self.counts, strict=True)).get(category, 0) / max(self.count, 1)

    @property
    def is_complete(self) -> bool:
        """True if ``categories`` lists every category, so that any other one is new."""
        return self.rest == 0

    @cached_property
    def frequent(self) -> tuple[str, ...]:
        """The categories frequent enough to be compared by themselves; all others are compared together.

        The minimum count is 5, by W. G. Cochran, "Some methods for strengthening the common chi-square tests",
        Biometrics 10 (1954), pp. 417-451; it is higher if categories of that count were merged into ``rest``.
        """
        return self.categories[: sum(times >= self._min_count for times in self.counts)]

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """The expected share of each frequent category, and last that of all others together.

        Categories selected for being frequent are on average less frequent in new data. The total count of those at
        the limit is taken off the frequent ones, in equal parts, and added to the others. Source: I. J. Good, "The
        population frequencies of species and the estimation of population parameters", Biometrika 40 (1953),
        pp. 237-264.
        """
        known = self.counts[: len(self.frequent)]
        chance = self._min_count * sum(times == self._min_count for times in known)
        shares = [(times - chance / len(known)) / self.count for times in known]
        return (*shares, (self.count - sum(known) + chance) / self.count if self.count else 0.0)

    @property
    def _min_count(self) -> int:
        """The minimum count of a frequent category."""
        return FREQUENT if self.is_complete or not self.counts else max(FREQUENT, self.counts[-1])

    def state(self) -> dict[str, Any]:
        """Return the fields as JSON values, for `restored`."""
        return {name: listed(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> CategoricalReference:
        """Return the reference with a state that `state` returned.

        Raises:
            ValueError: The state is not valid; the message says why.
        """
        check_keys(state, cls.__dataclass_fields__)
        categories, counts = state["categories"], state["counts"]
        if type(categories) is not list or not all(type(name) is str for name in categories):
            raise ValueError("categories must be a list of text")
        if type(counts) is not list or len(counts) != len(categories) or len({*categories}) != len(categories):
            raise ValueError("categories must differ, and each have its count")
        known = tuple(whole(times, "counts") for times in counts)
        count, rest = whole(state["count"], "count"), whole(state["rest"], "rest")
        if sum(known) + rest != count:
            raise ValueError("counts and rest must add up to count")
        return cls(count, tuple(categories), known, rest)

    @cached_property
    def packed(self) -> Frozen:
        """The state as a frozen mapping, for `unpacked`."""
        return Frozen(self.state())

    unpacked = restored


def category_name(value: str | int | float | bool) -> str:
    """Return the name of a value's category; ``1`` and ``1.0`` have the same.

    >>> category_name(1.0), category_name("DE"), category_name(True)
    ('1', 'DE', 'True')
    """
    if type(value) is str:
        return value[:MAX_CATEGORY_LENGTH]
    return str(int(value)) if type(value) is float and value.is_integer() else str(value)
