"""How often each category of one signal came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stream_monitor.core.frozen import Frozen
from stream_monitor.stats.reference.json import check_keys, listed, whole

#: Categories that are kept; all others are counted together.
MAX_CATEGORIES = 100
#: A category that came so often is compared by itself.
FREQUENT = 5
#: A longer category is told by its beginning.
MAX_CATEGORY_LENGTH = 200


@dataclass(frozen=True)
class CategoricalReference:
    """How often each category came.

    Of ``count`` values ``categories`` are the most frequent ones, at most a hundred, in order, ``counts`` how often
    each came, and ``rest`` how often all others did.

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
        """From the categories of values; of equally frequent ones the first comes first."""
        return cls.of_counts(Counter(text[:MAX_CATEGORY_LENGTH] for text in texts))

    @classmethod
    def of_counts(cls, counts: Mapping[str, int], rest: int = 0) -> CategoricalReference:
        """From how often each came; ``rest`` of others came as well, that nobody counted one by one."""
        count = sum(counts.values()) + rest
        top = sorted(counts.items(), key=lambda item: -item[1])[:MAX_CATEGORIES]
        known = tuple(times for _, times in top)
        return cls(count, tuple(name for name, _ in top), known, count - sum(known))

    def share(self, category: str) -> float:
        """The share of a category among all values; 0 of one that is not among ``categories``, and of nothing.

        >>> CategoricalReference.learn(["DE", "FR", "DE", "DE"]).share("DE")
        0.75
        """
        return dict(zip(self.categories, self.counts, strict=True)).get(category, 0) / max(self.count, 1)

    @property
    def is_complete(self) -> bool:
        """Whether every category is among ``categories``: any other one is new then."""
        return self.rest == 0

    @cached_property
    def frequent(self) -> tuple[str, ...]:
        """The categories that came often enough to tell their share; all others can only tell it together.

        Five times, by W. G. Cochran, "Some methods for strengthening the common chi-square tests", Biometrics 10
        (1954), pp. 417-451; more often where even such categories were not all kept.
        """
        return self.categories[: sum(times >= self._fewest for times in self.counts)]

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """What is to be expected of each frequent category, and last of all others.

        Categories that are frequent just by chance will be less so: those that came as often as the limit have, in
        all, no share to be expected. Each frequent one gives a like part of it. Source: I. J. Good, "The population
        frequencies of species and the estimation of population parameters", Biometrika 40 (1953), pp. 237-264.
        """
        known = self.counts[: len(self.frequent)]
        chance = self._fewest * sum(times == self._fewest for times in known)
        shares = [(times - chance / len(known)) / self.count for times in known]
        return (*shares, (self.count - sum(known) + chance) / self.count if self.count else 0.0)

    @property
    def _fewest(self) -> int:
        """The limit from which a category is frequent."""
        return FREQUENT if self.is_complete or not self.counts else max(FREQUENT, self.counts[-1])

    def state(self) -> dict[str, Any]:
        """As JSON; `restored` reads it."""
        return {name: listed(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> CategoricalReference:
        """What `state` wrote; `ValueError` says what is wrong with anything else."""
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
        """What `state` has; `unpacked` reads it."""
        return Frozen(self.state())

    unpacked = restored


def category_name(value: str | int | float | bool) -> str:
    """The category that a value stands for; ``1`` and ``1.0`` are one.

    >>> category_name(1.0), category_name("DE"), category_name(True)
    ('1', 'DE', 'True')
    """
    if type(value) is str:
        return value[:MAX_CATEGORY_LENGTH]
    return str(int(value)) if type(value) is float and value.is_integer() else str(value)
