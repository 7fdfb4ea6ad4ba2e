"""A log of changes in a key-value store, which is begun anew before it is much longer than what it describes."""

from __future__ import annotations

from collections.abc import Callable

from stream_monitor.state.key_value_store import KeyValueStore


class RecordLog:
    """Records: the first has everything, each later one a change.

    Once the later ones would be longer than everything, all are replaced by a new first one.
    """

    def __init__(self, store: KeyValueStore, prefix: bytes) -> None:
        self._store, self._prefix = store, prefix
        self._records = self._logged = 0

    def save(self, change: bytes, everything: Callable[[], bytes]) -> None:
        """Write a change, or everything."""
        self._logged += len(change)
        if self._records and self._logged <= len(everything()):
            self._put(change)
        else:
            self.delete()
            self._put(everything())

    def load(self) -> list[bytes]:
        """Return the records, after a restart."""
        records: list[bytes] = []
        while (record := self._store.get(self._key(len(records)))) is not None:
            records.append(record)
        self._records, self._logged = len(records), sum(map(len, records[1:]))
        return records

    def delete(self) -> None:
        """Delete all records."""
        for number in range(self._records):
            self._store.delete(self._key(number))
        self._records = self._logged = 0

    def _put(self, record: bytes) -> None:
        self._store.put(self._key(self._records), record)
        self._records += 1

    def _key(self, number: int) -> bytes:
        return self._prefix + number.to_bytes(4, "big")
