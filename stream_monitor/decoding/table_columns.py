"""Columns of fields out of rows of a table, which are columns already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.feature_values import ABSENT
from stream_monitor.core.records import TextRow
from stream_monitor.core.table import TableRows
from stream_monitor.decoding.cells import read_cells
from stream_monitor.decoding.field_columns import FieldColumns
from stream_monitor.decoding.fields import FEATURE, FEATURES, FIELDS, GROUP, FieldMap, dig, source_column, with_group


class TableColumns:
    """Reads tables whose columns are features where they are not mapped to anything else.

    Args:
        fields: Paths by native field.
        is_category: As in `FeatureTable.of`.
    """

    def __init__(self, fields: FieldMap, is_category: Callable[[str], bool]) -> None:
        self._fields, self._is_category = fields, is_category
        has_groups = "groups" in fields.paths and any(name.startswith(GROUP) for name in fields.paths)
        self._can_read = fields.rest == [FEATURES] and not has_groups

    def read(self, batch: RecordBatch, rows: TableRows) -> FieldColumns | None:
        """Return the fields of rows; None where the codec must read them: a column that holds all features."""
        if not self._can_read or FEATURES in rows.columns or not len(rows):
            return None
        table = _Table(batch, rows, self._fields)
        by_name = {name: table.field(name) for name in FIELDS}
        by_name |= {"score": table.read_cells(by_name["score"]), "groups": self._groups(table, by_name["groups"])}
        columns = [by_name[name] for name in FIELDS]
        fields = FieldColumns(np.arange(len(rows)), batch.times, self._features(table), table.is_text, *columns)
        return fields.take(np.delete(fields.at, list(rows.odd))) if rows.odd else fields

    def _features(self, table: _Table) -> FeatureTable:
        """Return the columns that are not mapped, and those mapped to a feature, which is there but for null."""
        mapped = table.mapped(FEATURE)
        numbers: dict[str, Floats] = {}
        others: dict[str, Sequence[Any]] = {}
        for name, column in table.rows.columns.items():
            if name in self._fields.used:
                continue
            found = None if name in mapped or self._is_category(name) else column.numbers()
            if found is None:
                others[name] = table.read_cells(table.column(name))
            else:
                numbers[name] = found
        for name, values in mapped.items():
            rest, cells = others.get(name, [ABSENT] * len(values)), table.read_cells(values)
            others[name] = [at if one is None else cell for at, one, cell in zip(rest, values, cells, strict=True)]
        matrix = np.column_stack(list(numbers.values())) if numbers else np.empty((len(table.rows), 0))
        return FeatureTable(tuple(numbers), matrix).with_columns(others, self._is_category)

    def _groups(self, table: _Table, known: Sequence[Any]) -> Sequence[Any]:
        """Return the groups of each row, with those that are mapped; text is a column that has the name by chance."""
        for name, values in table.mapped(GROUP).items():
            known = with_group(known, name, values)
        return [None if type(some) is str else some for some in known]


class _Table:
    """The columns of rows by path, as lists of values of JSON types."""

    def __init__(self, batch: RecordBatch, rows: TableRows, fields: FieldMap) -> None:
        self._batch, self.rows, self._fields = batch, rows, fields
        self.is_text = rows.row_type is TextRow

    def column(self, name: str) -> Sequence[Any]:
        """Return a column; None throughout where there is none of that name."""
        return self.rows.columns[name].tolist() if name in self.rows.columns else [None] * len(self.rows)

    def field(self, name: str) -> Sequence[Any]:
        """Return a native field: the value at its path where there is one, else that of its own name."""
        path = self._fields.paths.get(name)
        if path is None:
            return self.column(name)
        mapped = self._at(path)
        if not mapped.count(None) or name not in self.rows.columns:
            return mapped
        return [own if one is None else one for one, own in zip(mapped, self.column(name), strict=True)]

    def mapped(self, prefix: str) -> Mapping[str, Sequence[Any]]:
        """Return the values of each feature, or group, that is mapped by itself."""
        paths = self._fields.paths.items()
        return {name.removeprefix(prefix): self._at(path) for name, path in paths if name.startswith(prefix)}

    def read_cells(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return values as the codec reads cells, where they are that."""
        return read_cells(values) if self.is_text else values

    def _at(self, path: str) -> Sequence[Any]:
        """Return the values at a path, which a column of that name is preferred to."""
        if path.startswith("@"):
            return source_column(path, self._batch)
        head, _, tail = path.partition(".")
        if path in self.rows.columns or not tail:
            return self.column(path)
        return [dig(value, tail) for value in self.column(head)]
