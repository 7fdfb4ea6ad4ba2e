"""The mapping of another schema to the native one: ``--field NAME=PATH``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import Record

#: Native fields but for features, in the order of those of `FieldColumns`.
FIELDS: Final = ("id", "ts", "model", "version", "prediction", "score", "groups", "label")
FEATURES, FEATURE, GROUP = "features", "feature:", "group:"
#: The native fields, and the prefixes that map a single feature or group.
NATIVE_FIELDS = (*FIELDS[:4], FEATURES, *FIELDS[4:])
FIELD_PREFIXES = {FEATURE: FEATURES, GROUP: "groups"}
#: All keys at the top of the record that no other mapping uses.
REST = "@rest"
_SOURCES = ("@key", "@timestamp", "@offset", "@header.NAME", REST)

_Getter = Callable[[Mapping[str, Any], Record], Any]


def check_field(name: str, path: str) -> None:
    """Raise `ValueError` for an unknown name or path, with those that are allowed."""
    if name not in NATIVE_FIELDS and not name.startswith(tuple(FIELD_PREFIXES)):
        allowed = ", ".join((*NATIVE_FIELDS, "feature:NAME", "group:NAME"))
        raise ValueError(f"unknown field {name!r}; allowed: {allowed}")
    known = path in ("@key", "@timestamp", "@offset", REST) or path.startswith("@header.")
    if not path or (path.startswith("@") and not known):
        raise ValueError(f"unknown source {path!r} for {name!r}; allowed: a path, {', '.join(_SOURCES)}")


class FieldMap:
    """Reads native fields out of records of another schema.

    A path is a key, or keys joined by dots. A field that is not found there is read by its native name.

    Attributes:
        paths: The paths by native field, but for `REST`.
        rest: The native fields that all other keys of a record are for.
        used: The keys that are not for those.

    >>> from stream_monitor.core.records import Record
    >>> record = Record("inference", 0, {"request": {"id": 7}, "prediction": "yes"})
    >>> FieldMap({"id": "request.id"}).apply(record.value, record)["id"]
    7
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.paths = {name: path for name, path in fields.items() if path != REST}
        self._getters = {name: _getter(path) for name, path in self.paths.items()}
        self.rest = [name for name, path in fields.items() if path == REST]
        self.used = {part for path in fields.values() for part in (path, path.split(".")[0])} | set(FIELDS)

    def read(self, name: str, body: Mapping[str, Any], record: Record) -> Any:
        """Return one native field of a record; None where it has none."""
        value = self._getters[name](body, record) if name in self._getters else None
        return body.get(name) if value is None else value

    def apply(self, body: Mapping[str, Any], record: Record) -> dict[str, Any]:
        """Return the body of a record with the mapped fields at their native names."""
        mapped = dict(body)
        for name in self.rest:
            if isinstance(body.get(name), dict):
                continue
            mapped[name] = {key: value for key, value in body.items() if key not in self.used}
        for name, getter in self._getters.items():
            value = getter(body, record)
            if value is None:
                continue
            for prefix, field in FIELD_PREFIXES.items():
                if name.startswith(prefix):
                    known = mapped.get(field)
                    if known is None or isinstance(known, dict):  # otherwise its type is rejected later
                        mapped[field] = {**(known or {}), name.removeprefix(prefix): value}
                    break
            else:
                mapped[name] = value
        return mapped


def _getter(path: str) -> _Getter:
    if path == "@key":
        return lambda _, record: _text(record.key)
    if path == "@timestamp":
        return lambda _, record: record.timestamp if (record.timestamp or -1) >= 0 else None
    if path == "@offset":
        return lambda _, record: record.offset
    if path.startswith("@header."):
        wanted = path.removeprefix("@header.")
        return lambda _, record: next((_text(value) for name, value in record.headers if name == wanted), None)
    return lambda body, _: dig(body, path)


def source_column(path: str, batch: RecordBatch) -> Sequence[Any]:
    """Return what each record of a batch has at a path that begins with ``@``, as the field map reads it."""
    if path == "@key":
        return [None] * len(batch) if batch.keys is None else list(map(_text, batch.keys))
    if path == "@timestamp":
        return [time if time > 0 else None for time in batch.times.tolist()]
    if path == "@offset":
        return list(map(int, batch.offsets))
    wanted = path.removeprefix("@header.")
    return [
        next((_text(value) for name, value in headers if name == wanted), None)
        for headers in batch.headers or [()] * len(batch)
    ]


def with_group(groups: Sequence[Any], name: str, values: Sequence[Any]) -> Sequence[Any]:
    """Return the groups of each record with one more, as the field map adds it: where they are an object, or none."""
    return [
        some if value is None or not (some is None or type(some) is dict) else {**(some or {}), name: value}
        for some, value in zip(groups, values, strict=True)
    ]


def dig(body: Any, path: str) -> Any:
    """Return the value at a path; a key that has the dots itself is preferred."""
    if not isinstance(body, Mapping):
        return None
    if path in body:
        return body[path]
    head, _, tail = path.partition(".")
    return dig(body[head], tail) if tail and head in body else None


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")
