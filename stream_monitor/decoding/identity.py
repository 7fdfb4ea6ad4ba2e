"""Ids of events, and the model and version that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.events import ModelVersion
from stream_monitor.core.sequences import encode
from stream_monitor.decoding.columns import read_column

MAX_ID_LENGTH = 1000
MAX_NAME_LENGTH = 200
#: Pairs of model and version that are kept for reuse.
_MAX_KNOWN = 10_000
_CACHED_TYPES = frozenset((str, type(None)))


class ModelVersions:
    """Reads models and versions, one object for each pair: they come with every record.

    Args:
        model: Model of events that name none.
        version: Version of events that name none.
    """

    def __init__(self, model: str, version: str) -> None:
        self._default = ModelVersion(model, version)
        self._known: dict[tuple[Any, Any], ModelVersion] = {(None, None): self._default}

    def read(self, model: Any, version: Any) -> ModelVersion:
        """Return the model and version; a `RecordError` where one is neither text nor a number."""
        try:
            return self._known[model, version]
        except KeyError:
            pass
        except TypeError:
            raise RecordError(Reason.WRONG_TYPE, "model and version; allowed: text or a number") from None
        key = ModelVersion(
            self._default.model if model is None else read_name(model, "model"),
            self._default.version if version is None else read_name(version, "version"),
        )
        # Of numbers, 1, 1.0 and True would be one entry.
        if len(self._known) < _MAX_KNOWN and {type(model), type(version)} <= _CACHED_TYPES:
            self._known[model, version] = key
        return key

    def read_column(
        self, models: Sequence[Any], versions: Sequence[Any], refused: set[int]
    ) -> tuple[Sequence[ModelVersion], Ints]:
        """Return model versions, and for each of n events the position of its own among them, shape (n,).

        ``refused`` takes the positions of what `read` refuses; they have the default.
        """
        if _is_uniform(models) and _is_uniform(versions):
            try:
                key = self.read(models[0], versions[0])
            except RecordError:
                refused.update(range(len(models)))
                key = self._default
            return (key,), np.zeros(len(models), np.int64)
        pairs = list(zip(models, versions, strict=True))
        keys = read_column(pairs, lambda pair: self.read(*pair), refused)
        return encode([key or self._default for key in keys])


def read_names(values: Sequence[Any], field: str, refused: set[int]) -> Sequence[str | None] | None:
    """Return a column of names as `read_name` reads them, None for None; None where there is none at all.

    ``refused`` takes the positions of what it refuses.
    """
    if values.count(None) == len(values):
        return None
    return read_column(values, lambda name: None if name is None else read_name(name, field), refused)


def _is_uniform(values: Sequence[Any]) -> bool:
    """Return True where all values are one text, or all None."""
    return len(values) > 0 and type(values[0]) in _CACHED_TYPES and values.count(values[0]) == len(values)


def read_ids(values: Sequence[Any], refused: set[int]) -> Sequence[str]:
    """Return a column of ids as `read_id` reads them; ``refused`` takes the positions of what it refuses."""
    if set(map(type, values)) == {str}:
        lengths = set(map(len, values))
        if 0 not in lengths and max(lengths) <= MAX_ID_LENGTH:
            return values
    return [text or "" for text in read_column(values, read_id, refused)]


def read_id(value: Any) -> str:
    """Return an id as text; a `RecordError` where it is missing, too long, or neither text nor a whole number."""
    if type(value) is str and 0 < len(value) <= MAX_ID_LENGTH:
        return value
    if value is None or value == "":
        raise RecordError(Reason.MISSING_ID, "no id")
    if type(value) is float and value.is_integer():
        return str(int(value))
    if type(value) is not int:
        wrong = f"has {len(value)} characters" if type(value) is str else f"is a {type(value).__name__}"
        allowed = f"text of at most {MAX_ID_LENGTH} characters, or an integer"
        raise RecordError(Reason.WRONG_TYPE, f"id {wrong}; allowed: {allowed}")
    return str(value)


def read_name(value: Any, field: str) -> str:
    """Return the name of a model or version as text; a `RecordError` where it can't be one."""
    if type(value) not in (str, int, float):
        raise RecordError(Reason.WRONG_TYPE, f"{field} is a {type(value).__name__}; allowed: text or a number")
    name = str(value)
    if len(name) > MAX_NAME_LENGTH:
        raise RecordError(Reason.WRONG_TYPE, f"{field} has {len(name)} characters; allowed: {MAX_NAME_LENGTH}")
    return name
