"""What a program under test is: it takes a column of values, batch after batch, and says where it alarms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = Literal["number", "share", "category"]
#: How much a program may be given: ``fast`` takes under 1 us a value, ``medium`` under 50, ``slow`` more.
Cost = Literal["fast", "medium", "slow"]
#: Takes the next values and returns where in them it alarms; what it knows is carried on.
Run = Callable[[Floats], list[int]]


@dataclass(frozen=True)
class Setting:
    """What is known of a stream beforehand: its kind, and what its user wants.

    ``quiet`` names the distribution before any change; ``period`` is how many values a cycle has, 0 without one;
    ``points``: return estimated change points (which may lie before the batch) instead of alarms.
    """

    kind: Kind = "number"
    quiet: str = "normal"
    run_length: float = 1_000_000.0
    period: int = 0
    categories: int = 0
    points: bool = False


@dataclass(frozen=True)
class Program:
    """A detector with its parameters, ready to be run over many streams.

    ``takes``: kinds of column that it can read. One that doesn't take categories gets a column of 0 and 1 of the
    category that is going to change: more than its user could know. ``only``: names of the quiet distributions that
    it is run on, where not all. ``missing``: why it can't be run, if it
    can't. ``is_external``: it runs in another process.
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
        """A fresh run; what the program can't read as categories is announced as a share."""
        if setting.kind == "category" and "category" not in self.takes:
            setting = replace(setting, kind="share", categories=0)
        return self.make(setting)

    def column(self, values: Floats, setting: Setting, watched: int) -> Floats:
        """The stream's values as this program gets them."""
        if setting.kind == "category" and "category" not in self.takes:
            return (values == watched).astype(np.float64)
        return values


class ProgramError(Exception):
    """The program refused a stream or broke down on it; the message says how."""
