"""The stored form of a block of rows: columns of numbers as bytes, the other columns as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from stream_monitor.core.arrays import Ints, optional
from stream_monitor.core.events import ModelVersion
from stream_monitor.join.rows import Rows

_NUMBERS = np.dtype(
    [
        ("number", "<i8"),
        ("order", "<i8"),
        ("index", "<i8"),
        ("ts", "<f8"),
        ("label_ts", "<f8"),
        ("epoch", "<i4"),
        ("state", "u1"),
    ]
)
_OTHERS = ("identity", "target", "key", "scope", "probabilities", "score", "subgroup")


class Block(NamedTuple):
    """The columns of n rows.

    Attributes:
        numbers: A structured array with the columns that hold numbers, shape (n,).
        ids, targets, keys, scopes, probabilities, scores, subgroups: The other columns.
    """

    numbers: NDArray[np.void]
    ids: list[str]
    targets: list[Any]
    keys: list[ModelVersion]
    scopes: list[Any]
    probabilities: list[Any]
    scores: list[float | None]
    subgroups: list[str | None]

    def take(self, at: Ints) -> Block:
        """Return some of the rows."""
        some = at.tolist()
        return Block(self.numbers[at], *(list(map(column.__getitem__, some)) for column in self[1:]))


def encode(rows: Rows, at: Ints, size: int) -> Iterator[bytes]:
    """Yield the stored form of blocks of ``size`` of these rows, the last of which may have fewer."""
    numbers = np.empty(len(at), _NUMBERS)
    for name in _NUMBERS.names or ():
        numbers[name] = rows[name][at]
    ids, targets, keys, scopes, *given = (rows[name][at].tolist() for name in _OTHERS)
    for start in range(0, len(at), size):
        part = slice(start, start + size)
        others = (
            ids[part],
            targets[part],
            _once(keys[part]),
            _once(scopes[part]),
            *_given(given, part),
        )
        fixed = numbers[part].tobytes()
        yield b"%b%b%b" % (len(ids[part]).to_bytes(2, "big"), fixed, orjson.dumps(others, default=tuple))


def decode(values: Sequence[bytes]) -> tuple[Block, Ints]:
    """Return the rows of blocks in order, and the row at which each block begins, shape (len(values),)."""
    sizes = [int.from_bytes(value[:2], "big") for value in values]
    fixed = [value[2 : 2 + size * _NUMBERS.itemsize] for value, size in zip(values, sizes, strict=True)]
    block = Block(np.frombuffer(b"".join(fixed), _NUMBERS), [], [], [], [], [], [], [])
    versions: dict[tuple[str, str], ModelVersion] = {}
    for value, size in zip(values, sizes, strict=True):
        ids, targets, keys, scopes, *given = orjson.loads(value[2 + size * _NUMBERS.itemsize :])
        block.ids.extend(ids)
        block.targets.extend(targets)
        block.keys.extend(
            _each([versions.setdefault((*key,), ModelVersion(*key)) if key else key for key in keys], size)
        )
        block.scopes.extend(_each([tuple(scope) if scope else scope for scope in scopes], size))
        probabilities, scores, subgroups = given or ([None], [None], [None])
        block.probabilities.extend(_each(probabilities, size))
        block.scores.extend(_each(scores, size))
        block.subgroups.extend(_each(subgroups, size))
    return block, np.cumsum([0, *sizes])[:-1]


def _given(columns: list[list[Any]], part: slice) -> list[list[Any]]:
    """Return the probabilities, scores and subgroups of some rows, where there are any."""
    probabilities, scores, subgroups = (column[part] for column in columns)
    found = [probabilities, [optional(score) for score in scores], subgroups]
    if all(column.count(None) == len(column) for column in found):
        return []
    return [_once(column) for column in found]


def _once(values: list[Any]) -> list[Any]:
    """Return the values, a single one if all are equal."""
    return values[:1] if values.count(values[0]) == len(values) else values


def _each(values: list[Any], size: int) -> list[Any]:
    return values * size if len(values) == 1 else values
