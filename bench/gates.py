"""The limits of the benchmark: what a row has to reach, and whether it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from rows import Row


@dataclass(frozen=True)
class Gate:
    """A limit that was checked; what is measured decides, and `what` says it."""

    holds: bool
    what: str

    def __str__(self) -> str:
        return f"{'holds' if self.holds else 'falls short':<13}{self.what}"


class Limit(Protocol):
    def check(self, rows: Mapping[str, Row], bases: Mapping[str, str]) -> Gate | None:
        """Return the gate, or None if a row that it needs was not measured."""
        ...


@dataclass(frozen=True)
class Ratio:
    """The least ratio of a row to a base, by CPU time and by the clock; both have to hold.

    Attributes:
        row: The row's name.
        base: The letter of the base.
        cpu: The limit by CPU time.
        clock: The limit by the clock.
        aim: The ratios by CPU time and by the clock that are aimed at.
    """

    row: str
    base: str
    cpu: float
    clock: float
    aim: tuple[float, float]

    def check(self, rows: Mapping[str, Row], bases: Mapping[str, str]) -> Gate | None:
        peer = bases.get(self.base, "")
        if self.row not in rows or peer not in rows:
            return None
        lighter, faster = rows[self.row].lighter(rows[peer]), rows[self.row].faster(rows[peer])
        what = f"{self.row}, against ({self.base}): {lighter:.2f} x by CPU time, {faster:.2f} x by the clock"
        what += f"; at least {self.cpu} and {self.clock}, aim {self.aim[0]} and {self.aim[1]}"
        return Gate(lighter >= self.cpu and faster >= self.clock, what)


@dataclass(frozen=True)
class Ceiling:
    """The most that a figure of a row may be.

    Attributes:
        row: The row's name.
        figure: The name of the figure, `peak_mb` or `ready_seconds`.
        most: The limit.
        what: The figure in words, with its unit.
    """

    row: str
    figure: str
    most: float
    what: str

    def check(self, rows: Mapping[str, Row], bases: Mapping[str, str]) -> Gate | None:  # noqa: ARG002
        value = getattr(rows[self.row], self.figure) if self.row in rows else None
        if value is None:
            return None
        return Gate(value <= self.most, f"{self.row}, {self.what}: {value:.2f}; at most {self.most}")
