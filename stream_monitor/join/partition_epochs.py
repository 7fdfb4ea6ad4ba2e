"""Partition epochs: what is kept of a partition between its assignment and its revocation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from stream_monitor.core.arrays import Bools, Ints, count_each
from stream_monitor.core.records import TopicPartition

Kind = Literal["waiting", "early", "buffered", "labelled"]


@dataclass
class Kept:
    """Counts of waiting predictions, early labels, outcomes in the maturity buffer, and labelled ids."""

    waiting: int = 0
    early: int = 0
    buffered: int = 0
    labelled: int = 0

    @property
    def unfinished(self) -> int:
        """Everything that has not met its end in the ledger."""
        return self.waiting + self.early + self.buffered


class PartitionEpochs:
    """The epochs of all partitions: a partition gets a new one each time that it is assigned.

    Everything stored bears the number of its epoch. Revoking a partition makes all of it void at once, without a
    search: what bears the number of a revoked epoch is dropped where it is read.
    """

    def __init__(self) -> None:
        self._kept: dict[int, Kept] = {}
        self._numbers: dict[TopicPartition, int] = {}
        self._next = 0
        self.total = Kept()

    @property
    def alive(self) -> Collection[int]:
        """The epochs that are not revoked."""
        return self._kept

    def current(self, partition: TopicPartition) -> int:
        """Return the epoch of a partition; one without an epoch begins a new one."""
        number = self._numbers.get(partition)
        if number is None:
            number = self._numbers[partition] = self._next
            self._kept[number] = Kept()
            self._next += 1
        return number

    def are_alive(self, epochs: Ints) -> Bools:
        """Return which of these epochs are not revoked, shape (len(epochs),)."""
        if len(self._kept) == self._next:
            return np.ones(len(epochs), bool)
        return np.isin(epochs, list(self._kept))

    def add_each(self, kind: Kind, epochs: Ints, sign: Literal[1, -1]) -> None:
        """Add 1 or -1 to the count of a kind in each of these epochs."""
        for epoch, count in count_each(epochs):
            self.add(kind, epoch, sign * count)

    def add(self, kind: Kind, epoch: int, count: int) -> None:
        """Add to the count of a kind in an epoch; ``count`` may be negative."""
        self._kept[epoch].__dict__[kind] += count
        self.total.__dict__[kind] += count

    def of(self, partitions: Sequence[TopicPartition], which: Ints) -> Ints:
        """Return the epochs of n records of these partitions; those without one begin a new one, in order.

        Args:
            partitions: The partitions.
            which: For each record the position of its partition among them, shape (n,).
        """
        epochs = np.zeros(len(partitions), np.int64)
        for code in dict.fromkeys(which.tolist()):
            epochs[code] = self.current(partitions[code])
        return epochs[which]

    def revoke(self, partition: TopicPartition) -> Kept:
        """Revoke a partition; return its counts."""
        kept = self._kept.pop(self._numbers.pop(partition, -1), Kept())
        for kind, count in vars(kept).items():
            vars(self.total)[kind] -= count
        return kept

    def state(self) -> dict[str, Any]:
        """Return the state for the checkpoint."""
        epochs = [[*place, number, *vars(self._kept[number]).values()] for place, number in self._numbers.items()]
        return {"next": self._next, "epochs": epochs}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state."""
        self._next = state["next"]
        for topic, partition, number, *counts in state["epochs"]:
            self._numbers[topic, partition] = number
            self._kept[number] = Kept(*counts)
        kinds = vars(self.total)
        kinds.update({kind: sum(vars(kept)[kind] for kept in self._kept.values()) for kind in kinds})
