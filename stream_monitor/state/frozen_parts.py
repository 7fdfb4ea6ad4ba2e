"""Frozen parts of a state: written once, under a key made of their content."""

from __future__ import annotations

from typing import Any

import orjson

from stream_monitor.core.frozen import Frozen
from stream_monitor.state.key_value_store import KeyValueStore

_PREFIX = b"r"
#: The only key of the object that stands for a frozen part in the encoded state; its value is the part's name.
_REFERENCE = "$frozen"


class FrozenParts:
    """Encodes and decodes states; each frozen part of the newest state has a key of its own in the store."""

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store
        self._stored: set[str] = set()

    def dumps(self, state: Any) -> bytes:
        """Return a state as JSON with references to its frozen parts; write the new ones, delete those not in use."""
        used: set[str] = set()

        def reference(value: Any) -> Any:
            if not isinstance(value, Frozen):
                return _plain(value)
            if value.name not in self._stored and value.name not in used:
                self._store.put(_key(value.name), orjson.dumps(value))
            used.add(value.name)
            return {_REFERENCE: value.name}

        body = orjson.dumps(state, default=reference, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
        for name in self._stored - used:
            self._store.delete(_key(name))
        self._stored = used
        return body

    def loads(self, body: bytes) -> Any:
        """Return the state that `dumps` encoded.

        Raises:
            LookupError: A frozen part is not in the store.
        """
        self._stored = set()
        parts: dict[str, Frozen] = {}

        def resolve(value: Any) -> Any:
            if type(value) is list:
                return [resolve(each) for each in value]
            if type(value) is not dict:
                return value
            name = value.get(_REFERENCE)
            if len(value) != 1 or type(name) is not str:
                return {key: resolve(each) for key, each in value.items()}
            if name not in parts:
                parts[name] = self._read(name)
            return parts[name]

        state = resolve(orjson.loads(body))
        self._stored = set(parts)
        return state

    def _read(self, name: str) -> Frozen:
        raw = self._store.get(_key(name))
        if raw is None:
            raise LookupError(name)
        return Frozen(orjson.loads(raw))


def _plain(value: Any) -> Any:
    """Return a value of a subclass as the type that JSON has for it."""
    kind = next((kind for kind in (dict, str, int, float) if isinstance(value, kind)), list)
    return kind(value)


def _key(name: str) -> bytes:
    return _PREFIX + bytes.fromhex(name)
