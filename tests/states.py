"""States as JSON, with their parts inside."""

from __future__ import annotations

from typing import Any

import orjson

from stream_monitor.core.newest import Newest
from stream_monitor.core.part import Part
from stream_monitor.join.entry_store import EntryStore
from stream_monitor.state.key_value_store import KeyValueStore


def plain(value: Any) -> Any:
    """Return the JSON value of a part, of newest values, and of any other sequence."""
    if isinstance(value, Part):
        return dict(value)
    return [value.count, *value] if isinstance(value, Newest) else list(value)


def state_json(state: Any) -> bytes:
    """Return a whole state as JSON with sorted keys; two are equal if and only if their states are."""
    return orjson.dumps(state, default=plain, option=orjson.OPT_SORT_KEYS)


def content(store: KeyValueStore) -> dict[bytes, bytes]:
    """Return everything in a checkpoint's store but the state; of each row the entry, not where it is.

    Records of series, and blocks of rows, depend on the moments of the saves; hashes on a key drawn at random.
    """
    saved = store.scan(b"", b"\xff" * 8, 1 << 40)
    others = {
        key: value for key, value in saved if key != b"state" and key[:1] not in (b"p", b"v", b"b", b"k", b"m", b"x")
    }
    entries = EntryStore(store, range(1 << 30), 1 << 40)
    entries.resume()
    found = {identity: entries.read(identity) for identity in sorted(entries.rows.by_id)}
    rows = {identity: repr((entry.waiting, entry.early, entry.done)) for identity, entry in found.items()}
    return others | {b"b" + identity.encode(): entry.encode() for identity, entry in rows.items()}
