"""Arrays of floats: their types, running sums, and arrays as text."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]
#: Numbers of an array that are processed at a time.
MAX_PIECE = 32_768
#: The type of a number in a stored array.
_STORED = np.dtype("<f8")
#: First character of an array of bytes as text; base64 has no such character.
_BYTES = ":"
_BYTE_VALUES = frozenset(range(256))


def accumulate(rows: Floats) -> None:
    """Replace rows by their running sums over the first axis, strictly in order.

    Complex numbers are two sums at a time, with the same bits.

    Args:
        rows: A contiguous array, shape (n, columns).

    >>> rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> accumulate(rows)
    >>> rows.tolist()
    [[1.0, 2.0], [4.0, 6.0]]
    """
    if rows.shape[1] % 2:
        np.add.accumulate(rows, axis=0, out=rows)
    else:
        pairs = rows.view(np.complex128)
        np.add.accumulate(pairs, axis=0, out=pairs)


def ordered_sum(values: Floats) -> float:
    """Return the sum of values added up one by one, shape (n,): `numpy.sum` adds in an order that the processor sets.

    >>> ordered_sum(np.array([1.0, 2.0, 3.0]))
    6.0
    """
    return float(np.add.accumulate(values)[-1]) if len(values) else 0.0


def running_sums(starts: Floats, steps: Floats) -> Floats:
    """Return ``starts`` and the running sums after each row of steps, strictly in order, shape (n + 1, columns).

    Args:
        starts: The sums before the first row, shape (columns,).
        steps: The rows, shape (n, columns).

    >>> running_sums(np.array([1.0]), np.array([[2.0], [3.0]])).ravel().tolist()
    [1.0, 3.0, 6.0]
    """
    columns = len(starts)
    sums = np.zeros((len(steps) + 1, columns + columns % 2))
    sums[0, :columns], sums[1:, :columns] = starts, steps
    accumulate(sums)
    return sums[:, :columns]


def column_sums(rows: Floats) -> Floats:
    """Return the sum of each column, added strictly in order; several times as fast as running sums.

    NumPy adds pairwise only along the fast axis in memory, which this is not if there is more than one column.

    Args:
        rows: A contiguous array, shape (n, columns), n above 0.

    >>> column_sums(np.array([[1.0, 2.0], [1e-16, 2.0], [1e-16, 2.0]])).tolist()
    [1.0, 6.0]
    """
    sums: Floats = np.add.reduce(rows, axis=0) if rows.shape[1] > 1 else np.add.accumulate(rows, axis=0)[-1]
    return sums


def count_each(values: Ints) -> list[tuple[int, int]]:
    """Return the distinct values of an array in order, each with its count; memory follows their range.

    >>> count_each(np.array([7, 5, 7]))
    [(5, 1), (7, 2)]
    """
    if not len(values):
        return []
    least = int(values.min())
    counts = np.bincount(values - least)
    found = np.flatnonzero(counts)
    return list(zip((found + least).tolist(), counts[found].tolist(), strict=True))


def pieces(rows: int, columns: int) -> Iterator[slice]:
    """Yield the parts of so many rows that stay in the processor's cache.

    >>> [(part.start, part.stop) for part in pieces(3, 16_384)]
    [(0, 2), (2, 3)]
    """
    size = max(MAX_PIECE // max(columns, 1), 1)
    return (slice(begin, min(begin + size, rows)) for begin in range(0, rows, size))


def pack(values: Floats) -> str:
    """Return an array as text, exactly and much faster than number by number; `unpack` reads it.

    Whole numbers from 0 to 255, such as shares and codes of categories, take a byte each; other arrays eight.
    """
    small = as_bytes(values)
    if small is not None:
        return _BYTES + b64encode(small).decode()
    return b64encode(values.astype(_STORED, copy=False).tobytes()).decode()


def unpack(text: str) -> Floats:
    """Return the array that `pack` has written, shape (n,).

    >>> unpack(pack(np.array([0.1, float("inf")])))
    array([0.1, inf])
    """
    if text.startswith(_BYTES):
        return np.frombuffer(b64decode(text[1:]), dtype=np.uint8).astype(np.float64)
    return np.frombuffer(b64decode(text), dtype="<f8").astype(np.float64)


def as_bytes(values: Floats) -> bytes | None:
    """Return values a byte each if all are whole numbers from 0 to 255, but not -0.0, whose sign would be lost.

    >>> as_bytes(np.array([0.0, 2.0])), as_bytes(np.array([0.5]))
    (b'\\x00\\x02', None)
    """
    if not values.size or values.item(0) not in _BYTE_VALUES or values.item(-1) not in _BYTE_VALUES:
        return None
    with np.errstate(invalid="ignore"):
        small = values.astype(np.uint8)
    return small.tobytes() if small.astype(np.float64).tobytes() == values.tobytes() else None


def optional_floats(values: Sequence[float | None]) -> Floats:
    """Return numbers as an array, NaN for None, shape (n,)."""
    return np.array(values, dtype=np.float64)


def optional(value: float) -> float | None:
    """Return a number of an array as Python's, None for NaN."""
    return None if value != value else float(value)


#: Kind of a column: ``number``, a measured value; ``share``, 0 or 1 (or means of them), whose mean is a share;
#: ``category``, the code of a class, 0 to ``DetectorContext.categories`` - 1.
ColumnKind = Literal["number", "share", "category"]
