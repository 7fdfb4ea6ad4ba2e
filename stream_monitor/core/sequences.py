"""Columns as sequences of Python objects: rows of them, several one behind the other, and their distinct values."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import accumulate, chain, repeat
from typing import Any, TypeVar

import numpy as np

from stream_monitor.core.arrays import Ints

#: Rows of a batch: an array of positions, or a slice.
Rows = Ints | slice
_T = TypeVar("_T")
_Key = TypeVar("_Key", bound=Hashable)


def take(values: Sequence[Any], rows: Rows) -> Sequence[Any]:
    """Return some of the values of a sequence, in the order of ``rows``."""
    return values[rows] if isinstance(rows, slice) else list(map(values.__getitem__, rows.tolist()))


def concat(columns: Sequence[Sequence[_T] | None], sizes: Sequence[int], missing: _T) -> list[_T] | None:
    """Return columns one behind the other; None where none of them has values.

    Args:
        columns: The columns; None stands for one that has only ``missing``.
        sizes: The number of values of each.
        missing: The value of a column that is None.

    >>> concat([None, ["a"]], [2, 1], None), concat([None], [1], "")
    ([None, None, 'a'], None)
    """
    if not any(columns):
        return None
    filled = (column or repeat(missing, size) for column, size in zip(columns, sizes, strict=True))
    return list(chain.from_iterable(filled))


def encode(values: Sequence[_Key]) -> tuple[Sequence[_Key], Ints]:
    """Return the distinct values in order of first appearance, and the position of each one's, shape (n,).

    >>> encode(["b", "a", "b"])
    (('b', 'a'), array([0, 1, 0]))
    """
    codes: dict[_Key, int] = {}
    which = [codes.setdefault(value, len(codes)) for value in values]
    return tuple(codes), np.array(which, np.int64)


def concat_encoded(parts: Sequence[tuple[Sequence[_Key], Ints]]) -> tuple[Sequence[_Key], Ints]:
    """Return columns that `encode` has encoded one behind the other, as one.

    >>> concat_encoded([(("b", "a"), np.array([1, 0])), (("a",), np.array([0]))])
    (('b', 'a'), array([1, 0, 1]))
    """
    distinct, codes = encode([key for keys, _ in parts for key in keys])
    begins = accumulate((len(keys) for keys, _ in parts), initial=0)
    pieces = [codes[begin + which] for begin, (_, which) in zip(begins, parts, strict=False)]
    return distinct, np.concatenate([np.empty(0, np.int64), *pieces])
