"""Codes of the values of groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Ints
from stream_monitor.performance.groups import split_subgroup

#: Values of a group with a code of their own; all later ones share the code `OTHER`.
MAX_VALUES = 20
OTHER, MISSING = MAX_VALUES, MAX_VALUES + 1
CODES = MAX_VALUES + 2
#: The names of these two codes.
OTHER_NAME, MISSING_NAME = "other", "missing"
#: Subgroups whose codes are kept.
MAX_KNOWN = 10_000
#: Stands between the values of several groups in the value of their intersection.
AND = " & "


class SubgroupCodes:
    """Gives codes to the values of groups in order of first appearance, a bounded number for each group.

    Args:
        groups: The names of the groups; one with ``&`` in it is the intersection of the groups that it names.

    Attributes:
        names: The names of the values with a code, by group.

    >>> codes = SubgroupCodes(["sex", "sex & age"])
    >>> codes.learn(["sex=f\\x1fage=<30"])
    >>> codes.encode(["sex=f\\x1fage=<30", None]).tolist(), codes.names
    ([[0, 0], [21, 21]], {'sex': ['f'], 'sex & age': ['f & <30']})
    """

    def __init__(self, groups: Sequence[str]) -> None:
        self.names: dict[str, list[str]] = {group: [] for group in groups}
        self._parts = {group: group.split(AND) for group in groups}
        self._rows: dict[str | None, int] = {}
        self._table: list[list[int]] = []
        self._array: NDArray[np.uint8] = np.empty((0, len(groups)), np.uint8)

    def are_known(self, subgroups: Iterable[str | None]) -> bool:
        """Return whether these subgroups were all learned."""
        return self._rows.keys() >= set(subgroups)

    def learn(self, subgroups: Iterable[str | None]) -> None:
        """Give codes to the values of subgroups, in the order in which they came."""
        for subgroup in dict.fromkeys(subgroups):
            if subgroup not in self._rows:
                if len(self._rows) >= MAX_KNOWN:
                    self._forget()
                self._rows[subgroup] = len(self._table)
                self._table.append([self._learn(group, value) for group, value in self._values(subgroup)])

    def encode(self, subgroups: Sequence[str | None]) -> NDArray[np.uint8]:
        """Return the codes of subgroups in each group, shape (n, groups); what is new gets its code now."""
        if not self.are_known(subgroups):
            return np.array([self._codes(subgroup) for subgroup in subgroups], np.uint8).reshape(-1, len(self.names))
        rows: Ints = np.fromiter(map(self._rows.__getitem__, subgroups), np.int64, len(subgroups))
        if len(self._array) != len(self._table):
            self._array = np.array(self._table, np.uint8)
        return self._array[rows]

    def _codes(self, subgroup: str | None) -> list[int]:
        self.learn([subgroup])
        return self._table[self._rows[subgroup]]

    def _values(self, subgroup: str | None) -> Iterable[tuple[str, str]]:
        """Yield the value of a subgroup in each group, an empty one where it is missing."""
        found = split_subgroup(subgroup)
        for group, parts in self._parts.items():
            values = [found.get(part, "") for part in parts]
            yield group, AND.join(values) if all(values) else ""

    def _learn(self, group: str, value: str) -> int:
        names = self.names[group]
        if not value:
            return MISSING
        if value in names:
            return names.index(value)
        if len(names) == MAX_VALUES or value in (OTHER_NAME, MISSING_NAME):
            return MISSING if value == MISSING_NAME else OTHER
        names.append(value)
        return len(names) - 1

    def state(self) -> dict[str, list[str]]:
        return {group: list(names) for group, names in self.names.items()}

    def restore(self, group: str, names: Sequence[str]) -> None:
        """Load the names of a group's values."""
        self.names[group] = list(names)
        self._forget()

    def _forget(self) -> None:
        """Forget the subgroups; their values keep their codes."""
        self._rows, self._table, self._array = {}, [], self._array[:0]
