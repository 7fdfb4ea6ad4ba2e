"""Ids as rows of columns: everything that is known of an id with a single prediction, waiting or labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Ints

#: States of a row. Of an id with an entry, the row holds no more than that there is one.
FREE, WAITING, LABELLED, ENTRY = 0, 1, 2, 3
#: Stands for the row of an id that has none, and for the position of a row that is not in the store.
NOTHING = -1
#: The columns and their types. Those of a waiting prediction are the fields of `Waiting`. A labelled one keeps its
#: ``order``, ``ts``, ``key`` and ``epoch``; ``target`` is the label then, ``label_ts`` and ``scope`` are its time and
#: the model and version that it names, with None as ``scope`` for a label that came inside the prediction.
#: ``position`` is where the row is in the store, and ``hash`` is that of its id, if ids are hashed.
_TYPES: dict[str, Any] = {
    "state": np.uint8,
    "is_changed": np.bool_,
    "position": np.int32,
    "hash": np.uint32,
    "number": np.int64,
    "order": np.int64,
    "index": np.int64,
    "ts": np.float64,
    "epoch": np.int32,
    "label_ts": np.float64,
    "score": np.float64,
    "identity": object,
    "key": object,
    "target": object,
    "scope": object,
    "probabilities": object,
    "subgroup": object,
}
#: The columns that are cleared when a row is freed: what tells that it is in use, and what keeps objects in memory.
_CLEARED = {
    "state": FREE,
    "is_changed": False,
    "position": NOTHING,
    "score": np.nan,
    **dict.fromkeys(("identity", "key", "target", "scope", "probabilities", "subgroup")),
}


class Rows:
    """Rows that are found by id; one that is freed is used again.

    Attributes:
        by_id: The row of each id.
        changed: Number of changes since `take_changes`, at least as many as rows are changed.
        void: Positions in the store of rows that were removed since then.
    """

    MIN_ROWS = 1024

    def __init__(self) -> None:
        self.by_id: dict[str, int] = {}
        self.changed = 0
        self._columns: dict[str, NDArray[Any]] = {name: np.zeros(0, kind) for name, kind in _TYPES.items()}
        self._free = np.empty(0, np.int64)
        self._free_count = 0
        self.void: set[int] = set()
        self._grow()  # There is always a last row, so that columns can be read at `NOTHING`, too.

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column; it is valid until the next row is added."""
        return self._columns[name]

    def find(self, ids: Sequence[str]) -> Ints:
        """Return the row of each id, `NOTHING` where there is none, shape (len(ids),)."""
        return np.fromiter(map(self.by_id.get, ids, repeat(NOTHING)), np.int64, len(ids))

    def add(self, ids: Sequence[str], **columns: Any) -> Ints:
        """Add rows for ids that have none; return them. The values of each column are an array or one for all."""
        rows = self.load(ids, position=NOTHING, **columns)
        self.set(rows)
        return rows

    def load(self, ids: Sequence[str], **columns: Any) -> Ints:
        """Add rows that are in the store already; return them. The arguments are those of `add`."""
        while self._free_count < len(ids):
            self._grow()
        self._free_count -= len(ids)
        rows = self._free[self._free_count : self._free_count + len(ids)].copy()
        self.by_id.update(zip(ids, rows.tolist(), strict=True))
        for name, values in (("identity", as_objects(ids)), *columns.items()):
            self._columns[name][rows] = values
        return rows

    def set(self, rows: Ints, **columns: Any) -> None:
        """Set columns of rows."""
        for name, values in columns.items():
            self._columns[name][rows] = values
        self._columns["is_changed"][rows] = True
        self.changed += len(rows)

    def remove(self, rows: Ints) -> None:
        """Remove rows; their ids are unknown then."""
        positions = self._columns["position"][rows]
        stored = positions[positions != NOTHING].tolist()
        self.void.update(stored)
        self.changed += len(stored)
        self.drop(rows)

    def drop(self, rows: Ints) -> None:
        """Drop rows from memory; those in the store stay there."""
        for identity in self._columns["identity"][rows].tolist():
            del self.by_id[identity]
        for name, value in _CLEARED.items():
            self._columns[name][rows] = value
        self._free[self._free_count : self._free_count + len(rows)] = rows
        self._free_count += len(rows)

    def add_one(self, identity: str) -> int:
        """Add a row for an id; return it. `put` sets its columns."""
        if not self._free_count:
            self._grow()
        self._free_count -= 1
        row = self._free.item(self._free_count)
        self.by_id[identity] = row
        self._columns["identity"][row] = identity
        self._columns["position"][row] = NOTHING
        return row

    def put(self, row: int, columns: Mapping[str, Any]) -> None:
        """Set columns of one row."""
        for name, value in columns.items():
            self._columns[name][row] = value
        self._columns["is_changed"][row] = True
        self.changed += 1

    def get(self, row: int, names: Sequence[str]) -> list[Any]:
        """Return columns of one row as plain values."""
        columns = self._columns
        return [columns[name].item(row) for name in names]

    def remove_one(self, identity: str) -> None:
        """Remove the row of an id, which is unknown then."""
        row = self.by_id.pop(identity)
        position = self._columns["position"].item(row)
        if position != NOTHING:
            self.void.add(position)
            self.changed += 1
        for name, value in _CLEARED.items():
            self._columns[name][row] = value
        self._free[self._free_count] = row
        self._free_count += 1

    def take_changes(self) -> tuple[Ints, Ints]:
        """Return the rows that are changed, and the positions in the store that are void since the last call.

        The changed rows are to be written then, and get new positions.
        """
        rows = np.flatnonzero(self._columns["is_changed"])
        self._columns["is_changed"][rows] = False
        positions = self._columns["position"][rows].astype(np.int64)
        void = np.append(np.array([*self.void], np.int64), positions[positions != NOTHING])
        self.changed, self.void = 0, set()
        return rows, void

    def shrink(self) -> None:
        """Free the memory of rows that are not in use; the others get new numbers."""
        rows = np.fromiter(self.by_id.values(), np.int64, len(self.by_id))
        self.by_id = dict(zip(self.by_id, range(len(rows)), strict=True))
        self._columns = {name: column[rows] for name, column in self._columns.items()}
        self._free, self._free_count = np.empty(len(rows), np.int64), 0
        self._grow()

    def _grow(self) -> None:
        size = len(self._free)
        added = max(size // 2, self.MIN_ROWS)
        for name, column in self._columns.items():
            self._columns[name] = np.concatenate((column, np.full(added, _CLEARED.get(name, 0), column.dtype)))
        free = np.empty(size + added, np.int64)
        free[:added] = np.arange(size + added - 1, size - 1, -1)
        free[added : added + self._free_count] = self._free[: self._free_count]
        self._free, self._free_count = free, added + self._free_count


def as_objects(values: Sequence[Any]) -> NDArray[np.object_]:
    """Return values as an array of objects, shape (len(values),); a tuple, too, is one object."""
    return np.fromiter(values, object, len(values))
