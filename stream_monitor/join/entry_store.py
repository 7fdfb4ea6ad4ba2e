"""Entries by id, in a key-value store."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from stream_monitor.join import entry_codec
from stream_monitor.join.entry import Entry
from stream_monitor.state.key_value_store import KeyValueStore

_ID = b"i"


class EntryStore:
    """Reads and writes entries; what came in a revoked epoch is dropped as an entry is decoded."""

    def __init__(self, store: KeyValueStore, epochs: Collection[int]) -> None:
        self._store = store
        self._epochs = epochs

    def prefetch(self, identities: Iterable[str]) -> None:
        """Read the entries of these ids ahead."""
        self._store.prefetch([_ID + identity.encode() for identity in identities])

    def get(self, identity: str) -> bytes | None:
        """Return the stored form of an entry, None when nothing is known of the id."""
        return self._store.get(_ID + identity.encode())

    def decode(self, raw: bytes | None) -> Entry:
        """Return the entry of a stored form, an empty one for None."""
        return entry_codec.decode(raw, self._epochs)

    def read(self, identity: str) -> Entry:
        """Return the entry of an id, an empty one when nothing is known of it."""
        return self.decode(self.get(identity))

    def put(self, identity: str, raw: bytes) -> None:
        """Write the stored form of an entry."""
        self._store.put(_ID + identity.encode(), raw)

    def write(self, identity: str, entry: Entry) -> None:
        """Write an entry; an empty one is deleted."""
        if entry.is_empty:
            self.delete(identity)
        else:
            self.put(identity, entry_codec.encode(entry))

    def delete(self, identity: str) -> None:
        """Delete the entry of an id."""
        self._store.delete(_ID + identity.encode())
