"""Conversion of records of training data to rows; no field is required."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.events import Features
from stream_monitor.core.records import Record, TextRow
from stream_monitor.decoding.fields import FieldMap
from stream_monitor.decoding.json import JsonDecoder
from stream_monitor.decoding.values import read_cell, read_score

_JSON = JsonDecoder()


class Row(NamedTuple):
    """One row of training data.

    Attributes:
        features: The values of the features by name.
        fields: The values of the fields of an event by name.
        is_text: True if all values are cells of a CSV file.
    """

    features: Mapping[str, Any]
    fields: Mapping[str, Any]
    is_text: bool


def read_row(record: Record, fields: FieldMap) -> Row:
    """Convert a record to a row.

    Raises:
        RecordError: The record can't be read; the error has the reason.
    """
    value = record.value
    body: Any = _JSON.decode(value) if type(value) is bytes else value
    if type(value) is bytes and type(body.get("features", {})) not in (dict, type(None)):
        found = type(body["features"]).__name__
        raise RecordError(Reason.WRONG_TYPE, f"features is a {found}; allowed: an object")
    mapped = fields.apply(body, record)
    return Row(mapped.get("features") or {}, mapped, type(value) is TextRow)


def read_features(record: Record, fields: FieldMap) -> Features:
    """Return the features of a record, the cells of a CSV file as decoding reads them.

    Raises:
        RecordError: The record can't be read; the error has the reason.
    """
    row = read_row(record, fields)
    return {name: read_cell(cell) for name, cell in row.features.items()} if row.is_text else row.features


def cells(column: Sequence[str | None]) -> Sequence[Any]:
    """Parse the cells of a CSV column as decoding does; empty cells are left out or become None.

    >>> cells(["1", None, "2.5"]), cells(["1", "x", "nan", "true"])
    ([1.0, 2.5], [1.0, 'x', None, True])
    """
    present = [cell for cell in column if cell is not None]
    # Only cells with an underscore or non-ASCII digits are numbers for float() and not for decoding.
    text = "".join(present)
    if "_" not in text and text.isascii():
        try:
            numbers = array("d", map(float, present)).tolist()
        except ValueError:
            numbers = [math.nan]
        if all(map(math.isfinite, numbers)):
            return numbers
    return [read_cell(cell) for cell in column]


def classes(column: Sequence[Any]) -> Sequence[Any]:
    """Normalise the spelling of classes: ``1``, ``1.0`` and ``"1"`` are one class."""
    return [read_cell(value) for value in column]


def scores(column: Sequence[Any], predictions: Sequence[Any]) -> Sequence[Any]:
    """Return the scores; for a mapping of classes to probabilities the one of the predicted class."""
    return [_one_score(s, p) if type(s) is dict else s for s, p in zip(column, predictions, strict=True)]


def _one_score(score: Mapping[str, Any], prediction: Any) -> Any:
    try:
        return read_score(score, prediction)
    except RecordError:
        return score
