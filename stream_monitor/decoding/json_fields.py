"""Columns of native fields out of those of JSON events of any schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.feature_values import ABSENT
from stream_monitor.core.sequences import take
from stream_monitor.decoding.field_columns import FieldColumns
from stream_monitor.decoding.fields import FEATURE, FIELDS, GROUP, source_column, with_group
from stream_monitor.decoding.json_places import FieldPlaces
from stream_monitor.decoding.json_shape import Decoded


class JsonFields:
    """The native fields of n events.

    Args:
        places: The places of the fields.
        batch: The records.
        at: The rows of the events in the batch, shape (n,).
        decoded: The values at the places.
    """

    def __init__(self, places: FieldPlaces, batch: RecordBatch, at: Ints, decoded: Decoded) -> None:
        self._places, self._batch, self._at, self._decoded = places, batch, at, decoded

    def columns(self, is_category: Callable[[str], bool]) -> FieldColumns:
        """Return the fields of the events that are not unusual; ``is_category`` is as in `FeatureTable.of`."""
        by_name: dict[str, Sequence[Any]] = {name: self._field(name) for name in self._places.names}
        none = [None] * len(self._at)
        columns = [by_name.get(name, none) for name in FIELDS]
        columns[FIELDS.index("groups")] = self._groups(columns[FIELDS.index("groups")])
        features = self._features(is_category)
        fields = FieldColumns(self._at, self._batch.times[self._at], features, False, *columns)
        if not (unusual := self._decoded.unusual):
            return fields
        usual = fields.take(np.delete(np.arange(len(self._at)), unusual))
        return replace(usual, features=usual.features.without_numbers_in_raw(is_category))

    def _field(self, name: str) -> Sequence[Any]:
        """Return a native field: the value that is mapped to it where there is one, else that of its own name."""
        columns = [self._decoded.columns[place] for place in self._places.of(name)]
        if name in self._places.sources:
            columns.insert(0, self._source(name))
        if not columns:
            return [None] * len(self._at)
        first, *others = columns
        for other in others:
            if first.count(None):
                first = [own if one is None else one for one, own in zip(first, other, strict=True)]
        return first

    def _source(self, name: str) -> Sequence[Any]:
        column = source_column(self._places.sources[name], self._batch)
        return column if len(self._at) == len(column) else take(column, self._at)

    def _groups(self, known: Sequence[Any]) -> Sequence[Any]:
        """Return the groups of each event, with those that are mapped by themselves, in the order of the mapping."""
        for name, values in self._mapped_groups().items():
            known = with_group(known, name, values)
        return known

    def _features(self, is_category: Callable[[str], bool]) -> FeatureTable:
        sources = {name: name.removeprefix(FEATURE) for name in self._places.sources if name.startswith(FEATURE)}
        if not sources:
            return self._decoded.features
        columns = {
            name: [ABSENT if value is None else value for value in self._source(source)]
            for source, name in sources.items()
        }
        return self._decoded.features.with_columns(columns, is_category)

    def _mapped_groups(self) -> Mapping[str, Sequence[Any]]:
        """Return the values of each group that is mapped by itself, in the order of the mapping."""
        places = self._places.of_prefix(GROUP)
        found = {GROUP + name: self._decoded.columns[place] for name, place in places.items()}
        found |= {name: self._source(name) for name in self._places.sources if name.startswith(GROUP)}
        return {name.removeprefix(GROUP): found[name] for name in self._places.fields.paths if name in found}
