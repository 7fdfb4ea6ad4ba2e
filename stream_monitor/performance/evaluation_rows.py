"""Rows of evaluation sets in a store, until their sets are written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import orjson

from stream_monitor.core.events import Features
from stream_monitor.core.feature_values import as_float
from stream_monitor.performance.evaluation_window import Candidate, WindowKey
from stream_monitor.stats.reference import category_name

_PREFIX, _END = b"e", b"f"
#: Fields of a row that waits for its label, which comes behind them.
_FIELDS = 8
#: Rows that are read at once.
_PAGE = 1_000


class RowStore(Protocol):
    """Bytes by key, which are saved with the state."""

    def get_all(self, keys: Sequence[bytes]) -> list[bytes]: ...
    def put(self, key: bytes, value: bytes) -> None: ...
    def delete(self, key: bytes) -> None: ...
    def scan(self, start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]: ...


class EvaluationRows:
    """Rows by the position of their prediction in the stream.

    A row is a list: hash, time, id, model, version, prediction, score, features, and its label once that is known.

    Args:
        store: Keeps the rows.
    """

    def __init__(self, store: RowStore) -> None:
        self._store = store

    def put(self, index: int, row: Sequence[Any]) -> int:
        """Set a row; return its size in bytes."""
        saved = _dumped(row)
        self._store.put(_key(index), saved)
        return len(saved)

    def get(self, index: int) -> list[Any]:
        """Return a row, which must be there."""
        (saved,) = self._store.get_all([_key(index)])
        row: list[Any] = orjson.loads(saved)
        return row

    def get_all(self, indices: Sequence[int]) -> Iterator[list[Any]]:
        """Return rows, all of which are there."""
        return map(orjson.loads, self._store.get_all(list(map(_key, indices))))

    def delete(self, index: int) -> None:
        """Delete a row, if it is there."""
        self._store.delete(_key(index))

    def saved(self, window: float) -> Iterator[tuple[int, WindowKey, Candidate]]:
        """Yield all rows, each with its position and its window of so many seconds."""
        start = _PREFIX
        while page := self._store.scan(start, _END, _PAGE):
            for name, raw in page:
                row = orjson.loads(raw)
                label = category_name(row[_FIELDS]) if len(row) > _FIELDS else None
                key = WindowKey(row[3], math.floor(row[1] / window))
                yield int.from_bytes(name[1:]), key, Candidate(row[0], len(_dumped(row[:_FIELDS])), label)
            start = page[-1][0] + b"\0"


def _dumped(row: Sequence[Any]) -> bytes:
    """Return a row as JSON; of features that JSON can't have, numbers become floats, and others are missing."""
    try:
        return orjson.dumps(row)
    except TypeError:
        return orjson.dumps([_plain(each) if isinstance(each, dict) else each for each in row])


def _plain(features: Features) -> Features:
    return {name: value if isinstance(value, str) else as_float(value) for name, value in features.items()}


def _key(index: int) -> bytes:
    return _PREFIX + index.to_bytes(8)
