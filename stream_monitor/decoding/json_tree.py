"""A typed decoder of JSON objects that hold objects, made of the places that are known in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from stream_monitor.decoding.json_places import Place

as_tuple = msgspec.structs.astuple


class JsonTree:
    """A typed decoder that refuses an object with any key that it does not know.

    Args:
        leaves: The type and the default of the value at each place that is known; no place leads through another.
        skips: True to skip what is not known instead, unchecked.

    Raises:
        ValueError: A typed decoder can't have one of the keys.

    >>> tree = JsonTree({("id",): (int, 0), ("request", "age"): (float, 1.0)})
    >>> tree.columns([tree.decode(b'{"id": 7, "request": {"age": 41}}'), tree.decode(b'{}')])[("request", "age")]
    (41.0, 1.0)
    """

    def __init__(self, leaves: Mapping[Place, tuple[Any, Any]], skips: bool = False) -> None:
        self._root = _Node((), leaves, skips)
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(self._root.kind).decode

    def decode_all(self, values: Sequence[bytes], begin: int, refused: list[int]) -> list[Any]:
        """Return the objects of values; add the positions of those that are refused, the first being at ``begin``."""
        objects: list[Any] = []
        left = iter(values)
        already = len(refused)
        while True:
            try:
                objects.extend(map(self.decode, left))
            except (msgspec.DecodeError, ValueError, RecursionError):
                refused.append(begin + len(objects) + len(refused) - already)
            else:
                return objects

    def columns(self, objects: Sequence[Any]) -> dict[Place, Sequence[Any]]:
        """Return the values of n objects by place: those of the leaves, and the objects that hold them, or None."""
        columns: dict[Place, Sequence[Any]] = {}
        self._root.add_columns(objects, columns)
        return columns


class _Node:
    """The keys of an object at a place."""

    def __init__(self, place: Place, leaves: Mapping[Place, tuple[Any, Any]], skips: bool) -> None:
        depth = len(place)
        self._places = list(dict.fromkeys(leaf[: depth + 1] for leaf in leaves))
        self._inner: list[_Node | None] = [
            None
            if each in leaves
            else _Node(each, {leaf: kind for leaf, kind in leaves.items() if leaf[: depth + 1] == each}, skips)
            for each in self._places
        ]
        fields = [
            (each[-1], *(leaves[each] if inner is None else (inner.kind | None, None)))
            for each, inner in zip(self._places, self._inner, strict=True)
        ]
        self.kind: Any = struct("Object", fields, skips)
        self._none = self.kind()

    def add_columns(self, objects: Sequence[Any], columns: dict[Place, Sequence[Any]]) -> None:
        found = zip(*map(as_tuple, objects), strict=True)
        for place, inner, column in zip(self._places, self._inner, found, strict=True):
            columns[place] = column
            if inner:
                inner.add_columns([inner._none if each is None else each for each in column], columns)


def struct(name: str, fields: Iterable[tuple[str, Any, Any]], skips: bool = False) -> type[msgspec.Struct]:
    """Return a struct of (key, type, default), whatever the keys are; it refuses, or skips, all others.

    Raises:
        ValueError: A struct can't have one of the keys.
    """
    named = [(f"f{at}", *field) for at, field in enumerate(fields)]
    return msgspec.defstruct(
        name,
        [(attribute, kind, default) for attribute, _, kind, default in named],
        rename={attribute: key for attribute, key, _, _ in named},
        forbid_unknown_fields=not skips,
        gc=False,
        eq=False,
    )
