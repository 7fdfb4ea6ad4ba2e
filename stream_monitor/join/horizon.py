"""The horizon of a run: how many events can be taken at once."""

from __future__ import annotations

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.join.entry_store import EntryStore
from stream_monitor.join.event_columns import EventColumns
from stream_monitor.join.rows import WAITING
from stream_monitor.join.run import Run
from stream_monitor.join.run_expiry import Drops, Heads, RunExpiry
from stream_monitor.join.run_outcomes import RunOutcomes
from stream_monitor.join.simple_events import SimpleEvents
from stream_monitor.join.stream_time import StreamTime


class Horizon:
    """Finds runs of simple events before whose end nothing leaps in time, or is dropped that they have to do with."""

    def __init__(self, entries: EntryStore, time: StreamTime, expiry: RunExpiry, outcomes: RunOutcomes) -> None:
        self._entries, self._time, self._expiry, self._outcomes = entries, time, expiry, outcomes

    def run(self, events: EventColumns, simple: SimpleEvents, start: int) -> tuple[Run, Drops]:
        """Return the longest run that begins at a position, and what it drops; the run may be empty."""
        is_simple = simple.is_simple[start:]
        count = len(is_simple) if is_simple.all() else int(np.argmin(is_simple))
        now, count = self._time.trace(events.ts[start : start + count])
        run = Run(events, start, now[:count])
        if not count:
            return run, Drops(Heads.none(0), Heads.none(0))
        rows = self._entries.rows.find(events.labels.ids[run.of_labels])
        drops, certain = self._expiry.drops(run, rows)
        count = min(certain, self._until_many_mature(run, simple, rows), self._until_stale(run, simple, rows))
        return run if count == len(run) else Run(events, start, now[:count]), drops

    def _until_many_mature(self, run: Run, simple: SimpleEvents, rows: Ints) -> int:
        """Return the number of events before the first at which more may be mature than one event releases."""
        if self._outcomes.all_pass(run.now[-1]):
            return len(run)
        return self._outcomes.quiet(run.now, *self._met(run, simple, rows))

    def _until_stale(self, run: Run, simple: SimpleEvents, rows: Ints) -> int:
        """Return the number of events before the first label whose prediction has been dropped since it was found."""
        if not len(rows):
            return len(run)
        own = simple.own[run.of_labels]
        is_stale = (rows < 0) | (self._entries.rows["state"][rows] != WAITING)
        is_stale &= (own < run.of_predictions.start) | (own >= run.of_predictions.stop)
        return int(run.labels[np.argmax(is_stale)]) if is_stale.any() else len(run)

    def _met(self, run: Run, simple: SimpleEvents, rows: Ints) -> tuple[Ints, Floats]:
        """Return the positions of the events that give an outcome, and the times of their predictions."""
        predictions, own = run.events.predictions, simple.own[run.of_labels]
        ts = np.empty(len(run))
        ts[run.predictions] = predictions.ts[run.of_predictions]
        ts[run.labels] = self._entries.rows["ts"][rows]
        ts[run.labels[own >= 0]] = predictions.ts[own[own >= 0]]
        positions = np.flatnonzero(run.is_met)
        return positions, ts[positions]
