"""Outcomes of a run: emitted at their event or at a later one of the run, or kept in the maturity buffer."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.join.ledger import Ledger
from stream_monitor.join.maturity_buffer import MaturityBuffer
from stream_monitor.join.outcomes import Outcomes
from stream_monitor.join.partition_epochs import PartitionEpochs
from stream_monitor.join.run import Run


class Met(NamedTuple):
    """The n events of a run that give an outcome.

    Attributes:
        positions: Their positions in the run, rising, shape (n,).
        outcomes: The outcomes.
        order, epoch: The order and the epoch of their predictions, shape (n,).
    """

    positions: Ints
    outcomes: OutcomeBatch
    order: Ints
    epoch: Ints


class RunOutcomes:
    """Emits the outcomes of a run; the result is that of `Outcomes` for its events one by one."""

    def __init__(
        self, outcomes: Outcomes, buffer: MaturityBuffer, epochs: PartitionEpochs, ledger: Ledger, limit: int
    ) -> None:
        self._outcomes, self._buffer, self._epochs, self._ledger = outcomes, buffer, epochs, ledger
        self._limit = limit

    def all_pass(self, now: float) -> bool:
        """Return True when up to this stream time every outcome is emitted at once, and nothing else is mature."""
        return not self._buffer.maturity and self._outcomes.next_due > now

    def quiet(self, now: Floats, positions: Ints, ts: Floats) -> int:
        """Return the number of events before the first at which more may be mature than one event releases.

        Args:
            now: Stream time at each event of a run, rising, shape (n,), n > 0.
            positions: The positions of the events that give an outcome, rising.
            ts: The times of the predictions of these outcomes, NaN where unknown.
        """
        mature = self._buffer.mature(float(now[-1]))
        if mature is None:
            return 0
        due = np.array([held for held, _ in mature]) + self._buffer.maturity
        later = ts + self._buffer.maturity
        later = later[(later > now[positions]) & (later <= now[-1])] if self._buffer.maturity else later[:0]
        counts = np.bincount(np.searchsorted(now, np.concatenate((due, later))), minlength=1)
        return int(np.argmax(counts > self._limit)) if counts.max() > self._limit else len(now)

    def take(self, run: Run, met: Met, first: int) -> OutcomeBatch:
        """Emit or buffer the outcomes of a run, and release what it brings to maturity; return what is emitted.

        Args:
            run: The run.
            met: Its events that give an outcome.
            first: Position of its first prediction in the stream of predictions.
        """
        before = first + np.cumsum(~run.is_label)
        if self.all_pass(run.now[-1]):
            self._ledger.applied_predictions += len(met.positions)
            return replace(met.outcomes, before=before[met.positions])
        at, is_held = self._emitted_at(run, met)
        orders, released = self._release(float(run.now[-1]))
        self._hold(met, np.flatnonzero(at == len(run)))
        self._outcomes.next_due = self._buffer.next_due
        at = np.concatenate((np.searchsorted(run.now, released.ts + self._buffer.maturity), at))
        outcomes = OutcomeBatch.concat((released, met.outcomes))
        is_new = np.concatenate((np.zeros(len(released), bool), ~is_held))
        rows = np.lexsort((np.concatenate((orders, met.order)), outcomes.ts, is_new, at))
        rows = rows[at[rows] < len(run)]
        self._ledger.applied_predictions += len(rows)
        return replace(outcomes.take(rows), before=before[at[rows]])

    def _emitted_at(self, run: Run, met: Met) -> tuple[Ints, Bools]:
        """Return the position at which each outcome is emitted, len(run) if behind the run, and which are held."""
        mature_at = met.outcomes.ts + self._buffer.maturity
        is_held = (mature_at > run.now[met.positions]) & (self._buffer.maturity > 0.0)
        return np.where(is_held, np.searchsorted(run.now, mature_at), met.positions), is_held

    def _hold(self, met: Met, rows: Ints) -> None:
        """Buffer these outcomes."""
        held = zip(met.outcomes.take(rows), met.order[rows].tolist(), met.epoch[rows].tolist(), strict=True)
        for outcome, order, epoch in held:
            self._buffer.add(outcome, order, epoch)
        self._epochs.add_each("buffered", met.epoch[rows], 1)

    def _release(self, now: float) -> tuple[Ints, OutcomeBatch]:
        """Take what is mature out of the buffer; return the orders and the outcomes, without revoked epochs."""
        alive = self._epochs.alive
        mature = [each for each in self._buffer.pop_mature(now) if each[1] in alive]
        self._epochs.add_each("buffered", np.array([epoch for _, epoch, _ in mature], np.int64), -1)
        outcomes = OutcomeBatch.of([outcome for _, _, outcome in mature], [0] * len(mature))
        return np.array([order for order, _, _ in mature], np.int64), outcomes
