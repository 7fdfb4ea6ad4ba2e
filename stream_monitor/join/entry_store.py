"""Entries by id: in memory as rows where they are plain, else in a key-value store."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from itertools import compress

from stream_monitor.core.arrays import Ints
from stream_monitor.join import entry_codec
from stream_monitor.join.entry import Entry
from stream_monitor.join.entry_codec import LabelledHeader
from stream_monitor.join.row_codec import encoded, entry_of, row_of
from stream_monitor.join.rows import ENTRY, LABELLED, NOTHING, Rows
from stream_monitor.state.key_value_store import KeyValueStore

_ID = b"i"


class EntryStore:
    """Reads and writes entries; what came in a revoked epoch is dropped as an entry is read.

    Attributes:
        rows: The plain entries: an id with a single waiting prediction, or with a single labelled one and at most one
            label. All others are in the store.
    """

    #: Ids in memory, at most, when they are saved to a store that holds more than fits in memory.
    MAX_IDS = 200_000

    def __init__(self, store: KeyValueStore, epochs: Collection[int]) -> None:
        self._store = store
        self._epochs = epochs
        self.rows = Rows()

    def find(self, ids: Sequence[str]) -> Ints:
        """Return the row of each id, `NOTHING` or `ENTRY` where there is none, shape (len(ids),)."""
        self.prefetch(ids)
        return self.rows.find(ids)

    def prefetch(self, identities: Iterable[str]) -> None:
        """Read the entries of these ids ahead."""
        if self._store.spills:
            by_id = self.rows.by_id
            unknown = [identity for identity in identities if identity not in by_id]
            self._store.prefetch([_ID + identity.encode() for identity in unknown])
            for identity in unknown:
                self._load(identity)

    def read(self, identity: str) -> Entry:
        """Return the entry of an id, an empty one when nothing is known of it."""
        row = self._row(identity)
        if row >= 0:
            return entry_of(self.rows, row) if self.rows["epoch"][row] in self._epochs else Entry([], [], None)
        return entry_codec.decode(self._raw(identity) if row == ENTRY else None, self._epochs)

    def labelled_header(self, identity: str) -> LabelledHeader | None:
        """Return the header of an id's labelled versions, those of revoked epochs included; None without any."""
        row = self._row(identity)
        if row >= 0:
            state, number, epoch = self.rows.get(row, ("state", "number", "epoch"))
            return LabelledHeader(number, epoch, True) if state == LABELLED else None
        raw = self._raw(identity) if row == ENTRY else None
        return entry_codec.decode_labelled_header(raw) if raw else None

    def write(self, identity: str, entry: Entry) -> None:
        """Write an entry; an empty one is deleted."""
        row, fields = self._row(identity), row_of(entry)
        if entry.is_empty:
            self.delete(identity)
        elif fields is None:
            if row >= 0:
                self.rows.remove_one(identity)
            self.rows.by_id[identity] = ENTRY
            self._store.put(_ID + identity.encode(), entry_codec.encode(entry))
        elif row >= 0:
            self.rows.put(row, fields)
        else:
            self.rows.put(self.rows.add_one(identity, is_stored=row == ENTRY), fields)

    def delete(self, identity: str) -> None:
        """Delete the entry of an id."""
        row = self._row(identity)
        if row == ENTRY:
            del self.rows.by_id[identity]
        elif row >= 0:
            is_stored = self.rows["is_stored"][row]
            self.rows.remove_one(identity)
            if not is_stored:
                return
        self._store.delete(_ID + identity.encode())

    def delete_rows(self, rows: Ints) -> None:
        """Delete the entries of these rows."""
        ids, is_stored = self.rows.lists(("identity", "is_stored"), rows)
        self.rows.remove(ids, rows)
        for identity in compress(ids, is_stored):
            self._store.delete(_ID + identity.encode())

    def save(self) -> None:
        """Write the rows that are changed to the store, and keep no more ids in memory than fit."""
        for identity, raw in encoded(self.rows, self.rows.take_changed()):
            self._store.put(_ID + identity.encode(), raw)
        if self._store.spills and len(self.rows.by_id) > self.MAX_IDS:
            self.rows.drop_oldest(len(self.rows.by_id) - self.MAX_IDS * 3 // 4)

    def resume(self) -> None:
        """Take up what is in the store, after a restart."""
        if not self._store.spills:
            for key, _ in self._store.scan(_ID, _ID + b"\xff", sys.maxsize):
                self._load(key[len(_ID) :].decode())

    def _row(self, identity: str) -> int:
        row = self.rows.by_id.get(identity, NOTHING)
        return self._load(identity) if row == NOTHING and self._store.spills else row

    def _load(self, identity: str) -> int:
        """Read what the store has of an id that is not in memory; return its row."""
        raw = self._raw(identity)
        if raw is None:
            return NOTHING
        fields = row_of(entry_codec.decode(raw, None))
        if fields is None:
            self.rows.by_id[identity] = ENTRY
            return ENTRY
        row = self.rows.add_one(identity, is_stored=True)
        self.rows.put(row, fields, is_changed=False)
        return row

    def _raw(self, identity: str) -> bytes | None:
        return self._store.get(_ID + identity.encode())
