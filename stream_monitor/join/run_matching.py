"""Matching of runs of simple events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.core.events import Target
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.core.sequences import encode
from stream_monitor.join.ledger import Ledger
from stream_monitor.join.matching import JoinTables
from stream_monitor.join.rows import LABELLED, WAITING, as_objects
from stream_monitor.join.run import Run
from stream_monitor.join.run_expiry import Drops, RunExpiry
from stream_monitor.join.run_outcomes import Met, RunOutcomes
from stream_monitor.join.stream_time import StreamTime


class RunMatcher:
    """Matches the events of a run at once; the result is that of `Matcher` for each of them."""

    def __init__(
        self, tables: JoinTables, outcomes: RunOutcomes, time: StreamTime, expiry: RunExpiry, ledger: Ledger
    ) -> None:
        self._outcomes = outcomes
        self._entries, self._queues, _, self._epochs, _ = tables
        self._time, self._expiry, self._ledger = time, expiry, ledger

    def take(self, run: Run, drops: Drops, first: int) -> OutcomeBatch:
        """Take a run; return its outcomes.

        Args:
            run: The events, as `Horizon` has found them.
            drops: What is dropped by them.
            first: Position of its first prediction in the stream of predictions.
        """
        self._time.observe_all(run.events.ts[run.start : run.stop])
        self._expiry.drop(run, drops)
        outcomes = self._label(run, first) if run.all_bring_labels else self._match(run, first)
        self._expiry.arrive(run)
        return outcomes

    def _label(self, run: Run, first: int) -> OutcomeBatch:
        """Take predictions that all bring their labels: none of them waits."""
        predictions, of = run.events.predictions, run.of_predictions
        ids, ts, which = predictions.ids[of], predictions.ts[of], predictions.which[of]
        y_true = cast(Sequence[Target], predictions.y_true)[of]
        order, index = self._orders(run), np.arange(first, first + len(run))
        epochs = self._epochs.of(run.events.origins.partitions, run.partitions)
        self._entries.rows.add(
            ids,
            state=LABELLED,
            number=self._queues.labelled.extend(run.arrivals, ids),
            order=order,
            index=index,
            ts=ts,
            epoch=epochs,
            key=as_objects(predictions.keys)[which],
            target=as_objects(y_true),
            label_ts=math.nan,
            scope=None,
        )
        self._epochs.add_each("labelled", epochs, 1)
        y_pred, delays, at = predictions.y_pred[of], np.full(len(run), math.nan), run.predictions
        scores, maps = _finite(predictions.scores[of]), predictions.probabilities
        columns = index, ts, y_pred, y_true, delays, at, ids, scores, None if maps is None else maps[of]
        subgroups = None if predictions.subgroups is None else predictions.subgroups[of]
        outcomes = OutcomeBatch(predictions.keys, which, *columns, subgroups)
        return self._outcomes.take(run, Met(at, outcomes, order, epochs), first)

    def _match(self, run: Run, first: int) -> OutcomeBatch:
        """Match labels with predictions, and let the others wait."""
        rows = np.empty(len(run), np.int64)
        rows[run.predictions] = self._predict(run, first)
        rows[run.labels] = self._entries.rows.find(run.events.labels.ids[run.of_labels])
        positions = np.flatnonzero(run.is_met)
        outcomes = self._outcomes.take(run, self._meet(run, positions, rows[positions]), first)
        self._leave(rows[run.labels])
        self._remember(run, positions, rows[positions])
        return outcomes

    def _predict(self, run: Run, first: int) -> Ints:
        """Let the predictions wait, those that bring a label until `_remember`; return their rows."""
        predictions, of, at = run.events.predictions, run.of_predictions, run.predictions
        ids, epochs = predictions.ids[of], self._epochs.of(run.events.origins.partitions, run.partitions)[at]
        rows = self._entries.rows.add(
            ids,
            state=WAITING,
            order=self._orders(run),
            index=np.arange(first, first + len(at)),
            ts=predictions.ts[of],
            epoch=epochs,
            key=as_objects(predictions.keys)[predictions.which[of]],
            target=as_objects(predictions.y_pred[of]),
            scope=None,
            score=_finite(predictions.scores[of]),
            probabilities=_objects(predictions.probabilities, of),
            subgroup=_objects(predictions.subgroups, of),
        )
        waits = np.flatnonzero(~run.events.has_label[of])
        self._entries.rows["number"][rows[waits]] = self._queues.waiting.extend(
            run.arrivals[at[waits]], self._entries.rows["identity"][rows[waits]].tolist()
        )
        self._epochs.add_each("waiting", epochs[waits], 1)
        return rows

    def _orders(self, run: Run) -> Ints:
        """Return the orders of the predictions, none of which is a duplicate."""
        begin = self._queues.order
        self._queues.order += len(run.predictions)
        return np.arange(begin, self._queues.order)

    def _meet(self, run: Run, positions: Ints, rows: Ints) -> Met:
        """Return the events at these positions with their outcomes, given the rows of their predictions."""
        columns, ts = self._entries.rows, self._entries.rows["ts"][rows]
        keys, which = encode(columns["key"][rows].tolist())
        delays = run.label_ts[positions] - ts
        delays[delays <= 0.0] = 0.0
        y_pred, y_true = columns["target"][rows].tolist(), run.y_true[positions].tolist()
        scores, index, ids = columns["score"][rows], columns["index"][rows], columns["identity"][rows].tolist()
        rest = (_given(columns[name][rows].tolist()) for name in ("probabilities", "subgroup"))
        outcomes = OutcomeBatch(keys, which, index, ts, y_pred, y_true, delays, positions, ids, scores, *rest)
        return Met(positions, outcomes, columns["order"][rows], columns["epoch"][rows].astype(np.int64))

    def _leave(self, rows: Ints) -> None:
        """Take predictions that meet a label out of those that wait."""
        self._queues.waiting.discard_all(self._entries.rows["number"][rows])
        self._epochs.add_each("waiting", self._entries.rows["epoch"][rows], -1)
        self._ledger.applied_labels += len(rows)

    def _remember(self, run: Run, met: Ints, rows: Ints) -> None:
        """Remember the predictions at these positions of the run as labelled."""
        columns = self._entries.rows
        number = self._queues.labelled.extend(run.arrivals[met], columns["identity"][rows].tolist())
        self._epochs.add_each("labelled", columns["epoch"][rows], 1)
        columns.set(
            rows,
            state=LABELLED,
            number=number,
            target=run.y_true[met],
            label_ts=run.label_ts[met],
            scope=run.scopes[met],
            score=np.nan,
            probabilities=None,
            subgroup=None,
        )


def _objects(values: Sequence[Any] | None, of: slice) -> NDArray[np.object_] | None:
    """Return some of the values of a column as an array of objects, None for a column without any."""
    return None if values is None else as_objects(values[of])


def _given(values: list[Any]) -> list[Any] | None:
    """Return the values of a column, None if there are none."""
    return values if values.count(None) < len(values) else None


def _finite(scores: Floats) -> Floats:
    """Return scores, NaN for those that are not finite."""
    return np.where(np.isfinite(scores), scores, np.nan)
