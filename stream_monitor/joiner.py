"""Label meets prediction: a bounded table in memory, with a time-to-live in event time."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple, TypeVar

from stream_monitor.events import Label, ModelVersion, Outcome, Prediction, Target

#: Ids remembered after their label was applied, so that a repeated prediction or label is known as such.
REMEMBERED = 100_000


class Waiting(NamedTuple):
    """What is kept of a prediction until its label comes. ``since`` is the event time at which it began to wait."""

    since: float
    key: ModelVersion
    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    ts: float | None
    y_pred: Target


class _Done(NamedTuple):
    """Who has met a label, and that label: another version's prediction of the same id gets it too."""

    since: float
    keys: tuple[ModelVersion, ...]
    label: Label | None


class _Early(NamedTuple):
    since: float
    labels: tuple[Label, ...]


_Entry = TypeVar("_Entry")


class Joiner:
    """Pairs labels with predictions by id, whichever comes first.

    One id predicted by several models or versions gives an outcome for each of them. Time is the latest event time
    seen: reading a backlog expires nothing that a live reader would have joined. What waits longer than ``ttl``
    seconds, or is the oldest above ``max_waiting``, is expired and counted.
    """

    def __init__(self, max_waiting: int = 1_000_000, ttl: float = 30 * 86_400.0) -> None:
        self._max_waiting = max_waiting
        self._ttl = ttl
        self._clock = float("-inf")
        self._waiting: OrderedDict[str, tuple[Waiting, ...]] = OrderedDict()
        self._early: OrderedDict[str, _Early] = OrderedDict()
        self._done: OrderedDict[str, _Done] = OrderedDict()
        self._extra = 0  # waiting predictions beyond the first of their id
        self.duplicate_predictions = 0
        self.duplicate_labels = 0
        self.expired_predictions = 0
        self.expired_labels = 0

    @property
    def waiting_predictions(self) -> int:
        """Predictions that wait for their label."""
        return len(self._waiting) + self._extra

    @property
    def waiting_labels(self) -> int:
        """Ids whose label came before their prediction."""
        return len(self._early)

    def predict(self, prediction: Prediction, index: int) -> list[Outcome] | None:
        """Take a prediction: its outcomes so far, at most one; None for a duplicate."""
        since = self._tick(prediction.ts)
        waiting = Waiting(since, prediction.key, index, prediction.ts, prediction.y_pred)
        known = self._waiting.get(prediction.id) or ()
        done = self._done.get(prediction.id)
        if any(other.key == prediction.key for other in known) or (done and prediction.key in done.keys):
            self.duplicate_predictions += 1
            return None
        if prediction.y_true is not None:
            self._remember(prediction.id, since, (prediction.key,), None)
            return [_outcome(waiting, prediction.y_true, None)]
        label = self._label_for(prediction, done)
        if label is not None:
            self._remember(prediction.id, since, (prediction.key,), label)
            return [_outcome(waiting, label.y_true, label.ts)]
        self._waiting[prediction.id] = (*known, waiting)
        self._extra += bool(known)
        return []

    def label(self, label: Label) -> list[Outcome] | None:
        """Take a label: an outcome for every prediction that waited for it; None for a duplicate."""
        since = self._tick(label.ts)
        waiting = self._waiting.get(label.id) or ()
        matched = [entry for entry in waiting if _meant(label, entry.key)]
        if matched:
            self._take(label.id, waiting, matched)
            self._remember(label.id, since, tuple(entry.key for entry in matched), label)
            return [_outcome(entry, label.y_true, label.ts) for entry in matched]
        done = self._done.get(label.id)
        early = self._early.get(label.id)
        others = early.labels if early else ()
        if (done and any(_meant(label, key) for key in done.keys)) or any(_same_target(label, o) for o in others):
            self.duplicate_labels += 1
            return None
        self._early[label.id] = _Early(since, (*others, label))
        return []

    def expire(self) -> None:
        """Drop what has waited too long, and the oldest above the bound; called once a batch."""
        horizon = self._clock - self._ttl
        while self._waiting and (_oldest(self._waiting)[0].since < horizon or self._over(self.waiting_predictions)):
            _, dropped = self._waiting.popitem(last=False)
            self._extra -= len(dropped) - 1
            self.expired_predictions += len(dropped)
        while self._early and (_oldest(self._early).since < horizon or self._over(len(self._early))):
            self._early.popitem(last=False)
            self.expired_labels += 1
        while self._done and (_oldest(self._done).since < horizon or len(self._done) > REMEMBERED):
            self._done.popitem(last=False)

    def _over(self, count: int) -> bool:
        return count > self._max_waiting

    def _tick(self, ts: float | None) -> float:
        """Move the clock on; the time at which an event begins to wait."""
        if ts is None:
            return self._clock if self._clock > float("-inf") else float("inf")
        self._clock = max(self._clock, ts)
        return ts

    def _label_for(self, prediction: Prediction, done: _Done | None) -> Label | None:
        """The label that came before this prediction, taken out of the early ones."""
        if done and done.label and _meant(done.label, prediction.key):
            return done.label
        early = self._early.get(prediction.id)
        label = next((label for label in early.labels if _meant(label, prediction.key)), None) if early else None
        if early and label:
            rest = tuple(other for other in early.labels if other is not label)
            if rest:
                self._early[prediction.id] = early._replace(labels=rest)
            else:
                del self._early[prediction.id]
        return label

    def _take(self, identity: str, waiting: tuple[Waiting, ...], matched: list[Waiting]) -> None:
        rest = tuple(entry for entry in waiting if entry not in matched)
        self._extra -= len(waiting) - 1 - max(len(rest) - 1, 0)
        if rest:
            self._waiting[identity] = rest
        else:
            del self._waiting[identity]

    def _remember(self, identity: str, since: float, keys: tuple[ModelVersion, ...], label: Label | None) -> None:
        done = self._done.get(identity)
        self._done[identity] = _Done(since, (*done.keys, *keys) if done else keys, label)


def _oldest(table: OrderedDict[str, _Entry]) -> _Entry:
    return next(iter(table.values()))


def _meant(label: Label, key: ModelVersion) -> bool:
    """Whether a label is for this version: it is, unless it names another."""
    return label.model in (None, key.model) and label.version in (None, key.version)


def _same_target(one: Label, other: Label) -> bool:
    return (one.model, one.version) == (other.model, other.version)


def _outcome(waiting: Waiting, y_true: Target, labelled: float | None) -> Outcome:
    delay = None if labelled is None or waiting.ts is None else max(labelled - waiting.ts, 0.0)
    return Outcome(waiting.key, waiting.index, waiting.ts, waiting.y_pred, y_true, delay)
