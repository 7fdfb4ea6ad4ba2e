"""Codes of the categories of one signal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.reference import category_name

#: Categories with a code of their own; all later ones share one code.
MAX_CATEGORIES = 1000
#: Longer names are cut, so categories that begin alike are one.
MAX_NAME_LENGTH = 200


class CategoryEncoder:
    """Encodes categories as 0.0, 1.0, ... in order of first appearance; all after the thousandth share one code.

    >>> categories = CategoryEncoder()
    >>> categories.column(["no", "yes", "no"])
    array([0., 1., 0.])
    >>> categories.name(1)
    'yes'
    """

    def __init__(self) -> None:
        #: By the value as received, which may be a number: 1 and 1.0 are equal keys.
        self._codes: dict[Any, int] = {}
        self._names: list[str] = []

    def column(self, values: Sequence[Any]) -> Floats:
        """Return the code of each value, NaN for None; shape (len(values),)."""
        codes = self._codes
        try:
            return np.array([codes[value] for value in values], dtype=np.float64)
        except (KeyError, TypeError):
            return np.array([np.nan if value is None else self._code(value) for value in values], dtype=np.float64)

    @property
    def count(self) -> int:
        """The number of categories with a code of their own."""
        return len(self._names)

    def name(self, code: int) -> str:
        """Return the category of a code."""
        return name_of(self._names, code)

    def code(self, name: str) -> int | None:
        """Return the code of a category by its name, None if it has none of its own."""
        return self._codes.get(name)

    def _code(self, value: Any) -> int:
        text = category_name(value)
        code = self._codes.get(text[:MAX_NAME_LENGTH])
        if code is None:
            if len(self._names) >= MAX_CATEGORIES:
                return MAX_CATEGORIES
            code = self._codes[text[:MAX_NAME_LENGTH]] = len(self._names)
            self._names.append(text[:MAX_NAME_LENGTH])
        if type(value) is not str and len(self._codes) < 4 * MAX_CATEGORIES:
            self._codes[value] = code
        return code

    def state(self) -> list[str]:
        return list(self._names)

    def restore(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self._codes = {name: code for code, name in enumerate(self._names)}


def name_of(names: Sequence[str], code: int) -> str:
    """Return the category of a code among the names that `CategoryEncoder.state` returned."""
    return names[code] if 0 <= code < len(names) else "(others)"
