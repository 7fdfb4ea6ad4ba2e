"""Rows of a table as columns: what a source gives where a file holds columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, overload

from stream_monitor.core.arrays import Floats
from stream_monitor.core.records import Body


class TableColumn(Protocol):
    """A column of n values of a table."""

    def __getitem__(self, at: int) -> Any:
        """Return one value as a type of JSON."""
        ...

    def tolist(self) -> list[Any]:
        """Return all values as types of JSON."""
        ...

    def numbers(self) -> Floats | None:
        """Return the numbers that the values are or spell, shape (n,); None where one is neither number nor null.

        NaN stands for null, and for a number that is not finite.
        """
        ...

    def cut(self, begin: int, end: int) -> TableColumn:
        """Return the values from ``begin`` to before ``end``."""
        ...

    def followed_by(self, other: Any) -> TableColumn:
        """Return these values and then those of another column of the same kind."""
        ...


class TableRows(Sequence[Body]):
    """Rows of a table, of which one is made only where somebody asks for it.

    Args:
        row_type: The type of a row, a mapping by name.
        columns: The columns by name, each of n values.
        count: n.
        odd: Bodies by position that stand in place of rows that can't be read.
    """

    def __init__(
        self,
        row_type: type[dict[str, Any]],
        columns: Mapping[str, TableColumn],
        count: int,
        odd: Mapping[int, Body] | None = None,
    ) -> None:
        self.row_type, self.columns, self._count, self.odd = row_type, columns, count, odd or {}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> Body: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Body]: ...
    def __getitem__(self, at: int | slice) -> Body | Sequence[Body]:
        if isinstance(at, slice):
            begin, end, step = at.indices(self._count)
            return self.cut(begin, max(begin, end)) if step == 1 else [self[each] for each in range(begin, end, step)]
        if not 0 <= at < self._count:
            raise IndexError(at)
        if at in self.odd:
            return self.odd[at]
        return self.row_type((name, column[at]) for name, column in self.columns.items())

    def __iter__(self) -> Iterator[Body]:
        """Yield each row, as types of JSON that are made of whole columns."""
        names, columns = list(self.columns), [column.tolist() for column in self.columns.values()]
        rows = zip(*columns, strict=True) if columns else iter([()] * self._count)
        for at, row in enumerate(rows):
            yield self.odd[at] if at in self.odd else self.row_type(zip(names, row, strict=True))

    def cut(self, begin: int, end: int) -> TableRows:
        """Return the rows from ``begin`` to before ``end``, at most to the last."""
        end = min(end, self._count)
        columns = {name: column.cut(begin, end) for name, column in self.columns.items()}
        odd = {at - begin: body for at, body in self.odd.items() if begin <= at < end}
        return TableRows(self.row_type, columns, end - begin, odd)

    def can_be_followed_by(self, other: Sequence[Body]) -> bool:
        """Return True for rows of the same columns."""
        return (
            isinstance(other, TableRows)
            and self.row_type is other.row_type
            and {name: type(column) for name, column in self.columns.items()}
            == {name: type(column) for name, column in other.columns.items()}
        )

    def followed_by(self, other: TableRows) -> TableRows:
        """Return these rows and then those of another table of the same columns."""
        columns = {name: column.followed_by(other.columns[name]) for name, column in self.columns.items()}
        odd = {**self.odd, **{self._count + at: body for at, body in other.odd.items()}}
        return TableRows(self.row_type, columns, self._count + len(other), odd)
