"""Matching of predictions and labels by id."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from stream_monitor.core.events import Label, ModelVersion, Outcome, Prediction
from stream_monitor.join.arrival_queues import ArrivalQueues
from stream_monitor.join.entry import MAX_PER_ID, Done, Early, Entry, Known, Labelled, Waiting, delay, is_meant
from stream_monitor.join.entry_store import EntryStore
from stream_monitor.join.ledger import Ledger
from stream_monitor.join.outcomes import Outcomes
from stream_monitor.join.partition_epochs import PartitionEpochs
from stream_monitor.join.waiting import WaitingEvents


class JoinTables(NamedTuple):
    """Everything that matching reads and writes, shared by live and restored events."""

    entries: EntryStore
    queues: ArrivalQueues
    waiting: WaitingEvents
    epochs: PartitionEpochs
    outcomes: Outcomes


class Matcher:
    """Matches each event with what waits for it, or lets it wait.

    Args:
        tables: What is read and written.
        ledger: Counts the ends of predictions and labels.
        conclude: Takes an outcome, with the order and the epoch of its prediction.
        revises: Whether a second label with another target replaces the first.
    """

    def __init__(
        self, tables: JoinTables, ledger: Ledger, conclude: Callable[[Outcome, int, int], None], *, revises: bool
    ) -> None:
        self._entries, self._queues, self._waiting, self._epochs, self._outcomes = tables
        self._ledger, self._conclude, self._revises = ledger, conclude, revises

    def predict(self, prediction: Prediction, index: int, arrival: float, epoch: int) -> bool:
        """Take a prediction; return False for a duplicate."""
        entry = self._entries.read(prediction.id)
        if entry.has(prediction.key):
            self._ledger.duplicate_predictions += 1
            return False
        self._add_version(entry, prediction, index, arrival, epoch)
        self._entries.write(prediction.id, entry)
        return True

    def label(self, label: Label, arrival: float, epoch: int) -> bool:
        """Take a label; return False for a duplicate."""
        entry = self._entries.read(label.id)
        matched = [waiting for waiting in entry.waiting if is_meant(label, waiting)]
        known = None if matched else entry.known_target(label)
        if known is not None:
            return self._repeat(label, entry, is_revised=known != label.y_true)
        if matched:
            self._match_waiting(label, entry, matched, arrival)
        else:
            self._await_prediction(label, entry, arrival, epoch)
        self._entries.write(label.id, entry)
        return True

    def _add_version(self, entry: Entry, prediction: Prediction, index: int, arrival: float, epoch: int) -> None:
        """Add a version that is new under its id: match it with the label that it brings or that is known."""
        identity, ts, key, y_true = prediction.id, prediction.ts, prediction.key, prediction.y_true
        score = prediction.score if prediction.score is not None and math.isfinite(prediction.score) else None
        place = -1, self._queues.order, index, ts
        y_pred, maps, subgroup = prediction.y_pred, prediction.probabilities, prediction.subgroup
        waiting = Waiting(*place, y_pred, *key, epoch, score, maps, subgroup)
        self._queues.order += 1
        label = entry.label_for(key) if y_true is None else Known(None, y_true, None, None)
        if label is None:
            self._waiting.add_prediction(entry, identity, waiting, arrival)
            return
        self._match(self._done(entry, identity, epoch, arrival), identity, [waiting], label)
        if isinstance(label, Early):
            self._waiting.remove_label(entry, label)
            self._apply(entry, label)

    def _match_waiting(self, label: Label, entry: Entry, matched: list[Waiting], arrival: float) -> None:
        """Match a label with predictions that wait for it."""
        self._waiting.remove_predictions(entry, matched)
        self._match(self._done(entry, label.id, matched[0].epoch, arrival), label.id, matched, label)
        self._apply(entry, label)

    def _await_prediction(self, label: Label, entry: Entry, arrival: float, epoch: int) -> None:
        """Let a label wait; above the bound of an id its oldest early label expires."""
        if len(entry.early) == MAX_PER_ID:
            self._waiting.remove_label(entry, entry.early[0])
            self._ledger.expired_labels += 1
        self._waiting.add_label(entry, label, arrival, epoch)

    def _done(self, entry: Entry, identity: str, epoch: int, arrival: float) -> Done:
        """Return what is labelled of an id; for an id that is labelled first, it begins in this epoch."""
        if entry.done is None:
            entry.done = Done(self._queues.labelled.append(arrival, identity), epoch, [], [])
            self._epochs.add("labelled", epoch, 1)
        return entry.done

    def _match(self, done: Done, identity: str, matched: list[Waiting], label: Label | Early | Known) -> None:
        """Conclude the outcomes of predictions and their label, and remember the versions as labelled."""
        label_ts, y_true = label.ts, label.y_true
        for _, order, index, ts, y_pred, model, version, epoch, score, maps, subgroup in matched:
            key, seconds = ModelVersion(model, version), delay(label_ts, ts)
            outcome = Outcome(key, index, ts, y_pred, y_true, seconds, score, maps, subgroup, identity)
            self._conclude(outcome, order, epoch)
            done.labelled.append(Labelled(model, version, y_true, ts, order, epoch))
        del done.labelled[:-MAX_PER_ID]

    def _apply(self, entry: Entry, label: Label | Early) -> None:
        """Count a label as applied, and remember it for further versions of its id."""
        self._ledger.applied_labels += 1
        entry.remember(Known(label.ts, label.y_true, label.model, label.version))

    def _repeat(self, label: Label, entry: Entry, is_revised: bool) -> bool:
        """Count a duplicate label, and revise what is known when it says so; return False."""
        self._ledger.duplicate_labels += 1
        self._ledger.revised_labels += is_revised
        if is_revised and self._revises:
            self._outcomes.revise(entry.revise(label), label.y_true)
            self._entries.write(label.id, entry)
        return False
