"""Predictions that wait for their label, and labels that came before their prediction."""

from __future__ import annotations

from stream_monitor.core.events import Label
from stream_monitor.join.arrival_queues import ArrivalQueues
from stream_monitor.join.entry import Early, Entry, Waiting
from stream_monitor.join.partition_epochs import PartitionEpochs


class WaitingEvents:
    """Adds events that wait and removes those that are matched, in entries, queues and counts alike."""

    def __init__(self, queues: ArrivalQueues, epochs: PartitionEpochs) -> None:
        self._queues, self._epochs = queues, epochs

    def add_prediction(self, entry: Entry, identity: str, waiting: Waiting, arrival: float) -> None:
        """Add a prediction to an entry; its number is given here."""
        entry.waiting.append(Waiting(self._queues.waiting.append(arrival, identity), *waiting[1:]))
        self._epochs.add("waiting", waiting.epoch, 1)

    def add_label(self, entry: Entry, label: Label, arrival: float, epoch: int) -> None:
        """Add a label to an entry."""
        entry.early.append(Early(self._queues.early.append(arrival, label.id), *label[1:], epoch))
        self._epochs.add("early", epoch, 1)

    def remove_predictions(self, entry: Entry, matched: list[Waiting]) -> None:
        """Remove predictions from an entry."""
        is_all = len(matched) == len(entry.waiting)
        entry.waiting = [] if is_all else [waiting for waiting in entry.waiting if waiting not in matched]
        for waiting in matched:
            self._queues.waiting.discard(waiting.number)
            self._epochs.add("waiting", waiting.epoch, -1)

    def remove_label(self, entry: Entry, early: Early) -> None:
        """Remove a label from an entry."""
        entry.early.remove(early)
        self._queues.early.discard(early.number)
        self._epochs.add("early", early.epoch, -1)
