"""Label meets prediction: a bounded table in memory, with a time-to-live in event time."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from stream_monitor.events import Label, ModelVersion, Outcome, Prediction, Target

#: Versions of one id, and labels of one id for versions still to come, that are told apart.
MOST_PER_ID = 100
_COUNTERS = ("duplicate_predictions", "duplicate_labels", "expired_predictions", "expired_labels")
#: Ids remembered after their label was applied, so that a repeated prediction or label is known as such.
REMEMBERED = 50_000


class Waiting(NamedTuple):
    """What is kept of a prediction until its label comes. ``since`` is the event time at which it began to wait."""

    since: float
    key: ModelVersion
    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    ts: float | None
    y_pred: Target


class _Done(NamedTuple):
    """Who has met a label, and that label: another version's prediction of the same id gets it too."""

    order: int
    keys: tuple[ModelVersion, ...]
    label: Label | None


class _Early(NamedTuple):
    since: float
    order: int
    labels: tuple[Label, ...]


_Entry = TypeVar("_Entry")


class Joiner:
    """Pairs labels with predictions by id, whichever comes first.

    One id predicted by several models or versions gives an outcome for each of them. Time is the latest event time
    seen: reading a backlog expires nothing that a live reader would have joined. What waits longer than ``ttl``
    seconds since it came (a label for its prediction: ``early_ttl``), or is the oldest above ``max_waiting``, is
    expired and counted.
    """

    def __init__(
        self, max_waiting: int = 1_000_000, ttl: float = 30 * 86_400.0, early_ttl: float | None = None
    ) -> None:
        self._max_waiting = max_waiting
        self._ttl = ttl
        self._early_ttl = ttl if early_ttl is None else early_ttl
        self._clock = -math.inf
        self._first = math.inf  # the first time that was known
        self._waiting: OrderedDict[str, tuple[Waiting, ...]] = OrderedDict()
        self._early: OrderedDict[str, _Early] = OrderedDict()
        self._done: OrderedDict[str, _Done] = OrderedDict()
        self._changed: set[str] | None = None  # ids to write at the next checkpoint, once there are any
        self._keys: dict[tuple[ModelVersion, ...], tuple[ModelVersion, ...]] = {}
        self._next_expiry = math.inf
        self._order = 0
        self._early_labels = 0
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
        """Labels that came before their prediction."""
        return self._early_labels

    def predict(self, prediction: Prediction, index: int) -> list[Outcome] | None:
        """Take a prediction: its outcomes so far, at most one; None for a duplicate."""
        identity, ts, key, y_pred, *_, y_true = prediction
        since = self._begin(identity, ts)
        known = self._waiting.get(identity)
        done = self._done.get(identity)
        if (known and any(other.key == key for other in known)) or (done and key in done.keys):
            self.duplicate_predictions += 1
            return None
        if y_true is not None:
            self._remember(identity, done, (key,), None)
            return [Outcome(key, index, ts, y_pred, y_true, None)]
        waiting = Waiting(since, key, index, ts, y_pred)
        label = self._label_for(prediction, done) if done or self._early else None
        if label is not None:
            self._remember(identity, done, (key,), label)
            return [_outcome(waiting, label)]
        self._waiting[identity] = (*known, waiting) if known else (waiting,)
        self._extra += bool(known)
        self._bound(since)
        return []

    def label(self, label: Label) -> list[Outcome] | None:
        """Take a label: an outcome for every prediction that waited for it; None for a duplicate."""
        since = self._begin(label.id, label.ts)
        waiting = self._waiting.get(label.id) or ()
        matched = [entry for entry in waiting if _meant(label, entry.key)]
        if matched:
            self._take(label.id, waiting, matched)
            self._remember(label.id, self._done.get(label.id), tuple(entry.key for entry in matched), label)
            return [_outcome(entry, label) for entry in matched]
        done = self._done.get(label.id)
        early = self._early.get(label.id)
        others = early.labels if early else ()
        if (done and any(_meant(label, key) for key in done.keys)) or any(_same_target(label, o) for o in others):
            self.duplicate_labels += 1
            return None
        if len(others) == MOST_PER_ID:
            others = others[1:]
            self._early_labels -= 1
            self.expired_labels += 1
        self._early[label.id] = _Early(since, early.order if early else self._next(), (*others, label))
        self._early_labels += 1
        self._bound(since)
        return []

    def _expire(self) -> None:
        """Drop what has waited too long, and the oldest above the bound."""
        horizon = self._clock - self._ttl
        while self._waiting and (
            self._begun(_oldest(self._waiting)[0].since) < horizon or self._over(self.waiting_predictions)
        ):
            identity, dropped = self._waiting.popitem(last=False)
            self._note(identity)
            self._extra -= len(dropped) - 1
            self.expired_predictions += len(dropped)
        while self._early and (
            self._begun(_oldest(self._early).since) < self._clock - self._early_ttl or self._over(self._early_labels)
        ):
            identity, early = self._early.popitem(last=False)
            self._note(identity)
            self._early_labels -= len(early.labels)
            self.expired_labels += len(early.labels)
        oldest = [self._begun(_oldest(self._waiting)[0].since)] if self._waiting else []
        due = [since + self._ttl for since in oldest]
        due += [self._begun(_oldest(self._early).since) + self._early_ttl] if self._early else []
        self._next_expiry = min(due, default=math.inf)

    def state(self) -> dict[str, Any]:
        """Clock and counters; the tables are in `table_changes`."""
        times = (self._clock, self._first, self._next_expiry)
        clock, first, expiry = (time if math.isfinite(time) else None for time in times)
        return {
            "clock": clock,
            "first": first,
            "next_expiry": expiry,
            "order": self._order,
            **{name: getattr(self, name) for name in _COUNTERS},
        }

    def table_changes(self) -> dict[str, Any]:
        """What is known of each id that changed since the last call, None where that is nothing any more.

        The first call gives every id, and from then on changes are tracked.
        """
        changed = self._changed
        if changed is None:
            changed = {*self._waiting, *self._early, *self._done}
        self._changed = set()
        return {identity: self._entry(identity) for identity in changed}

    def restore(self, state: Mapping[str, Any], table: Mapping[str, Any]) -> None:
        """Take up a state and the tables, in the order that they had."""
        self._clock = -math.inf if state["clock"] is None else state["clock"]
        self._next_expiry = math.inf if state["next_expiry"] is None else state["next_expiry"]
        self._first = math.inf if state["first"] is None else state["first"]
        self._order = state["order"]
        for name in _COUNTERS:
            setattr(self, name, state[name])
        waiting, early, done = (
            {identity: entry[at] for identity, entry in table.items() if entry[at]} for at in range(3)
        )
        for identity, entries in sorted(waiting.items(), key=lambda item: item[1][0][2]):
            self._waiting[identity] = tuple(
                Waiting(_since(since), ModelVersion(*key), *rest) for since, key, *rest in entries
            )
            self._extra += len(entries) - 1
        for identity, (since, order, labels) in sorted(early.items(), key=lambda item: item[1][1]):
            self._early[identity] = _Early(_since(since), order, tuple(Label(*label) for label in labels))
            self._early_labels += len(labels)
        for identity, (order, keys, label) in sorted(done.items(), key=lambda item: item[1][0]):
            versions = tuple(ModelVersion(*key) for key in keys)
            self._done[identity] = _Done(order, versions, Label(*label) if label else None)
        self._changed = set()

    def _entry(self, identity: str) -> list[Any] | None:
        entry = [table.get(identity) for table in (self._waiting, self._early, self._done)]
        return entry if any(entry) else None

    def _note(self, identity: str) -> None:
        """Remember that an id changed, once somebody asks for changes."""
        if self._changed is not None:
            self._changed.add(identity)

    def _over(self, count: int) -> bool:
        return count > self._max_waiting

    def _begin(self, identity: str, ts: float | None) -> float:
        """Move the clock on and expire what is due, at each event: batches must not matter. Since when it waits."""
        self._note(identity)
        if ts is not None and ts > self._clock:
            if self._clock == -math.inf:
                self._first = ts
            self._clock = ts
            if ts > self._next_expiry:
                self._expire()
        return self._clock if self._clock > -math.inf else math.inf

    def _begun(self, since: float) -> float:
        """When a prediction began to wait; one from before any time was known, at the first that was."""
        return self._first if since == math.inf else since

    def _bound(self, since: float) -> None:
        """Something more waits: keep to the bound, and know when it is due."""
        self._next_expiry = min(self._next_expiry, self._begun(since) + self._ttl)
        if self._over(self.waiting_predictions) or self._over(self._early_labels):
            self._expire()

    def _label_for(self, prediction: Prediction, done: _Done | None) -> Label | None:
        """The label that came before this prediction, taken out of the early ones."""
        if done and done.label and _meant(done.label, prediction.key):
            return done.label
        early = self._early.get(prediction.id)
        label = next((label for label in early.labels if _meant(label, prediction.key)), None) if early else None
        if early and label:
            self._early_labels -= 1
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

    def _remember(
        self, identity: str, done: _Done | None, keys: tuple[ModelVersion, ...], label: Label | None
    ) -> None:
        if done:
            self._done[identity] = _Done(done.order, (*done.keys, *keys)[-MOST_PER_ID:], label or done.label)
            return
        # One tuple for all that have the same key: there are many of them.
        if len(self._keys) < REMEMBERED:
            keys = self._keys.setdefault(keys, keys)
        self._done[identity] = _Done(self._next(), keys, label)
        if len(self._done) > REMEMBERED:
            oldest, _ = self._done.popitem(last=False)
            self._note(oldest)

    def _next(self) -> int:
        """Numbers in order of arrival, so that a restored table has the order that it had."""
        self._order += 1
        return self._order


def _oldest(table: OrderedDict[str, _Entry]) -> _Entry:
    return next(iter(table.values()))


def _since(since: float | None) -> float:
    """JSON has null for the infinite age of what had no time."""
    return math.inf if since is None else since


def _meant(label: Label, key: ModelVersion) -> bool:
    """Whether a label is for this version: it is, unless it names another."""
    return label.model in (None, key.model) and label.version in (None, key.version)


def _same_target(one: Label, other: Label) -> bool:
    return (one.model, one.version) == (other.model, other.version)


def _outcome(waiting: Waiting, label: Label) -> Outcome:
    delay = None if label.ts is None or waiting.ts is None else max(label.ts - waiting.ts, 0.0)
    return Outcome(waiting.key, waiting.index, waiting.ts, waiting.y_pred, label.y_true, delay)
