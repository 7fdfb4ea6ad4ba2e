"""Reading of a column of values, of which many are equal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from stream_monitor.core.errors import RecordError

T = TypeVar("T")
_TEXT_OR_NULL = frozenset((str, type(None)))


def read_column(values: Sequence[Any], read: Callable[[Any], T], refused: set[int]) -> Sequence[T | None]:
    """Return each value as ``read`` gives it; texts, which recur, are read once.

    Args:
        values: n values.
        read: Reads one; it raises a `RecordError` for what it refuses.
        refused: Takes the positions of what is refused; None stands there.

    >>> read_column(["a", "b", "a"], str.upper, set())
    ['A', 'B', 'A']
    """
    if set(map(type, values)) <= _TEXT_OR_NULL:
        try:
            known = {value: read(value) for value in set(values)}
        except RecordError:
            pass
        else:
            return list(map(known.__getitem__, values))
    return [_read(read, value, at, refused) for at, value in enumerate(values)]


def _read(read: Callable[[Any], T], value: Any, at: int, refused: set[int]) -> T | None:
    try:
        return read(value)
    except RecordError:
        refused.add(at)
        return None
