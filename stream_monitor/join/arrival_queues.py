"""The three queues of the join, in order of arrival."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stream_monitor.join.fifo import Fifo
from stream_monitor.state.key_value_store import KeyValueStore


class ArrivalQueues:
    """Ids of waiting predictions, of early labels and of labelled ids.

    ``order`` is the order of the next prediction: its number among all that are not duplicates.
    """

    def __init__(self, store: KeyValueStore) -> None:
        self.waiting = Fifo(store, b"w")
        self.early = Fifo(store, b"l")
        self.labelled = Fifo(store, b"d")
        self.order = 0

    def state(self) -> dict[str, Any]:
        """Write the queues to the store; return the state for the checkpoint."""
        queues = (self.waiting, self.early, self.labelled)
        for queue in queues:
            queue.save()
        return {"order": self.order, "queues": [queue.state() for queue in queues]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state, over the store that belongs to it."""
        self.order = state["order"]
        for queue, saved in zip((self.waiting, self.early, self.labelled), state["queues"], strict=True):
            queue.restore(saved)
