"""Parts of a state that never change: written once, under a name made of what is in them."""

from __future__ import annotations

from typing import Any

import orjson

from stream_monitor.core.frozen import Frozen
from stream_monitor.state.key_value_store import KeyValueStore

_PREFIX = b"r"
#: The only key of what stands in a state for such a part; its value is the name.
_MARK = "$lasting"


class Parts:
    """The lasting parts of the newest state, each under a key of its own in the table of the rest."""

    def __init__(self, table: KeyValueStore) -> None:
        self._table = table
        self._kept: set[str] = set()

    def dumps(self, state: Any) -> bytes:
        """A state as JSON, with names for its lasting parts; of these the table is given the new ones alone."""
        used: set[str] = set()

        def stand_in(value: Any) -> Any:
            if not isinstance(value, Frozen):
                return _plain(value)
            if value.name not in self._kept and value.name not in used:
                self._table.put(_key(value.name), orjson.dumps(value))
            used.add(value.name)
            return {_MARK: value.name}

        body = orjson.dumps(state, default=stand_in, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
        for name in self._kept - used:
            self._table.delete(_key(name))
        self._kept = used
        return body

    def loads(self, body: bytes) -> Any:
        """What `dumps` was given; `LookupError` where a part is not in the table."""
        self._kept = set()
        parts: dict[str, Frozen] = {}

        def whole(value: Any) -> Any:
            if type(value) is list:
                return [whole(each) for each in value]
            if type(value) is not dict:
                return value
            name = value.get(_MARK)
            if len(value) != 1 or type(name) is not str:
                return {key: whole(each) for key, each in value.items()}
            if name not in parts:
                parts[name] = self._read(name)
            return parts[name]

        state = whole(orjson.loads(body))
        self._kept = set(parts)
        return state

    def _read(self, name: str) -> Frozen:
        stored = self._table.get(_key(name))
        if stored is None:
            raise LookupError(name)
        return Frozen(orjson.loads(stored))


def _plain(value: Any) -> Any:
    """What JSON has for one of the types made of its own."""
    kind = next((kind for kind in (dict, str, int, float) if isinstance(value, kind)), list)
    return kind(value)


def _key(name: str) -> bytes:
    return _PREFIX + bytes.fromhex(name)
