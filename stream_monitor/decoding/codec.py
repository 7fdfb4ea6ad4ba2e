"""Bytes to events: JSON, the mapping of foreign schemas, and every check of a single record."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.events import Features, Label, ModelVersion, Prediction, Rejection, Target, Task
from stream_monitor.core.records import Record, TextRow, Unreadable
from stream_monitor.core.timestamps import parse_timestamp
from stream_monitor.decoding.fields import REST, FieldMap
from stream_monitor.decoding.json import parse_leniently
from stream_monitor.decoding.values import bounded, read_cell, read_score, spelled

_DAY = 86_400.0
#: A clock that was never set says 1970; nothing that Kafka carries is as old as this.
_EARLIEST = 365 * _DAY
_CLASSES = 1000
_MAX_NAME_LENGTH = 200
_MAX_ID_LENGTH = 1000
_SCALAR_TYPES = frozenset((str, int, float, bool))
_CACHED_TYPES = frozenset((str, type(None)))


class Codec:
    """Turns a record into a `Prediction` or a `Label`, or says why it can't.

    ``fields`` and ``label_fields`` map native names to where a foreign schema has them; the latter holds on
    ``label_topics``, whose records are labels whatever else they carry. Of a row out of a table, the columns that
    are not mapped are features.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        model: str = "default",
        version: str = "default",
        task: Task = "classification",
        fields: Mapping[str, str] | None = None,
        label_fields: Mapping[str, str] | None = None,
        label_topics: Collection[str] = (),
        max_record_bytes: int = 1 << 20,
    ) -> None:
        self._clock = clock
        self._default_key = ModelVersion(model, version)
        self._keys: dict[tuple[Any, Any], ModelVersion] = {(None, None): self._default_key}
        self.task = task
        self._fields = FieldMap(fields or {})
        self._row_fields = FieldMap({"features": REST, **(fields or {})})
        self._label_fields = FieldMap({**(fields or {}), **(label_fields or {})})
        self._label_topics = frozenset(label_topics)
        self._max_record_bytes = max_record_bytes
        # What text targets mean, for the few classes that come again and again.
        self._classes: dict[str, Target] = {}
        self.timestamps_replaced = 0

    def decode(self, record: Record) -> Prediction | Label | Rejection:
        """Read one record; never raises for bad data."""
        try:
            body = self._parse(record.value)
            if record.topic in self._label_topics:
                return self._label(self._label_fields.apply(body, record) if self._label_fields else body, record)
            fields = self._fields if type(record.value) is bytes else self._row_fields
            body = fields.apply(body, record) if fields else body
            if body.get("prediction") is None and body.get("label") is not None:
                return self._label(body, record)
            return self._prediction(body, record)
        except RecordError as error:
            return Rejection(error.reason, error.detail)

    def _parse(self, value: bytes | Mapping[str, Any] | Unreadable | None) -> Mapping[str, Any]:
        if type(value) is not bytes:
            if value is None:
                raise RecordError(Reason.TOMBSTONE, "the value is null")
            if type(value) is Unreadable:
                raise RecordError(Reason.UNREADABLE, value)
            return value  # type: ignore[return-value]
        if len(value) > self._max_record_bytes:
            raise RecordError(Reason.TOO_LARGE, f"{len(value)} bytes; allowed: {self._max_record_bytes}")
        try:
            body = orjson.loads(value)
        except orjson.JSONDecodeError:
            body = parse_leniently(value)
        if type(body) is not dict:
            raise RecordError(Reason.NOT_OBJECT, f"a JSON {type(body).__name__}; allowed: an object")
        return body

    def _prediction(self, body: Mapping[str, Any], record: Record) -> Prediction:
        get = body.get
        y_pred = get("prediction")
        if y_pred is None:
            raise RecordError(Reason.MISSING_PREDICTION, "neither a prediction nor a label")
        text = type(record.value) is TextRow
        y_pred = self._target(y_pred, "prediction", text)
        score, y_true, groups = get("score"), get("label"), get("groups")
        y_true = None if _is_nan(y_true) else y_true
        identity, features = get("id"), get("features")
        return Prediction(
            _identity(identity),
            self._timestamp(get("ts"), record),
            self._key(get("model"), get("version")),
            y_pred,
            features if type(features) is dict and not text else _features(features, text),
            score
            if score is None or type(score) is float
            else read_score(read_cell(score) if text else score, y_pred),
            None if groups is None or (type(groups) is str and type(record.value) is not bytes) else _groups(groups),
            None if y_true is None else self._target(y_true, "label", text),
        )

    def _label(self, body: Mapping[str, Any], record: Record) -> Label:
        y_true = body.get("label")
        if y_true is None or _is_nan(y_true):
            raise RecordError(Reason.MISSING_LABEL, "no label")
        model, version = body.get("model"), body.get("version")
        return Label(
            _identity(body.get("id")),
            self._timestamp(body.get("ts"), record),
            self._target(y_true, "label", type(record.value) is TextRow),
            None if model is None else _name(model, "model"),
            None if version is None else _name(version, "version"),
        )

    def _key(self, model: Any, version: Any) -> ModelVersion:
        """The model and version, one object for each pair: they come with every record."""
        try:
            return self._keys[model, version]
        except KeyError:
            pass
        except TypeError:
            raise RecordError(Reason.WRONG_TYPE, "model and version; allowed: text or a number") from None
        key = ModelVersion(
            self._default_key.model if model is None else _name(model, "model"),
            self._default_key.version if version is None else _name(version, "version"),
        )
        # Of numbers, 1, 1.0 and True would be one entry.
        if len(self._keys) < 10_000 and {type(model), type(version)} <= _CACHED_TYPES:
            self._keys[model, version] = key
        return key

    def _timestamp(self, value: Any, record: Record) -> float | None:
        """The event's own time; the record's, where that is absent or can't be right."""
        stamp = record.timestamp
        own = stamp / 1000.0 if stamp is not None and stamp >= 0 else None
        if value is None:
            return own
        try:
            ts = parse_timestamp(value)
        except (ValueError, OverflowError):
            raise RecordError(Reason.BAD_TIMESTAMP, "allowed: ISO 8601 or epoch s, ms, us, ns") from None
        earliest, latest = (-math.inf, self._clock.now() + 365 * _DAY) if own is None else (_EARLIEST, own + _DAY)
        if earliest <= ts <= latest:
            return ts
        self.timestamps_replaced += 1
        return own

    def _target(self, value: Any, name: str, text: bool) -> Target:
        """A class or a number. ``1``, ``1.0`` and ``"1"`` are one class, whatever the two writers used."""
        kind = type(value)
        if kind is str:
            known = self._classes.get(value)
            if known is not None:
                return known
            number = spelled(value)
            if self.task == "regression" and (number is None or not text):
                raise RecordError(Reason.WRONG_TYPE, f"{name} is text; allowed: a number")
            target: Target = value if number is None else number
            if self.task == "classification" and len(self._classes) < _CLASSES:
                self._classes[value] = target
            return target if type(target) is str else bounded(target, name)
        if kind not in _SCALAR_TYPES:
            raise RecordError(Reason.WRONG_TYPE, f"{name} is a {kind.__name__}; allowed: text, number, true, false")
        return bounded(value, name)


