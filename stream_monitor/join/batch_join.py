"""The join of a batch of events."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.event_batch import EventBatch, OutcomeBatch
from stream_monitor.core.events import Label, Outcome, Prediction
from stream_monitor.join.event_join import EventJoin
from stream_monitor.join.origins import Origins
from stream_monitor.join.outcomes import Outcomes


class Joined(NamedTuple):
    """The result of the join of a batch.

    Attributes:
        rows: The rows of its new predictions, rising; those that only restore are not among them.
        labels: Number of its new labels, those inside predictions included.
        outcomes: The outcomes that were emitted, in order.
    """

    rows: Ints
    labels: int
    outcomes: OutcomeBatch


class BatchJoin:
    """Takes the events of a batch in order."""

    def __init__(self, events: EventJoin, outcomes: Outcomes) -> None:
        self._events, self._outcomes = events, outcomes

    def join(self, events: EventBatch, origins: Origins, first: int) -> Joined:
        """Take a batch; ``first`` is the position of its first new prediction in the stream of predictions."""
        rows: list[int] = []
        outcomes: list[Outcome] = []
        before: list[int] = []
        labels = 0
        ends = deque(origins.restored())
        self._events.restoring = restoring = set(origins.restoring)
        for at, row, event in _in_order(events):
            while ends and ends[0][0] <= at:
                restoring.discard(ends.popleft()[1])
            is_new = self._take(event, first + len(rows), origins, at)
            if is_new and not origins.is_restored[at]:
                labels += isinstance(event, Label) or event.y_true is not None
                if isinstance(event, Prediction):
                    rows.append(row)
            if emitted := self._outcomes.take():
                outcomes += emitted
                before += [first + len(rows)] * len(emitted)
        restoring -= {partition for _, partition in ends}
        return Joined(np.array(rows, np.int64), labels, OutcomeBatch.of(outcomes, before))

    def _take(self, event: Prediction | Label, index: int, origins: Origins, at: int) -> bool:
        """Take the event of a record; return False for a duplicate."""
        partition, is_restored = origins.partition(at), bool(origins.is_restored[at])
        if isinstance(event, Prediction):
            return self._events.predict(event, index, partition, is_restored)
        return self._events.label(event, partition, is_restored)


def _in_order(events: EventBatch) -> Iterator[tuple[int, int, Prediction | Label]]:
    """Yield the events of a batch in order, each with the row of its record and its row among those of its kind."""
    predictions, labels = events.predictions, events.labels
    places = [(at, True, row) for row, at in enumerate(predictions.at.tolist())]
    places += [(at, False, row) for row, at in enumerate(labels.at.tolist())]
    for at, is_prediction, row in sorted(places):
        yield at, row, predictions.event(row) if is_prediction else labels.event(row)
