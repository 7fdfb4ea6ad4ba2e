"""Entries by id: as rows where they are plain, else in a key-value store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.join import entry_codec
from stream_monitor.join.entry import Entry
from stream_monitor.join.entry_codec import LabelledHeader
from stream_monitor.join.row_codec import entry_of, row_of
from stream_monitor.join.row_table import RowTable
from stream_monitor.join.rows import ENTRY, LABELLED, NOTHING, Rows
from stream_monitor.state.key_value_store import KeyValueStore

_ID = b"i"
#: The columns of a row whose id has an entry: what would keep objects in memory is cleared.
_OF_ENTRY = {"state": ENTRY, "key": None, "target": None, "scope": None, "probabilities": None, "subgroup": None}


class EntryStore:
    """Reads and writes entries; what came in a revoked epoch is dropped as an entry is read.

    Every id that is known has a row. It is all that is known of the id when that is a single waiting prediction, or a
    single labelled one and at most one label. All other ids have an entry in the store.

    Args:
        store: The store.
        epochs: The epochs that are not revoked.
        max_memory: Bytes that rows may take in memory, about, if the store holds more than fits in memory.

    Attributes:
        rows: The rows that are in memory.
    """

    def __init__(self, store: KeyValueStore, epochs: Collection[int], max_memory: int) -> None:
        self._store, self._epochs = store, epochs
        self._table = RowTable(store, max_memory)
        self.rows: Rows = self._table.rows

    def find(self, ids: Sequence[str]) -> Ints:
        """Return the row of each id, `NOTHING` where there is none, shape (len(ids),)."""
        rows = self._table.find(ids)
        if self._store.spills:
            states = self.rows["state"][rows]
            with_entry = np.flatnonzero((rows != NOTHING) & (states == ENTRY)).tolist()
            self._store.prefetch([_key(ids[at]) for at in with_entry])
        return rows

    def prefetch(self, identities: Iterable[str]) -> None:
        """Read the entries of these ids ahead."""
        self.find(list(identities))

    def read(self, identity: str) -> Entry:
        """Return the entry of an id, an empty one when nothing is known of it."""
        row = self._table.find_one(identity)
        if row == NOTHING:
            return Entry([], [], None)
        state, epoch = self.rows.get(row, ("state", "epoch"))
        if state == ENTRY:
            return entry_codec.decode(self._store.get(_key(identity)), self._epochs)
        return entry_of(self.rows, row) if epoch in self._epochs else Entry([], [], None)

    def labelled_header(self, identity: str) -> LabelledHeader | None:
        """Return the header of an id's labelled versions, those of revoked epochs included; None without any."""
        row = self._table.find_one(identity)
        if row == NOTHING:
            return None
        state, number, epoch = self.rows.get(row, ("state", "number", "epoch"))
        if state == ENTRY:
            raw = self._store.get(_key(identity))
            return entry_codec.decode_labelled_header(raw) if raw else None
        return LabelledHeader(number, epoch, True) if state == LABELLED else None

    def write(self, identity: str, entry: Entry) -> None:
        """Write an entry; an empty one is deleted."""
        if entry.is_empty:
            self.delete(identity)
            return
        row, fields = self._table.find_one(identity), row_of(entry)
        if row == NOTHING:
            row = self.rows.add_one(identity)
        had_entry = self.rows["state"][row] == ENTRY
        if fields is None:
            self._store.put(_key(identity), entry_codec.encode(entry))
        elif had_entry:
            self._store.delete(_key(identity))
        if fields or not had_entry:
            self.rows.put(row, fields or _OF_ENTRY)

    def delete(self, identity: str) -> None:
        """Delete the entry of an id, if it is there."""
        row = self._table.find_one(identity)
        if row == NOTHING:
            return
        if self.rows["state"][row] == ENTRY:
            self._store.delete(_key(identity))
        self.rows.remove_one(identity)

    def delete_rows(self, rows: Ints) -> None:
        """Delete ids of which the row is all that is known."""
        self.rows.remove(rows)

    def save(self) -> None:
        """Write what has changed to the store, and keep no more in memory than fits."""
        self._table.save()

    def resume(self) -> None:
        """Take up what is in the store, after a restart."""
        self._table.resume()


def _key(identity: str) -> bytes:
    return _ID + identity.encode()
