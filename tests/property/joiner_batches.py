"""A driver that hands events to the joiner in batches, and compares each result with the naive one's."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from stream_monitor.core.errors import Reason
from stream_monitor.core.event_batch import EventBatch
from stream_monitor.core.events import Label, Outcome, Prediction, Rejection
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.core.records import TopicPartition
from stream_monitor.join.origins import Origins
from tests.property.joiner_driver import Driver, Predict, Step, Store, Tell, same


class BatchDriver(Driver):
    """Both joiners; the events between two other steps go to the joiner in batches of these sizes."""

    def __init__(self, store: Store, start: float, sizes: Sequence[int], **settings: Any) -> None:
        super().__init__(store, start, **settings)
        self._sizes = cycle(sizes)
        self._count = 0

    def run(self, steps: Sequence[Step]) -> None:
        self.do_all(steps)

    def do_all(self, steps: Sequence[Step]) -> None:
        pending: list[Predict | Tell] = []
        size = next(self._sizes)
        for step in steps:
            if isinstance(step, Predict | Tell):
                pending.append(step)
                if len(pending) < size:
                    continue
            self._take(pending)
            pending, size = [], next(self._sizes)
            if not isinstance(step, Predict | Tell):
                self.do(step)
                self.agree()
        self._take(pending)

    def _take(self, steps: Sequence[Predict | Tell]) -> None:
        """Take events as one batch, in which every third record is rejected."""
        if not steps:
            return
        self.since += steps
        events = [self._event(step) for step in steps]
        origins = [(step.partition, step.restored) for step in steps]
        restoring = set(self.naive.restoring)
        expected = self._expected(events, origins)
        for at in range(0, len(events), 3):
            events.insert(at, Rejection(Reason.NOT_JSON, ""))
            origins.insert(at, (("rejected", 0), False))
        joined = self.joiner.join(EventBatch.of(events), make_origins(origins, restoring), self._count)
        found = (
            joined.rows.tolist(),
            joined.labels,
            outcomes_of(joined.outcomes),
            sorted(self.joiner.events.restoring),
        )
        same("batch", repr(found), repr((*expected, sorted(set(self.naive.restoring)))))
        self._count += len(joined.rows)
        self.agree()

    def _event(self, step: Predict | Tell) -> Prediction | Label | Rejection:
        ts = self.time(step.step)
        if isinstance(step, Predict):
            subgroup = f"g={step.id}" if self._count % 3 else None
            y_pred = f"y {self._count}"
            return Prediction(step.id, ts, step.key, y_pred, {}, y_true=step.y_true, subgroup=subgroup)
        return Label(step.id, ts, step.y_true, step.model, step.version)

    def _expected(
        self, events: Sequence[Prediction | Label | Rejection], origins: Sequence[tuple[TopicPartition, bool]]
    ) -> tuple[list[int], int, list[tuple[Outcome, int]]]:
        """Return what the naive joiner makes of the events: rows of new predictions, new labels, and outcomes."""
        rows: list[int] = []
        outcomes: list[tuple[Outcome, int]] = []
        labels = row = 0
        for event, (partition, restored) in zip(events, origins, strict=True):
            if not restored:
                self.naive.restoring = [one for one in self.naive.restoring if one != partition]
            if isinstance(event, Prediction):
                if self.naive.predict(event, self._count + len(rows), partition, restored) and not restored:
                    rows.append(row)
                    labels += event.y_true is not None
                row += 1
            elif isinstance(event, Label):
                labels += self.naive.label(event, partition, restored) and not restored
            outcomes += [(one, self._count + len(rows)) for one in self.naive.take_outcomes()]
        return rows, labels, outcomes


def make_origins(
    origins: Sequence[tuple[TopicPartition, bool]], restoring: Collection[TopicPartition] = ()
) -> Origins:
    """Return the origins of records, given the partition of each and whether it is restored."""
    partitions = list(dict.fromkeys(partition for partition, _ in origins))
    which = np.array([partitions.index(partition) for partition, _ in origins], np.int64)
    return Origins(partitions, which, np.array([restored for _, restored in origins]), restoring)


def outcomes_of(batch: OutcomeBatch) -> list[tuple[Outcome, int]]:
    """Return outcomes, each with the position of the prediction that comes next."""
    times = [None if math.isnan(ts) else ts for ts in batch.ts.tolist()]
    delays = [None if math.isnan(delay) else delay for delay in batch.delays.tolist()]
    keys = [batch.keys[which] for which in batch.which.tolist()]
    columns = keys, batch.index.tolist(), times, batch.y_pred, batch.y_true, delays
    rest = batch.subgroups or [None] * len(batch)
    rows = zip(*columns, rest, batch.ids, strict=True)
    found = [Outcome(*fields, subgroup=subgroup, id=identity) for *fields, subgroup, identity in rows]
    return list(zip(found, batch.before.tolist(), strict=True))
