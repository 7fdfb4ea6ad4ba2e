"""Columns of Parquet files."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.timestamps import parse_timestamp

#: The microseconds since the epoch of the times that Python's datetime has and a float holds exactly.
_MIN_MICROS, _MAX_MICROS = -9_007_199_254_740_992, 9_007_199_254_740_992


class ArrowColumn:
    """A column of values of one Arrow type, as types of JSON; times are seconds since the epoch."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __getitem__(self, at: int) -> Any:
        return ArrowColumn(self._array.slice(at, 1)).tolist()[0]

    def tolist(self) -> list[Any]:
        from pyarrow import types

        kind = self._array.type
        if types.is_timestamp(kind):
            return self._seconds()
        return _plain_values(self._array) if _is_plain(kind) else list(map(_plain, self._array.to_pylist()))

    def numbers(self) -> Floats | None:
        """Return the finite numbers of a column of floats or integers, else NaN; None for any other column."""
        from pyarrow import types

        kind = self._array.type
        if not (types.is_float32(kind) or types.is_float64(kind) or types.is_integer(kind)):
            return None
        # Integers with nulls become floats in pyarrow, as they do in numpy.
        numbers: Floats = self._array.to_numpy(zero_copy_only=False).astype(np.float64)
        return np.where(np.isfinite(numbers), numbers, np.nan)

    def cut(self, begin: int, end: int) -> ArrowColumn:
        return ArrowColumn(self._array.slice(begin, end - begin))

    def followed_by(self, other: ArrowColumn) -> ArrowColumn:
        import pyarrow as pa

        return ArrowColumn(pa.concat_arrays([self._array, other._array]))

    def _seconds(self) -> list[Any]:
        """Return times in seconds, as those of Python's datetime, which has microseconds."""
        import pyarrow as pa

        try:
            micros = self._array.cast(pa.timestamp("us", self._array.type.tz)).cast(pa.int64())
        except pa.ArrowInvalid:
            micros = None
        if micros is None or not all(_MIN_MICROS <= value < _MAX_MICROS for value in _range(micros)):
            return list(map(_plain, self._array.to_pylist()))
        seconds: list[Any] = (micros.to_numpy(zero_copy_only=False) / 1e6).tolist()
        return [None if second != second else second for second in seconds] if micros.null_count else seconds


def columns_of(batch: Any) -> dict[str, ArrowColumn]:
    """Return the columns of a record batch of pyarrow by name."""
    return {field.name: ArrowColumn(_in_microseconds(batch.column(at))) for at, field in enumerate(batch.schema)}


def _in_microseconds(column: Any) -> Any:
    """Return the column with nanoseconds as microseconds: Python's datetime, and so pyarrow, takes no others."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    if pa.types.is_duration(kind) and kind.unit == "ns":
        return column.cast(pa.duration("us"), safe=False)
    return column


def _range(column: Any) -> tuple[int, ...]:
    """Return the least and the greatest of a column of integers; nothing where it is empty."""
    import pyarrow.compute

    least_and_greatest = pyarrow.compute.min_max(column).as_py()
    return tuple(value for value in least_and_greatest.values() if value is not None)


def _is_plain(kind: Any) -> bool:
    """Return True for a column type whose values are all types of JSON and need no conversion."""
    from pyarrow import types

    is_number = types.is_integer(kind) or types.is_float32(kind) or types.is_float64(kind)
    return bool(is_number or types.is_boolean(kind) or types.is_string(kind) or types.is_large_string(kind))


def _plain_values(column: Any) -> list[Any]:
    """Return the values of a column that need no conversion; by way of numpy, which is many times faster."""
    from pyarrow import types

    if not column.null_count or types.is_string(column.type) or types.is_large_string(column.type):
        values: list[Any] = column.to_numpy(zero_copy_only=False).tolist()
        return values
    values = column.fill_null(False if types.is_boolean(column.type) else 0).to_numpy(zero_copy_only=False).tolist()
    for at in np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False)).tolist():
        values[at] = None
    return values


def _plain(value: Any) -> Any:
    """Return a value as a type of JSON; times as seconds since the epoch."""
    if isinstance(value, datetime):
        return parse_timestamp(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date):
        return value.isoformat()
    if value is None or type(value) in (str, int, float, bool, dict, list):
        return value
    return float(value) if hasattr(value, "__float__") else str(value)
