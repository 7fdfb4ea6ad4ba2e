"""Parts of a state that are written only when they have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import orjson


class Part(Mapping[str, Any]):
    """A part of a state, which is made when it is read.

    Args:
        name: Its name, unique among the parts of the state.
        mark: An object that is replaced by another one whenever the content changes.
        make: Returns the content as JSON values.

    >>> part = Part("a", object(), lambda: {"count": 1})
    >>> part["count"], part == {"count": 1}
    (1, True)
    """

    def __init__(self, name: str, mark: object, make: Callable[[], Mapping[str, Any]]) -> None:
        self.name, self.mark, self._make = name, mark, make

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """The content as JSON values."""
        return self._make()

    def __getitem__(self, key: str) -> Any:
        return self.content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)


def part_name(kind: str, of: Iterable[str]) -> str:
    """Return the name of a part of this kind.

    >>> part_name("features", ("churn", "3"))
    '["features","churn","3"]'
    """
    return orjson.dumps([kind, *of]).decode()
