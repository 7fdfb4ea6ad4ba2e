"""The interface of a program under test, which returns its alarms in a column of values passed in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = Literal["number", "share", "category"]
#: The cost class of a program: ``fast`` is under 1 us per value, ``medium`` under 50, ``slow`` more.
Cost = Literal["fast", "medium", "slow"]
#: A stateful function from the next values to the indices of the alarms in them.
Run = Callable[[Floats], list[int]]


@dataclass(frozen=True)
class Setting:
    """The properties of a stream that are known beforehand, and the requirements of its user.

    Attributes:
        kind: The kind of the column.
        quiet: The name of the distribution before any change.
        run_length: The required ARL, in values.
        period: The number of values of a cycle; 0 without one.
        categories: The number of categories.
        points: Return estimated change points, which may be before the batch, instead of alarms.
    """

    kind: Kind = "number"
    quiet: str = "normal"
    run_length: float = 1_000_000.0
    period: int = 0
    categories: int = 0
    points: bool = False


@dataclass(frozen=True)
class Program:
    """A detector with its parameters, to be run on many streams.

    Attributes:
        name: The name of the program's row.
        library: The name of its library.
        make: Returns a new run.
        cost: The cost class.
        takes: The supported kinds of column. A program that does not support categories gets an indicator (0 or 1)
            of the category that is going to change, which its user could not know.
        only: The names of the quiet distributions that it is run on, if not all.
        missing: The reason if it can't be run.
        is_external: True if it runs in another process.
    """

    name: str
    library: str
    make: Callable[[Setting], Run]
    cost: Cost = "medium"
    takes: frozenset[Kind] = frozenset({"number", "share"})
    only: frozenset[str] | None = None
    missing: str = ""
    is_external: bool = False

    def runs_on(self, setting: Setting) -> bool:
        kind = "share" if setting.kind == "category" and "category" not in self.takes else setting.kind
        return kind in self.takes and (self.only is None or setting.quiet in self.only)

    def start(self, setting: Setting) -> Run:
        """Return a new run; a column of categories is declared as a share if the program does not support it."""
        if setting.kind == "category" and "category" not in self.takes:
            setting = replace(setting, kind="share", categories=0)
        return self.make(setting)

    def column(self, values: Floats, setting: Setting, watched: int) -> Floats:
        """Return the stream's values in the form that this program supports."""
        if setting.kind == "category" and "category" not in self.takes:
            return (values == watched).astype(np.float64)
        return values


class ProgramError(Exception):
    """The program rejected a stream or failed on it; the message has the error."""
