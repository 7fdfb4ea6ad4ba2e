"""The keys that JSON events have: counted in a few of them, for the typed decoder to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stream_monitor.core.feature_values import ABSENT
from stream_monitor.decoding.fields import FEATURE
from stream_monitor.decoding.json_places import FieldPlaces, Place, value_at

#: Distinct keys that are counted; at more, the counting begins anew.
MAX_KEYS = 10_000
_NUMBERS = frozenset((int, float, bool, type(None)))


@dataclass(frozen=True)
class JsonKeys:
    """The keys that a typed decoder knows.

    Attributes:
        places: The places of native fields.
        features: The features, each with True where its values are numbers or null; None where each event has a dict
            of its own.
        mapped: The same of the features that are mapped by themselves.
        others: The places that hold nothing that is read.
    """

    places: FieldPlaces
    features: Mapping[str, bool] | None
    mapped: Mapping[str, bool]
    others: frozenset[Place]

    def with_those_of(self, counts: KeyCounts, minimum: int) -> JsonKeys:
        """Return these keys and those counted at least so often; a feature is of numbers if it is so in both."""
        features = self.features
        if features is not None:
            features = {**features, **_both(features, counts.features(minimum))}
        mapped = _both(self.mapped, counts.mapped())
        return replace(
            self,
            places=counts.places,
            features=features,
            mapped=mapped,
            others=self.others | counts.others(minimum),
        )

    def with_mixed(self, names: Collection[str]) -> JsonKeys:
        """Return these keys, where the values of some features need not be numbers."""
        features, mapped = (
            known and {name: is_number and name not in names for name, is_number in known.items()}
            for known in (self.features, self.mapped)
        )
        return replace(self, features=features, mapped=mapped or {})

    def received(self, name: str, values: Sequence[Any]) -> Sequence[Any]:
        """Return the values of a feature, `ABSENT` for a null that says that there is none."""
        return [ABSENT if value is None else value for value in values] if name in self.mapped else values


def _both(known: Mapping[str, bool], met: Mapping[str, bool]) -> dict[str, bool]:
    return {name: known.get(name, True) and is_number for name, is_number in met.items()}


class KeyCounts:
    """Counts of features, and of places that hold nothing that is read, in ``events`` events.

    Attributes:
        places: The places of native fields, as they were found in the events.

    >>> from stream_monitor.decoding.fields import FieldMap
    >>> keys = KeyCounts(FieldPlaces(FieldMap({}), False), lambda name: False)
    >>> keys.add({"id": 1, "region": "eu", "features": {"age": 41, "country": "DE"}})
    >>> keys.features(1), keys.others(1)
    ({'age': True, 'country': False}, {('region',)})
    """

    def __init__(self, places: FieldPlaces, is_category: Callable[[str], bool]) -> None:
        self.places, self._is_category = places, is_category
        self._numbers, self._mixed, self._others = Counter[str](), Counter[str](), Counter[Place]()
        self._mapped_mixed: set[str] = set()
        self.events = 0

    def add(self, body: Mapping[str, Any]) -> None:
        """Count the keys of an event."""
        if len(self._numbers) + len(self._mixed) + len(self._others) > MAX_KEYS:
            self.clear()
        self.places = places = self.places.learned(body)
        self.events += 1
        self._others.update(places.others(body))
        mapped = places.of_prefix(FEATURE)
        for name, value in self._features(body).items():
            if name not in mapped:
                (self._numbers if type(value) in _NUMBERS else self._mixed)[name] += 1
        self._mapped_mixed |= {name for name, place in mapped.items() if type(value_at(body, place)) not in _NUMBERS}

    def _features(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the features that are not mapped by themselves."""
        if self.places.has_rest:
            return {key: value for key, value in body.items() if self.places.is_rest(key)}
        found = None if self.places.features is None else value_at(body, self.places.features)
        return found if type(found) is dict else {}

    def features(self, minimum: int) -> dict[str, bool]:
        """Return the features counted at least so often, each with True where its values are numbers or null."""
        mixed = {name for name, count in self._mixed.items() if count >= minimum}
        numbers = (name for name, count in self._numbers.items() if count >= minimum)
        names = dict.fromkeys((*numbers, *mixed))
        return {name: name not in mixed and not self._is_category(name) for name in names}

    def mapped(self) -> dict[str, bool]:
        """Return the features that are mapped by themselves, each with True where its values are numbers or null."""
        places = self.places.of_prefix(FEATURE)
        mixed = {name for name, place in places.items() if place in self.places.shared} | self._mapped_mixed
        return {name: name not in mixed and not self._is_category(name) for name in places}

    @property
    def mean_features(self) -> float:
        """Mean number of features of an event."""
        return (self._numbers.total() + self._mixed.total()) / max(self.events, 1)

    def others(self, minimum: int) -> set[Place]:
        """Return the places that hold nothing that is read, counted at least so often."""
        return {place for place, count in self._others.items() if count >= minimum}

    def clear(self) -> None:
        """Begin anew."""
        for counts in (self._numbers, self._mixed):
            counts.clear()
        self._others.clear()
        self._mapped_mixed.clear()
        self.events = 0
