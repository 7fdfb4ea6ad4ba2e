"""States as JSON whose parts have keys of their own, so that only what has changed is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from stream_monitor.core.frozen import Frozen
from stream_monitor.core.newest import Newest
from stream_monitor.core.part import Part
from stream_monitor.state.key_value_store import KeyValueStore
from stream_monitor.state.series_log import SeriesLog

_FROZEN_PREFIX, _PART_PREFIX, _SERIES_PREFIX = b"r", b"p", b"v"
#: The only keys of the objects that stand for parts in encoded JSON: the values are the name of a frozen part, the
#: name of another part, and the number, size and count of a series.
_FROZEN, _PART, _SERIES = "$frozen", "$part", "$newest"


class _Stored(NamedTuple):
    """A part in the store: its mark, None after a restart; the names of the frozen parts in it; and its series."""

    mark: object
    frozen: frozenset[str]
    log: SeriesLog


class Parts:
    """Encodes and decodes states; keeps the parts of the newest state in the store.

    A `Frozen` part is stored once, under its content's name. A `Part` is stored anew when it has another mark. Of
    `Newest` values, those that are new are stored.
    """

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store
        self._frozen: set[str] = set()
        self._parts: dict[str, _Stored] = {}
        self._log = self._log_of("")

    def dumps(self, state: Any) -> bytes:
        """Return a state as JSON with references to its parts; write what is new, and delete what is not in use."""
        parts: dict[str, _Stored] = {}
        body, frozen = self._encoded(state, self._log, parts)
        for name in self._parts.keys() - parts.keys():
            self._store.delete(_part_key(name))
            self._parts[name].log.delete()
        used = set(frozen.union(*(each.frozen for each in parts.values())))
        for name in self._frozen - used:
            self._store.delete(_frozen_key(name))
        self._parts, self._frozen = parts, used
        return body

    def _encoded(self, state: Any, log: SeriesLog, parts: dict[str, _Stored] | None) -> tuple[bytes, frozenset[str]]:
        """Return a state as JSON, and the names of its frozen parts; write these, its series and its parts.

        Args:
            state: The state, or the content of a part.
            log: The log of its series.
            parts: The parts are added here; None where there can be none.
        """
        frozen: set[str] = set()
        series: list[Newest] = []

        def reference(value: Any) -> Any:
            if isinstance(value, Frozen):
                self._put_frozen(value)
                frozen.add(value.name)
                return {_FROZEN: value.name}
            if type(value) is Newest:
                series.append(value)
                return {_SERIES: [len(series) - 1, len(value.values), value.count]}
            if type(value) is Part:
                if parts is None:
                    raise TypeError(f"a part in a part: {value.name}; parts are allowed in the state itself only")
                parts[value.name] = self._put(value)
                return {_PART: value.name}
            return _plain(value)

        body = orjson.dumps(state, default=reference, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
        log.save(series)
        return body, frozenset(frozen)

    def _put_frozen(self, part: Frozen) -> None:
        if part.name not in self._frozen:
            self._store.put(_frozen_key(part.name), orjson.dumps(part))
            self._frozen.add(part.name)

    def _put(self, part: Part) -> _Stored:
        stored = self._parts.get(part.name)
        if stored and stored.mark is part.mark:
            return stored
        log = stored.log if stored else self._log_of(part.name)
        body, frozen = self._encoded(part.content, log, None)
        self._store.put(_part_key(part.name), body)
        return _Stored(part.mark, frozen, log)

    def loads(self, body: bytes) -> Any:
        """Return the state that `dumps` encoded.

        Raises:
            LookupError: A part is not in the store.
        """
        decoder = _Decoder(self._store)
        self._log = self._log_of("")
        state = decoder.decoded(body, self._log)
        self._frozen, self._parts = set(decoder.frozen), decoder.parts
        return state

    def _log_of(self, name: str) -> SeriesLog:
        return SeriesLog(self._store, _series_prefix(name))


class _Decoder:
    """Decodes one state, and notes its parts."""

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store
        self.frozen: dict[str, Frozen] = {}
        self.parts: dict[str, _Stored] = {}

    def decoded(self, body: bytes, log: SeriesLog) -> Any:
        return self._resolved(orjson.loads(body), log.load())

    def _resolved(self, value: Any, series: Sequence[Newest]) -> Any:
        if type(value) is list:
            return [self._resolved(each, series) for each in value]
        if type(value) is not dict:
            return value
        if len(value) == 1:
            [(key, reference)] = value.items()
            if key == _FROZEN and type(reference) is str:
                return self._read_frozen(reference)
            if key == _PART and type(reference) is str:
                return self._read_part(reference)
            if key == _SERIES and type(reference) is list:
                return _newest(series, *reference)
        return {key: self._resolved(each, series) for key, each in value.items()}

    def _read_frozen(self, name: str) -> Frozen:
        if name not in self.frozen:
            self.frozen[name] = Frozen(orjson.loads(self._read(_frozen_key(name))))
        return self.frozen[name]

    def _read_part(self, name: str) -> Any:
        log = SeriesLog(self._store, _series_prefix(name))
        self.parts[name] = _Stored(None, frozenset(), log)
        return self.decoded(self._read(_part_key(name)), log)

    def _read(self, key: bytes) -> bytes:
        raw = self._store.get(key)
        if raw is None:
            raise LookupError(key)
        return raw


def _newest(series: Sequence[Newest], number: int, size: int, count: int) -> Newest:
    if number >= len(series) or series[number].count != count or len(series[number].values) < size:
        raise LookupError(number)
    values = series[number].values
    return Newest(None, count, values[len(values) - size :].copy())


def _plain(value: Any) -> Any:
    """Return a value of a subclass as the type that JSON has for it."""
    kind = next((kind for kind in (dict, str, int, float) if isinstance(value, kind)), list)
    return kind(value)


def _frozen_key(name: str) -> bytes:
    return _FROZEN_PREFIX + bytes.fromhex(name)


def _part_key(name: str) -> bytes:
    return _PART_PREFIX + name.encode()


def _series_prefix(name: str) -> bytes:
    return _SERIES_PREFIX + name.encode() + b"\0"
