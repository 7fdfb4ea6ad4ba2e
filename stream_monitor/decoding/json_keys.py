"""The keys that JSON events have: counted in a few of them, for the typed decoder to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from stream_monitor.decoding.fields import NATIVE_FIELDS

#: Distinct keys that are counted; at more, the counting begins anew.
MAX_KEYS = 10_000
_NUMBERS = frozenset((int, float, bool, type(None)))


class KeyCounts:
    """Counts of features, and of keys at the top that are no native fields, in ``events`` events.

    >>> keys = KeyCounts(lambda name: False)
    >>> keys.add({"id": 1, "region": "eu", "features": {"age": 41, "country": "DE"}})
    >>> keys.features(1), keys.others(1)
    ({'age': True, 'country': False}, {'region'})
    """

    def __init__(self, is_category: Callable[[str], bool]) -> None:
        self._is_category = is_category
        self._numbers, self._mixed, self._others = Counter[str](), Counter[str](), Counter[str]()
        self.events = 0

    def add(self, body: Mapping[str, Any]) -> None:
        """Count the keys of an event."""
        if len(self._numbers) + len(self._mixed) + len(self._others) > MAX_KEYS:
            self.clear()
        self._others.update(body.keys() - set(NATIVE_FIELDS))
        self.events += 1
        features = body.get("features")
        if type(features) is dict:
            for name, value in features.items():
                (self._numbers if type(value) in _NUMBERS else self._mixed)[name] += 1

    def features(self, minimum: int) -> dict[str, bool]:
        """Return the features counted at least so often, each with True where its values are numbers or null."""
        mixed = {name for name, count in self._mixed.items() if count >= minimum}
        numbers = (name for name, count in self._numbers.items() if count >= minimum)
        names = dict.fromkeys((*numbers, *mixed))
        return {name: name not in mixed and not self._is_category(name) for name in names}

    @property
    def mean_features(self) -> float:
        """Mean number of features of an event."""
        return (self._numbers.total() + self._mixed.total()) / max(self.events, 1)

    def others(self, minimum: int) -> set[str]:
        """Return the other keys counted at least so often."""
        return {name for name, count in self._others.items() if count >= minimum}

    def clear(self) -> None:
        """Begin anew."""
        for counts in (self._numbers, self._mixed, self._others):
            counts.clear()
        self.events = 0
