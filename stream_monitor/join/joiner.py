"""Label meets prediction: a bounded store of what waits, with a time-to-live in event time."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Literal

import orjson

from stream_monitor.core.events import Label, ModelVersion, Outcome, Prediction, Target
from stream_monitor.core.records import TopicPartition
from stream_monitor.join.entry import MAX_PER_ID, Done, Early, Entry, Known, Labelled, Waiting, delay, is_meant
from stream_monitor.join.ledger import Ledger
from stream_monitor.join.maturity import MaturityBuffer
from stream_monitor.join.store import Store
from stream_monitor.state.key_value_store import KeyValueStore, MemoryStore

_NOWHERE = ("", 0)


class Joiner:
    """Pairs labels with predictions by id, whichever comes first.

    One id predicted by several models or versions gives an outcome for each of them. Time is the latest event time
    seen. What waits longer than ``ttl`` seconds since it came (a label for its prediction: ``early_ttl``), or is the
    oldest above ``max_waiting``, is expired and counted. An outcome is held until its prediction is ``maturity``
    seconds old; those held come out in the order of their predictions' times. Of a second label that differs,
    ``label_updates`` says which one holds; it can change an outcome only as long as that is held. The ids of the
    newest ``max_labelled`` outcomes are remembered, so that repetitions are known as such.
    """

    def __init__(
        self,
        table: KeyValueStore | None = None,
        *,
        max_waiting: int = 1_000_000,
        ttl: float = 30 * 86_400.0,
        early_ttl: float | None = None,
        maturity: float = 0.0,
        label_updates: Literal["first", "last"] = "first",
        max_labelled: int = 1_000_000,
    ) -> None:
        table = MemoryStore() if table is None else table
        self.ledger = Ledger()
        self._store = Store(
            table,
            self.ledger,
            max_waiting=max_waiting,
            ttl=ttl,
            early_ttl=ttl if early_ttl is None else early_ttl,
            max_labelled=max_labelled,
        )
        self._homes = self._store.homes
        self._held = MaturityBuffer(table, maturity)
        self._next_held = math.inf
        self._label_updates = label_updates
        self._order = 0
        self._outcomes: list[Outcome] = []
        #: Partitions that are being rebuilt: what is held of them, and due, was given out elsewhere.
        self.restoring: Collection[TopicPartition] = ()

    @property
    def waiting_predictions(self) -> int:
        """Predictions that wait for their label."""
        return self._homes.total.waiting

    @property
    def waiting_labels(self) -> int:
        """Labels that came before their prediction."""
        return self._homes.total.early

    @property
    def waiting_outcomes(self) -> int:
        """Outcomes that wait for their prediction to be old enough."""
        return self._homes.total.held

    @property
    def waiting(self) -> int:
        """All that waits."""
        return self.waiting_predictions + self.waiting_labels + self.waiting_outcomes

    @property
    def stream_time(self) -> float:
        """The latest event time, in seconds since the epoch; -inf before any."""
        return self._store.clock

    def prefetch(self, identities: Iterable[str]) -> None:
        """Events with these ids come next."""
        self._store.prefetch(identities)

    def predict(
        self, prediction: Prediction, index: int, place: TopicPartition = _NOWHERE, restored: bool = False
    ) -> bool:
        """Take a prediction; False for a duplicate. One that is ``restored`` only rebuilds what waits."""
        since = self._begin(prediction.ts)
        home = self._homes.number(place)
        if restored:
            taken = self._rebuild(self._predict, prediction, since, home, index)
        else:
            taken = self._predict(prediction, since, home, index)
        self._store.keep_bounds(since)
        return taken

    def label(self, label: Label, place: TopicPartition = _NOWHERE, restored: bool = False) -> bool:
        """Take a label; False for a duplicate. One that is ``restored`` only rebuilds what waits."""
        since = self._begin(label.ts)
        home = self._homes.number(place)
        taken = self._rebuild(self._label, label, since, home) if restored else self._label(label, since, home)
        self._store.keep_bounds(since)
        return taken

    @property
    def is_behind(self) -> bool:
        """Whether more is due than events have brought up so far."""
        return self._store.is_behind or self._next_held <= self._store.clock

    def catch_up(self, most: int) -> None:
        """Do some of what is due, though no event comes."""
        self._store.expire(most)
        self._release(most)

    @property
    def has_outcomes(self) -> bool:
        """Whether there are outcomes to take."""
        return bool(self._outcomes)

    def take_outcomes(self) -> list[Outcome]:
        """The outcomes since the last call, in order."""
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def revoke(self, places: Sequence[TopicPartition]) -> None:
        """What is kept of these partitions is void: it lives on elsewhere."""
        for place in places:
            kept = self._homes.depart(place)
            self.ledger.revoked += kept.waiting + kept.early + kept.held

    def state(self) -> dict[str, Any]:
        """All but what is in the table, which is brought up to date; outcomes are to be taken before."""
        return {**self._store.state(), "order": self._order, "ledger": self.ledger.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state, over the table that belongs to it."""
        self._store.restore(state)
        self._held.restore()
        self._next_held = -math.inf
        self._order = state["order"]
        self.ledger.restore(state["ledger"])

    def _rebuild(self, take: Callable[..., bool], *event: Any) -> bool:
        """Take an event for its effect on what waits alone."""
        counts, before, given = self.ledger.state(), self.waiting, len(self._outcomes)
        taken = take(*event)
        self.ledger.restore(counts)
        self.ledger.restored += self.waiting - before
        del self._outcomes[given:]
        return taken

    def _predict(self, prediction: Prediction, since: float, home: int, index: int) -> bool:
        identity, ts, key, y_pred, *_, y_true = prediction
        raw = self._store.raw(identity)
        if raw is None:
            if y_true is None:
                self._wait_anew(prediction, since, home, index)
            else:
                self._conclude_anew(prediction, home, index)
            return True
        entry = self._store.decode(raw)
        if entry.has(key):
            self.ledger.duplicate_predictions += 1
            return False
        waiting = Waiting(-1, self._order, index, ts, y_pred, *key, home)
        self._order += 1
        known = entry.label_for(key) if y_true is None else None
        if y_true is not None:
            self._settle(identity, entry, [waiting], None, y_true)
        elif known:
            self._settle(identity, entry, [waiting], known.ts, known.y_true)
            if isinstance(known, Early):
                self._take_early(entry, known)
        else:
            entry.waiting.append(waiting._replace(number=self._store.arrivals.append(since, identity)))
            self._homes.add("waiting", home, 1)
        self._store.put(identity, entry)
        return True

    def _wait_anew(self, prediction: Prediction, since: float, home: int, index: int) -> None:
        """A prediction of whose id nothing is known waits: by far the most frequent case, without detours."""
        identity, ts, (model, version), y_pred, *_ = prediction
        number = self._store.arrivals.append(since, identity)
        waiting = (number, self._order, index, ts, y_pred, model, version, home)
        self._store.put_raw(identity, orjson.dumps(((waiting,), (), None)))
        self._order += 1
        self._homes.add("waiting", home, 1)

    def _conclude_anew(self, prediction: Prediction, home: int, index: int) -> None:
        """A prediction of whose id nothing is known brings its label: as frequent, and as straight."""
        identity, ts, key, y_pred, *_, y_true = prediction
        assert y_true is not None
        order, self._order = self._order, self._order + 1
        number = self._store.labelled.append(self._store.now, identity)
        self._homes.add("labelled", home, 1)
        self._conclude(Outcome(key, index, ts, y_pred, y_true, None), order, home)
        done = (number, home, ((*key, y_true, ts, order, home),), ())
        self._store.put_raw(identity, orjson.dumps(((), (), done)))

    def _label(self, label: Label, since: float, home: int) -> bool:
        identity, _, y_true, *_ = label
        raw = self._store.raw(identity)
        if raw and self._match_alone(label, raw):
            return True
        entry = self._store.decode(raw)
        matched = [waiting for waiting in entry.waiting if is_meant(label, waiting)]
        said = None if matched else entry.known(label)
        if matched:
            self._match(label, entry, matched)
        elif said is None:
            self._wait(label, entry, since, home)
        else:
            self.ledger.duplicate_labels += 1
            self.ledger.revised_labels += said != y_true
            if said != y_true and self._label_updates == "last":
                self._revise(label, entry)
                self._store.put(identity, entry)
            return False
        self._store.put(identity, entry)
        return True

    def _match_alone(self, label: Label, raw: bytes) -> bool:
        """One prediction waits for just this label: by far the most frequent case, without detours."""
        waiting, early, done = orjson.loads(raw)
        if early or done or len(waiting) != 1:
            return False
        identity, label_ts, y_true, label_model, label_version = label
        number, order, index, ts, y_pred, model, version, home = waiting[0]
        is_meant = label_model in (None, model) and label_version in (None, version)
        if not is_meant or home not in self._homes.alive:
            return False
        self._store.arrivals.discard(number)
        self._homes.add("waiting", home, -1)
        self.ledger.applied_labels += 1
        self._conclude(
            Outcome(ModelVersion(model, version), index, ts, y_pred, y_true, delay(label_ts, ts)), order, home
        )
        labelled = (model, version, y_true, ts, order, home)
        done = (self._store.labelled.append(self._store.now, identity), home, (labelled,), (label[1:],))
        self._homes.add("labelled", home, 1)
        self._store.put_raw(identity, orjson.dumps(((), (), done)))
        return True

    def _match(self, label: Label, entry: Entry, matched: list[Waiting]) -> None:
        """A label has found predictions that wait for it."""
        entry.waiting = [waiting for waiting in entry.waiting if waiting not in matched]
        for waiting in matched:
            self._store.arrivals.discard(waiting.number)
            self._homes.add("waiting", waiting.home, -1)
        self.ledger.applied_labels += 1
        self._settle(label.id, entry, matched, label.ts, label.y_true)
        entry.remember(Known(*label[1:]))

    def _wait(self, label: Label, entry: Entry, since: float, home: int) -> None:
        """A label comes before its prediction."""
        if len(entry.early) == MAX_PER_ID:
            self._remove_early(entry, entry.early[0])
            self.ledger.expired_labels += 1
        entry.early.append(Early(self._store.early.append(since, label.id), *label[1:], home))
        self._homes.add("early", home, 1)

    def _take_early(self, entry: Entry, early: Early) -> None:
        """A label that came early has found its prediction."""
        self._remove_early(entry, early)
        entry.remember(Known(early.ts, early.y_true, early.model, early.version))
        self.ledger.applied_labels += 1

    def _remove_early(self, entry: Entry, early: Early) -> None:
        entry.early.remove(early)
        self._store.early.discard(early.number)
        self._homes.add("early", early.home, -1)

    def _settle(
        self, identity: str, entry: Entry, matched: list[Waiting], label_ts: float | None, y_true: Target
    ) -> None:
        """Predictions have met their label: outcomes, and it is remembered."""
        if entry.done is None:
            first = matched[0].home
            entry.done = Done(self._store.labelled.append(self._store.now, identity), first, [], [])
            self._homes.add("labelled", first, 1)
        for _, order, index, ts, y_pred, model, version, home in matched:
            outcome = Outcome(ModelVersion(model, version), index, ts, y_pred, y_true, delay(label_ts, ts))
            self._conclude(outcome, order, home)
            entry.done.labelled.append(Labelled(model, version, y_true, ts, order, home))
        del entry.done.labelled[:-MAX_PER_ID]

    def _conclude(self, outcome: Outcome, order: int, home: int) -> None:
        """Give an outcome out, or hold it until its prediction is old enough."""
        is_next = self._next_held > self._store.clock  # nothing is due before it
        if is_next and self._held.is_mature(outcome.ts, self._store.clock):
            self._give(outcome)
        else:
            self._held.hold(outcome, order, home)
            self._homes.add("held", home, 1)
            self._next_held = min(self._next_held, self._held.next_due)

    def _give(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self.ledger.applied_predictions += 1

    def _release(self, most: int) -> None:
        """Give out what is old enough by now, at most so many."""
        elsewhere = {self._homes.number(place) for place in self.restoring}
        for home, outcome in islice(self._held.due(self._store.clock), most):
            if home not in self._homes.alive:
                continue
            self._homes.add("held", home, -1)
            if home in elsewhere:
                self.ledger.restored -= 1
            else:
                self._give(outcome)
        self._next_held = self._held.next_due

    def _revise(self, label: Label, entry: Entry) -> None:
        """Let another label hold, also in outcomes that are still held."""
        for version in entry.revise(label):
            self._held.revise(version, label.y_true)

    def _begin(self, ts: float | None) -> float:
        """Move the clock on and do what is due, at each event: batches must not matter. Since when it waits."""
        store = self._store
        if ts is not None and ts > store.clock:
            store.advance(ts)
        elif ts is not None:
            store.stay()
        if store.is_behind:
            store.expire(store.AT_ONCE)
        if self._next_held <= store.clock:
            self._release(store.AT_ONCE)
        return store.now
