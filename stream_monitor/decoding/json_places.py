"""The places that native fields have in JSON events, of the native schema or of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from stream_monitor.decoding.fields import FEATURE, FEATURES, FIELDS, GROUP, FieldMap

#: The keys that lead to a value: one at the top, or several inside one another.
Place = tuple[str, ...]

#: The native fields that a record of a label topic is read for.
LABEL_FIELDS: Final = ("id", "ts", "model", "version", "label")


class FieldPlaces:
    """The places of native fields, as a mapping of fields finds them in events.

    Args:
        fields: The mapping.
        is_label: True for records of label topics.
        found: The places that were met, by path; elsewhere each part of a path is a key.

    Attributes:
        names: The native fields that are read, but for features.
        sources: The paths that lead to other parts of a record than its body, by what is mapped to them.
        mapped: The places in the body, by what is mapped to them.
        has_rest: True where the keys that are not used are features.
        inner: The places of the objects that hold what is mapped.
        shared: The places that are read for several things.

    >>> places = FieldPlaces(FieldMap({"id": "request.id"}), False)
    >>> places.mapped, places.learned({"request.id": 7}).mapped
    ({'id': ('request', 'id')}, {'id': ('request.id',)})
    """

    def __init__(self, fields: FieldMap, is_label: bool, found: Mapping[str, Place] | None = None) -> None:
        self.fields, self.is_label, self._found = fields, is_label, found or {}
        self.names = LABEL_FIELDS if is_label else FIELDS
        self.has_rest = not is_label and FEATURES in fields.rest
        whole = (*self.names, FEATURES)[: len(self.names) + (not is_label)]
        paths = {
            name: path
            for name, path in fields.paths.items()
            if name in whole or (not is_label and name.startswith((FEATURE, GROUP)))
        }
        self.sources = {name: path for name, path in paths.items() if path.startswith("@")}
        self._paths = {name: path for name, path in paths.items() if name not in self.sources}
        self.mapped = {name: self._found.get(path, tuple(path.split("."))) for name, path in self._paths.items()}
        self.inner = {place[:size] for place in self.mapped.values() for size in range(1, len(place))}
        read = {
            *self.mapped.items(),
            *((name, (name,)) for name in whole if not (self.has_rest and name == FEATURES)),
        }
        count = Counter(place for _, place in read)
        self.shared = {place for place in count if count[place] > 1}
        self._leaves = count.keys() - self.inner
        self._possible = {place for path in self._paths.values() for place in _possible(path)}

    @property
    def can_read(self) -> bool:
        """False for mappings that only the codec reads: in which one field's place is in another's, or the like."""
        of_rest = set(self.fields.rest) & {*self.names, *([] if self.is_label else ["groups", FEATURES])}
        is_in_field = any(place[:size] in self._leaves for place in self._possible for size in range(1, len(place)))
        return (
            of_rest <= {FEATURES}
            and not {FEATURES, "groups"} & self.sources.keys()
            and not is_in_field
            and not self.inner & {*self.mapped.values(), self.features}
            and (self.features is None or self.features not in self.shared)
            and not _is_replaced(FEATURES, FEATURE, list(self.mapped))
            and not _is_replaced("groups", GROUP, list(self.mapped))
        )

    def learned(self, body: Mapping[str, Any]) -> FieldPlaces:
        """Return the places, with those at which an event has what was not met before."""
        new = {
            path: place for path in self._paths.values() if path not in self._found and (place := _find(body, path))
        }
        return FieldPlaces(self.fields, self.is_label, {**self._found, **new}) if new else self

    def of(self, name: str) -> list[Place]:
        """Return the places of a native field: that mapped to it, which goes before the other, and its own name's."""
        own = [(name,)] if (name,) in self._leaves else []
        return list(dict.fromkeys([self.mapped[name], *own] if name in self.mapped else own))

    @property
    def features(self) -> Place | None:
        """The place of an object of features; None where there is none."""
        return None if self.is_label or self.has_rest else self.mapped.get(FEATURES, (FEATURES,))

    def of_prefix(self, prefix: str) -> dict[str, Place]:
        """Return the places of the features, or groups, that are mapped by themselves, by name."""
        return {name.removeprefix(prefix): place for name, place in self.mapped.items() if name.startswith(prefix)}

    def of_feature(self, name: str) -> Place | None:
        """Return the place of one feature; None where it is not in the body."""
        if FEATURE + name in self.fields.paths:
            return self.mapped.get(FEATURE + name)
        return (name,) if self.features is None else (*self.features, name)

    def is_rest(self, key: str) -> bool:
        """Return True for a key at the top that is a feature."""
        return self.has_rest and key not in self.fields.used and key != FEATURES

    def others(self, body: Mapping[str, Any], above: Place = ()) -> Iterator[Place]:
        """Yield the places in an event that hold nothing that is read, and could not."""
        for key, value in body.items():
            place = (*above, key)
            if place in self.inner and type(value) is dict:
                yield from self.others(value, place)
            elif place not in self.inner and place not in self._leaves and not self._may_be_read(place):
                yield place

    def _may_be_read(self, place: Place) -> bool:
        if self.has_rest and len(place) == 1 and (place[0] == FEATURES or self.is_rest(place[0])):
            return True
        return any(other[: len(place)] == place for other in self._possible)


def value_at(body: Mapping[str, Any], place: Place) -> Any:
    """Return the value at a place of an event; None where there is none."""
    value: Any = body
    for key in place:
        value = value.get(key) if type(value) is dict else None
    return value


def _is_replaced(field: str, prefix: str, names: list[str]) -> bool:
    """Return True where a field is mapped after parts of it, which it replaces."""
    return field in names and any(name.startswith(prefix) for name in names[: names.index(field)])


def _possible(path: str) -> Iterator[Place]:
    """Yield all places at which the value of a path may be."""
    yield (path,)
    head, _, tail = path.partition(".")
    if tail:
        yield from ((head, *place) for place in _possible(tail))


def _find(body: Mapping[str, Any], path: str) -> Place | None:
    """Return the place of a path in an event; None where the event has nothing there."""
    if path in body:
        return (path,)
    head, _, tail = path.partition(".")
    inner = body.get(head) if tail else None
    place = _find(inner, tail) if type(inner) is dict else None
    return (head, *place) if place else None