def _is_nan(value: Any) -> bool:
    """A label that is not known yet, as pandas writes it."""
    return bool(value != value) or (type(value) is str and value.lower() == "nan")


def _identity(value: Any) -> str:
    if type(value) is str and 0 < len(value) <= _MAX_ID_LENGTH:
        return value
    if value is None or value == "":
        raise RecordError(Reason.MISSING_ID, "no id")
    if type(value) is float and value.is_integer():
        return str(int(value))
    if type(value) is not int:
        wrong = f"has {len(value)} characters" if type(value) is str else f"is a {type(value).__name__}"
        allowed = f"text of at most {_MAX_ID_LENGTH} characters, or an integer"
        raise RecordError(Reason.WRONG_TYPE, f"id {wrong}; allowed: {allowed}")
    return str(value)


def _name(value: Any, field: str) -> str:
    if type(value) not in (str, int, float):
        raise RecordError(Reason.WRONG_TYPE, f"{field} is a {type(value).__name__}; allowed: text or a number")
    name = str(value)
    if len(name) > _MAX_NAME_LENGTH:
        raise RecordError(Reason.WRONG_TYPE, f"{field} has {len(name)} characters; allowed: {_MAX_NAME_LENGTH}")
    return name


def _features(features: Any, text: bool) -> Features:
    if type(features) is dict:
        return {name: read_cell(value) for name, value in features.items()} if text else features
    if features is None:
        return {}
    raise RecordError(Reason.WRONG_TYPE, f"features is a {type(features).__name__}; allowed: an object")


def _groups(value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise RecordError(Reason.WRONG_TYPE, f"groups is a {type(value).__name__}; allowed: an object")
    return {name: str(group) for name, group in value.items() if type(group) in _SCALAR_TYPES}
