"""How much of each partition is kept here: when a partition goes, what was kept of it is void."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from stream_monitor.core.records import TopicPartition

Kind = Literal["waiting", "early", "held", "labelled"]


@dataclass
class Kept:
    """Counts of what is kept: waiting predictions, early labels, held outcomes, and ids that have met a label."""

    waiting: int = 0
    early: int = 0
    held: int = 0
    labelled: int = 0


class PartitionEpochs:
    """Numbers for partitions, a new one each time that a partition comes: what has an old number is void."""

    def __init__(self) -> None:
        self._kept: dict[int, Kept] = {}
        self._numbers: dict[TopicPartition, int] = {}
        self._next = 0
        self.total = Kept()

    @property
    def alive(self) -> Collection[int]:
        """The numbers that hold."""
        return self._kept

    def number(self, place: TopicPartition) -> int:
        """The number of a partition."""
        number = self._numbers.get(place)
        if number is None:
            number = self._numbers[place] = self._next
            self._kept[number] = Kept()
            self._next += 1
        return number

    def add(self, kind: Kind, home: int, count: int) -> None:
        """So many more (or fewer) are kept."""
        self._kept[home].__dict__[kind] += count
        self.total.__dict__[kind] += count

    def depart(self, place: TopicPartition) -> Kept:
        """Forget a partition; what was kept of it."""
        kept = self._kept.pop(self._numbers.pop(place, -1), Kept())
        for kind, count in vars(kept).items():
            vars(self.total)[kind] -= count
        return kept

    def state(self) -> dict[str, Any]:
        homes = [[*place, number, *vars(self._kept[number]).values()] for place, number in self._numbers.items()]
        return {"next": self._next, "homes": homes}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._next = state["next"]
        for topic, partition, number, *counts in state["homes"]:
            self._numbers[topic, partition] = number
            self._kept[number] = Kept(*counts)
        kinds = vars(self.total)
        kinds.update({kind: sum(vars(kept)[kind] for kept in self._kept.values()) for kind in kinds})
