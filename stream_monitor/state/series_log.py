"""The newest values of many series in a key-value store, of which only new ones are written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats, as_bytes
from stream_monitor.core.newest import Newest
from stream_monitor.state.key_value_store import KeyValueStore

#: The head of a record: of each series, the count of its values so far, the number in the record, and True where a
#: byte holds each of these.
_HEAD = np.dtype([("count", "<i8"), ("size", "<u4"), ("is_bytes", "?")])
_FLOAT = np.dtype("<f8")


class SeriesLog:
    """Records of the newest values of some series: the first has all, each later one those that are new.

    Once the later records hold as many values as the first one, all are replaced by a new first one.

    Args:
        store: Holds the records.
        prefix: The beginning of their keys.
    """

    def __init__(self, store: KeyValueStore, prefix: bytes) -> None:
        self._store, self._prefix = store, prefix
        self._records = self._logged = 0
        self._saved: list[tuple[object, int]] = []

    def save(self, series: Sequence[Newest]) -> None:
        """Write the new values of these series, in the same order each time."""
        new = self._new(series)
        size = sum(map(len, new)) if new is not None else 0
        if new is None or self._logged + size > sum(len(each.values) for each in series):
            self.delete()
            new, self._logged = [each.values for each in series], 0
        else:
            self._logged += size
        if size or (not self._records and series):
            counts = [each.count for each in series]
            self._store.put(self._key(self._records), _packed(counts, new))
            self._records += 1
        self._saved = [(each.series, each.count) for each in series]

    def load(self) -> list[Newest]:
        """Return all values of each series that were saved, and their count; `Newest.values` may begin too early."""
        records: list[list[Newest]] = []
        while (raw := self._store.get(self._key(len(records)))) is not None:
            records.append(_unpacked(raw))
        self._records, self._saved = len(records), []
        return [
            Newest(None, parts[-1].count, np.concatenate([part.values for part in parts]))
            for parts in zip(*records, strict=True)
        ]

    def delete(self) -> None:
        """Delete all records."""
        for number in range(self._records):
            self._store.delete(self._key(number))
        self._records = 0

    def _new(self, series: Sequence[Newest]) -> list[Floats] | None:
        """Return the new values of each series, None if they are not among the newest, or not all series grew."""
        if not self._records or len(series) != len(self._saved):
            return None
        new = []
        for each, (same, count) in zip(series, self._saved, strict=True):
            grown = each.count - count
            if each.series is not same or grown > len(each.values):
                return None
            new.append(each.values[len(each.values) - grown :])
        return new

    def _key(self, number: int) -> bytes:
        return self._prefix + number.to_bytes(4, "big")


def _packed(counts: Sequence[int], values: Sequence[Floats]) -> bytes:
    head = np.zeros(len(values), _HEAD)
    head["count"], head["size"] = counts, [len(each) for each in values]
    in_bytes: list[bytes] = []
    in_floats: list[memoryview] = []
    for number, each in enumerate(values):
        small = as_bytes(each)
        head["is_bytes"][number] = small is not None
        if small is not None:
            in_bytes.append(small)
        else:
            in_floats.append(np.ascontiguousarray(each, _FLOAT).data)
    return b"".join((len(head).to_bytes(4, "big"), head.tobytes(), *in_bytes, *in_floats))


def _unpacked(raw: bytes) -> list[Newest]:
    length = int.from_bytes(raw[:4], "big")
    head = np.frombuffer(raw, _HEAD, length, 4)
    after = 4 + head.nbytes
    in_bytes = int(head["size"][head["is_bytes"]].sum())
    of_bytes = np.frombuffer(raw, np.uint8, in_bytes, after).astype(np.float64)
    of_floats = np.frombuffer(raw, "<f8", -1, after + in_bytes).astype(np.float64)
    found, at = [], [0, 0]
    for count, size, is_bytes in head.tolist():
        values, begin = (of_bytes if is_bytes else of_floats), at[is_bytes]
        at[is_bytes] = begin + size
        found.append(Newest(None, count, values[begin : begin + size]))
    return found
