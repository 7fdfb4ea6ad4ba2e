"""Ids of which no more is known than a single prediction, waiting or labelled, as rows of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Ints

#: States of a row.
FREE, WAITING, LABELLED = 0, 1, 2
#: Stand for the row of an id that has none: nothing is known of it, or it has an entry in the store.
NOTHING, ENTRY = -1, -2
#: The columns and their types. Those of a waiting prediction are the fields of `Waiting`. A labelled one keeps its
#: ``order``, ``ts``, ``key`` and ``epoch``; ``target`` is the label then, ``label_ts`` and ``scope`` are its time and
#: the model and version that it names, with None as ``scope`` for a label that came inside the prediction.
_TYPES: dict[str, Any] = {
    "state": np.uint8,
    "is_changed": np.bool_,
    "is_stored": np.bool_,
    "number": np.int64,
    "order": np.int64,
    "index": np.int64,
    "ts": np.float64,
    "epoch": np.int32,
    "label_ts": np.float64,
    "identity": object,
    "key": object,
    "target": object,
    "scope": object,
}
#: The columns that a row is cleared of when it is removed: its state, and what would keep objects in memory.
_CLEARED = ("state", "is_changed", "identity", "key", "target", "scope")


class Rows:
    """Rows that are found by id; one that is freed is used again.

    Attributes:
        by_id: The row of each id, or `ENTRY` for an id that has an entry in the store.
        changed: Number of changes since `take_changed`, at least as many as rows are changed.
    """

    MIN_ROWS = 1024

    def __init__(self) -> None:
        self.by_id: dict[str, int] = {}
        self.changed = 0
        self._columns: dict[str, NDArray[Any]] = {name: np.zeros(0, kind) for name, kind in _TYPES.items()}
        self._free = np.empty(0, np.int64)
        self._free_count = 0
        self._grow()  # There is always a last row, so that columns can be read at `NOTHING` and `ENTRY`, too.

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column; it is valid until the next row is added."""
        return self._columns[name]

    def find(self, ids: Sequence[str]) -> Ints:
        """Return the row of each id, `NOTHING` or `ENTRY` where there is none, shape (len(ids),)."""
        return np.fromiter(map(self.by_id.get, ids, repeat(NOTHING)), np.int64, len(ids))

    def add(self, ids: Sequence[str], **columns: Any) -> Ints:
        """Add rows for ids that have none; return them. The values of each column are an array or one for all."""
        rows = self._take_free(len(ids))
        self.by_id.update(zip(ids, rows.tolist(), strict=True))
        self.set(rows, identity=as_objects(ids), is_stored=False, **columns)
        return rows

    def set(self, rows: Ints, **columns: Any) -> None:
        """Set columns of rows."""
        for name, values in columns.items():
            self._columns[name][rows] = values
        self._columns["is_changed"][rows] = True
        self.changed += len(rows)

    def remove(self, ids: Sequence[str], rows: Ints) -> None:
        """Remove rows; their ids are unknown then."""
        for identity in ids:
            del self.by_id[identity]
        for name in _CLEARED:
            self._columns[name][rows] = 0
        self._free[self._free_count : self._free_count + len(rows)] = rows
        self._free_count += len(rows)

    def add_one(self, identity: str, *, is_stored: bool) -> int:
        """Add a row for an id; return it. `put` sets its columns."""
        if not self._free_count:
            self._grow()
        self._free_count -= 1
        row = self._free.item(self._free_count)
        self.by_id[identity] = row
        self._columns["identity"][row] = identity
        self._columns["is_stored"][row] = is_stored
        return row

    def put(self, row: int, columns: Mapping[str, Any], *, is_changed: bool = True) -> None:
        """Set columns of one row."""
        for name, value in columns.items():
            self._columns[name][row] = value
        self._columns["is_changed"][row] = is_changed
        self.changed += is_changed

    def get(self, row: int, names: Sequence[str]) -> list[Any]:
        """Return columns of one row as plain values."""
        columns = self._columns
        return [columns[name].item(row) for name in names]

    def lists(self, names: Sequence[str], rows: Ints) -> list[list[Any]]:
        """Return columns of some rows as plain values."""
        return [self._columns[name][rows].tolist() for name in names]

    def remove_one(self, identity: str) -> None:
        """Remove the row of an id, which is unknown then."""
        row = self.by_id.pop(identity)
        for name in _CLEARED:
            self._columns[name][row] = 0
        self._free[self._free_count] = row
        self._free_count += 1

    def take_changed(self) -> Ints:
        """Return the rows that are changed, which count as saved from then on."""
        rows = np.flatnonzero(self._columns["is_changed"])
        self._columns["is_changed"][rows] = False
        self._columns["is_stored"][rows] = True
        self.changed = 0
        return rows

    def drop_oldest(self, count: int) -> None:
        """Remove so many ids, those first that were added first."""
        oldest = list(islice(self.by_id.items(), count))
        for identity, _ in (each for each in oldest if each[1] == ENTRY):
            del self.by_id[identity]
        rows = [each for each in oldest if each[1] >= 0]
        self.remove([identity for identity, _ in rows], np.array([row for _, row in rows], np.int64))

    def _take_free(self, count: int) -> Ints:
        while self._free_count < count:
            self._grow()
        self._free_count -= count
        return self._free[self._free_count : self._free_count + count].copy()

    def _grow(self) -> None:
        size = len(self._free)
        added = max(size // 2, self.MIN_ROWS)
        for name, column in self._columns.items():
            self._columns[name] = np.concatenate((column, np.zeros(added, column.dtype)))
        free = np.empty(size + added, np.int64)
        free[:added] = np.arange(size + added - 1, size - 1, -1)
        free[added : added + self._free_count] = self._free[: self._free_count]
        self._free, self._free_count = free, added + self._free_count


def as_objects(values: Sequence[Any]) -> NDArray[np.object_]:
    """Return values as an array of objects, shape (len(values),); a tuple, too, is one object."""
    return np.fromiter(values, object, len(values))
