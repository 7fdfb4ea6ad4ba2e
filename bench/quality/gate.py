"""A requirement of the quality of detection, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Gate:
    """A gate and its result.

    Attributes:
        holds: The result; None if too little was measured.
        what: The requirement and the measured values.
        is_asked: True if it is a requirement, False if it is only for comparison.
    """

    holds: bool | None
    what: str
    is_asked: bool = True

    def __str__(self) -> str:
        word = "undecided" if self.holds is None else "holds" if self.holds else "falls short"
        return f"{word:<14}{self.what}"
