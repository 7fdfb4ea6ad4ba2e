"""The join of a batch of events."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.event_batch import EventBatch
from stream_monitor.core.events import Outcome, Prediction
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.join.event_columns import EventColumns
from stream_monitor.join.event_join import EventJoin
from stream_monitor.join.horizon import Horizon
from stream_monitor.join.matching import JoinTables
from stream_monitor.join.origins import Origins
from stream_monitor.join.run import Run
from stream_monitor.join.run_matching import RunMatcher
from stream_monitor.join.simple_events import SimpleEvents

_NO_ROWS: Ints = np.empty(0, np.int64)


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
    """Takes the events of a batch in order: runs of simple events at once, all others one by one."""

    #: Events of a run at least; where fewer can be taken at once, as many are taken one by one, which costs less, and
    #: twice as many each time that no run follows.
    MIN_RUN = 16

    def __init__(self, events: EventJoin, horizon: Horizon, runs: RunMatcher, tables: JoinTables) -> None:
        self._events, self._horizon, self._runs = events, horizon, runs
        self._entries, self._epochs, self._outcomes = tables.entries, tables.epochs, tables.outcomes

    def join(self, events: EventBatch, origins: Origins, first: int) -> Joined:
        """Take a batch; ``first`` is the position of its first new prediction in the stream of predictions."""
        columns, taken = EventColumns.of(events, origins), _Taken(first)
        self._events.restoring = restoring = set(origins.restoring)
        if len(columns) >= self.MIN_RUN and not (restoring or origins.is_restored.any()):
            self._take_runs(columns, taken)
            return taken.joined()
        self._events.prefetch([*events.predictions.ids, *events.labels.ids])
        start = 0
        for at, partition in origins.restored():
            stop = int(np.searchsorted(columns.at, at))
            self._take_each(columns, range(start, stop), taken)
            restoring.discard(partition)
            start = stop
        self._take_each(columns, range(start, len(columns)), taken)
        return taken.joined()

    def _take_runs(self, events: EventColumns, taken: _Taken) -> None:
        start, count, patience = 0, len(events), self.MIN_RUN
        simple = SimpleEvents.of(events, self._entries, self._epochs)
        while start < count:
            run, drops = self._horizon.run(events, simple, start)
            if len(run) >= self.MIN_RUN:
                taken.add_run(run, self._runs.take(run, drops, taken.index))
                start, patience = run.stop, self.MIN_RUN
            else:
                stop = simple.resumes_at(run.stop, self.MIN_RUN) or min(start + patience, count)
                self._take_each(events, range(start, stop), taken)
                start, patience = stop, 2 * patience

    def _take_each(self, events: EventColumns, positions: range, taken: _Taken) -> None:
        """Take events one by one."""
        origins = events.origins
        for position in positions:
            event, at = events.event(position), int(events.at[position])
            partition, is_restored = origins.partition(at), bool(origins.is_restored[at])
            if isinstance(event, Prediction):
                is_new = self._events.predict(event, taken.index, partition, is_restored)
                if is_new and not is_restored:
                    taken.add_prediction(int(events.row[position]), event.y_true is not None)
            elif self._events.label(event, partition, is_restored) and not is_restored:
                taken.labels += 1
            taken.add_outcomes(self._outcomes.take())


class _Taken:
    """The part of a batch that was taken so far.

    Attributes:
        index: Position of the next new prediction in the stream of predictions.
        labels: Number of new labels.
    """

    def __init__(self, first: int) -> None:
        self.index, self.labels = first, 0
        self._rows: list[Ints] = []
        self._outcomes: list[OutcomeBatch] = []
        self._single_rows: list[int] = []
        self._single: list[Outcome] = []
        self._before: list[int] = []

    def add_prediction(self, row: int, has_label: bool) -> None:
        """Add a new prediction."""
        self._single_rows.append(row)
        self.index += 1
        self.labels += has_label

    def add_outcomes(self, outcomes: list[Outcome]) -> None:
        """Add the outcomes that an event has led to."""
        self._single += outcomes
        self._before += [self.index] * len(outcomes)

    def add_run(self, run: Run, outcomes: OutcomeBatch) -> None:
        """Add a run, and the outcomes that it has led to."""
        self._close()
        self._rows.append(np.arange(run.of_predictions.start, run.of_predictions.stop))
        self._outcomes.append(outcomes)
        self.index += len(run.predictions)
        self.labels += int(np.count_nonzero(run.is_met))

    def joined(self) -> Joined:
        """Return the result."""
        self._close()
        rows = np.concatenate([_NO_ROWS, *self._rows])
        return Joined(rows, self.labels, OutcomeBatch.concat(self._outcomes))

    def _close(self) -> None:
        """Turn the events that were taken one by one into columns."""
        if not (self._single_rows or self._single):
            return
        self._rows.append(np.array(self._single_rows, np.int64))
        self._outcomes.append(OutcomeBatch.of(self._single, self._before))
        self._single_rows, self._single, self._before = [], [], []
